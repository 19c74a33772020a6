"""What a person should look at before deciding, although none of it is wrong: flags by tier, blanks, repeats, patients who do not agree."""
import pandas as pd
import streamlit as st

from dashboard.imports import doubts, export
from dashboard.imports.plan import ImportPlan
from dashboard.views import frame, trace
from dashboard.wording import counted, percent, plain

_SHOWN, _BLANK = 20, 0.2


def flags(plan: ImportPlan) -> None:
    """What would be raised and closed, by tier."""
    told = plan.consequence
    if not told or not (told.raised or told.closed):
        return
    tiers = [tier for tier in "EUR" if told.by_tier.get(tier) or told.closed_by_tier.get(tier)]
    st.table(pd.DataFrame([(frame.tier(tier), f"{told.by_tier.get(tier, 0):,}", f"{told.closed_by_tier.get(tier, 0):,}") for tier in tiers],
                          columns=["Flags", "Would be raised", "Would no longer be met"]), hide_index=True, border="horizontal", width="content",
             alt="Flags that the import would raise, and that would no longer be met, by tier")


def show(plan: ImportPlan) -> None:
    _disagree(plan.disagree)
    _repeats(plan)
    _blanks(doubts.blanks(plan.mapped), plan.mapped.count)


def _disagree(found: pd.DataFrame) -> None:
    if found.empty:
        return
    people = counted(found["patient_id"].nunique(), "patient")
    with st.expander(f"{people} whose birth year or sex does not agree", type="compact", key="disagree", icon=":material/help:"):
        st.caption("Perhaps two people under one id. Imported, the latest entry decides, and every entry keeps what it said.")
        shown = found.head(_SHOWN).map(plain)
        st.table(shown.assign(here=shown["here"].replace("", "not said")).set_axis(["Patient", "What", "In the file", "Here so far"], axis=1),
                 hide_index=True, border="horizontal", alt="Patients of whom the file says something else than what is here")
        _download(found, "patients_that_disagree.csv", "disagree_csv", **trace.left("patients of a file who do not agree", rows=len(found)))


def _repeats(plan: ImportPlan) -> None:
    if not plan.counts["repeats"]:
        return
    found = doubts.repeats(plan.mapped, plan.typed, plan.fates)
    with st.expander(f"{counted(len(found), 'row')} at the very time of another entry of the same patient, with other content: kept beside it", type="compact",
                     key="repeats", icon=":material/content_copy:"):
        shown = found.head(_SHOWN).assign(patient_id=found["patient_id"].map(plain), recorded_at=found["recorded_at"].map(plain))
        st.table(shown.assign(row=shown["row"].map("{:,}".format)).set_axis(["Row", "Patient", "When"], axis=1), hide_index=True, border="horizontal",
                 alt="Rows at the very time of another entry of the same patient")
        _download(found, "repeats.csv", "repeats_csv", **trace.left("rows of a file at the very time of another", rows=len(found)))


def _blanks(found: pd.DataFrame, base: int) -> None:
    much = found[found["share"] >= _BLANK]
    if much.empty:
        return
    with st.expander(f"{counted(len(much), 'column')} blank in {percent(_BLANK, 1)} or more of {counted(base, 'row')}", type="compact", key="blanks",
                     icon=":material/space_bar:"):
        st.caption("Blank is unknown, not no.")
        said = [f"{plain(one.column)} {percent(one.blank, base)}" for one in much.head(_SHOWN).itertuples()]
        st.markdown(", ".join(said) + (f" and {len(much) - _SHOWN:,} more" if len(much) > _SHOWN else "") + ".")
        _download(found, "blanks.csv", "blanks_csv", on_click="ignore")


def _download(found: pd.DataFrame, name: str, key: str, **then: object) -> None:
    more = f"The first {_SHOWN} of {len(found):,} are shown. " if len(found) > _SHOWN else ""
    st.download_button("All of it (CSV)", lambda: export.sheet(found), name, "text/csv", key=key, icon=":material/download:", **then,
                       type="tertiary", help=f"{more}A spreadsheet of all of them")
