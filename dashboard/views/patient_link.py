"""The way from another page to the page of one patient. Who it is stays in the session, never in the address."""
import streamlit as st

from dashboard.views import session


def link(patient: int, came_from: str, key: str, label: str = "Open the patient's page") -> None:
    """`came_from`: "worklist", "cohort", "quality" or "rules". A link calls nothing when it is clicked, so drawing it makes the choice: one on a page."""
    session.remember("patient_page", int(patient))
    session.remember("patient_from", came_from)
    with st.container(key=key, width="content"):
        st.page_link("dashboard/views/patient.py", label=label, icon=":material/clinical_notes:")
