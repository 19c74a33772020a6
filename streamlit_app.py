"""Starts the app: configuration, navigation, the page that was asked for."""
import streamlit as st

from dashboard.errors import DatabaseProblem, WrongSetting
from dashboard.views import frame, session, themed

st.set_page_config(page_title="Pain diaries", page_icon="📋", layout="wide", initial_sidebar_state=200)
page = st.navigation([
    st.Page("dashboard/views/worklist.py", title="Worklist", default=True),
    st.Page("dashboard/views/cohort.py", title="Cohort", url_path="cohort"),
    st.Page("dashboard/views/imports.py", title="Import", url_path="import"),
    st.Page("dashboard/views/quality.py", title="Data quality", url_path="quality"),
    st.Page("dashboard/views/rules.py", title="Rules", url_path="rules"),
    st.Page("dashboard/views/activity.py", title="Activity", url_path="activity"),
    st.Page("dashboard/views/compare.py", title="Compare", url_path="compare", visibility="hidden"),
    st.Page("dashboard/views/patient.py", title="Patient", url_path="patient", visibility="hidden"),
])
try:
    page.run()
except (DatabaseProblem, WrongSetting) as problem:
    frame.unreachable(problem)
themed.watch()
session.stamp()
