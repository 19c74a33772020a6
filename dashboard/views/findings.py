"""What was found in a file that is about to be imported: its columns, what would change, what is wrong with it."""
import streamlit as st

from dashboard.codelists import SYMPTOM
from dashboard.imports import export, fields, report, unknown
from dashboard.imports.checked import codes_of
from dashboard.imports.plan import ImportPlan
from dashboard.imports.unknown import UnknownValue
from dashboard.views import drafting, session, trace
from dashboard.wording import counted, plain

KINDS_SHOWN, VALUES_SHOWN = 12, 20
RED_FLAG_COLUMN = "Red flags reported, or perhaps reported"


def columns(plan: ImportPlan) -> None:
    """Which columns were recognised, which are only kept, which red flags the file does not ask about."""
    found = plan.mapped
    of_readings = found.mapping.readings.columns if found.mapping.readings else {}
    renamed = [f"{code(' or '.join(of_readings[name].category))} in {code(found.mapping.readings.category)} is {code(name)}" if name in of_readings
               else f"{code(header)} is {code(name)}" for name, header in found.columns.items() if header != name]
    st.markdown(f"**Recognised ({len(found.columns)}):** " + ", ".join([*(code(name) for name, header in found.columns.items() if header == name), *renamed]))
    if found.unmapped:
        st.markdown(f"**Not known here ({len(found.unmapped)}):** {' '.join(map(code, found.unmapped))} kept as written beside each entry; no rule reads them.")
    if found.service:
        st.markdown(f"**Corrections:** {' '.join(map(code, found.service.values()))} tell which rows in quarantine this file corrects; they are not kept.")
    absent = found.absent_red_flags
    asked = len(fields.RED_FLAGS) - len(absent)
    if absent:
        st.markdown(f":violet[**? Unknown for every row:**] {len(absent)} of {counted(len(fields.RED_FLAGS), 'red flag')} not asked in this file. "
                    "Unknown is not no: rules that need them will say “can't assess”.")
        with st.expander(f"Which ones ({asked} asked, {len(absent)} not asked)", type="compact", key="absent_red_flags"):
            st.markdown(", ".join(SYMPTOM.label[name] for name in absent) + ".")
    else:
        st.markdown(f"**All {asked} red flags are asked in this file.** A blank cell stays unknown.")


def code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"


def summary(plan: ImportPlan) -> None:
    """What the import would do, in one sentence, and what has to be looked at first."""
    if plan.same_file_as:
        loaded = plan.counts["loaded"]
        again = (f"Other files have changed since then what it said: importing it again would store {counted(loaded, 'entry')} as it has them."
                 if loaded else "Importing it again changes no entry.")
        st.info(f"**This very file is here already, as batch {plan.same_file_as}.** {again}", icon=":material/content_copy:")
    st.markdown(f"##### {plan.sentence}")
    if reasons := {reason: len(rows) for reason, rows in plan.mapped.tabular.left_out.items() if len(rows)}:
        fates = {"loaded": "loaded", "duplicate": "already here", "quarantined": "in need of attention", "left_out": "left out"}
        sum_ = " + ".join(f"{plan.counts[fate]:,} {word}" for fate, word in fates.items() if plan.counts[fate] or fate == "loaded")
        st.markdown(f"{counted(plan.counts['rows_in'], 'row')} = {sum_}. "
                    f"**Left out:** {', '.join(f'{plain(reason)} ({number:,})' for reason, number in reasons.items())}.")
    red = plan.red_flag_rows
    if len(red):
        with st.container(border=True, key="red_flag_rows"):
            report_, these = ("reports", "this") if len(red) == 1 else ("report", "these")
            st.markdown(f":orange[**⚠ {counted(len(red), 'row')} that will not load {report_} a red flag: fix {these} first.**] "
                        "No rule sees a row that is not loaded.")
            st.dataframe(red.set_axis(["Row", "Patient", RED_FLAG_COLUMN], axis=1), hide_index=True, key="red_flag_table", column_config={
                "Row": st.column_config.NumberColumn(width=60, format="localized"), "Patient": st.column_config.TextColumn(width=140),
                RED_FLAG_COLUMN: st.column_config.TextColumn(width=600)}, alt="Rows that will not load and report a red flag")


def unknown_values(plan: ImportPlan) -> None:
    """Values that nobody has told the meaning of, each with what it most likely means."""
    asked = unknown.values(plan.mapped, plan.problems)
    if not asked:
        return
    with st.container(border=True, key="unknown_values"):
        are, means = ("is", "it means") if len(asked) == 1 else ("are", "each means")
        st.markdown(f"**{counted(len(asked), 'value')} of the file {are} not known here.** Say what {means}; "
                    "rows with a value that nobody explains wait in quarantine.")
        for number, one in enumerate(asked[:VALUES_SHOWN]):
            value, ours = st.columns((3, 3), vertical_alignment="center")
            with value:
                st.markdown(f"**{plain(one.value)}** :small[:gray[in {plain(one.column)}, {counted(one.rows, 'row')}]]")
            codes = codes_of(one.name) or {}
            with ours:
                st.selectbox(f"What {one.value} means", [*codes, ""], index=list(codes).index(one.suggested) if one.suggested in codes else None,
                             format_func=lambda code, codes=codes: codes.get(code, "It says nothing"), key=f"value_{number}", label_visibility="collapsed",
                             placeholder="Not said: its rows wait")
        if len(asked) > VALUES_SHOWN:
            st.caption(f"{counted(len(asked) - VALUES_SHOWN, 'more value')}, rarer ones, can be said after these.")
        told = [one for number, one in enumerate(asked[:VALUES_SHOWN]) if session.recall(f"value_{number}") is not None]
        label = f"Apply {counted(len(told), 'meaning')} and check again" if told else "Apply and check again"
        st.button(label, key="apply_values", type="primary" if told else "secondary", disabled=not told,
                  on_click=_apply, args=(asked[:VALUES_SHOWN],))


def _apply(asked: list[UnknownValue]) -> None:
    told = [(one.name, one.value, code) for number, one in enumerate(asked) if (code := session.recall(f"value_{number}")) is not None]
    session.forget(*(f"value_{number}" for number in range(len(asked))))
    drafting.changed(session.recall("draft").with_values(told))


def problems(plan: ImportPlan) -> None:
    """What is wrong, by kind, and the sheets to correct it with."""
    if len(plan.quarantined):
        kinds = session.recall("problem_kinds")
        if kinds is None:
            kinds = report.by_kind(plan.problems)
            session.remember("problem_kinds", kinds)
        as_is, waits, it = ("it is", "it waits", "it") if len(plan.quarantined) == 1 else ("they are", "they wait", "they")
        header = plan.tabular.found.header_row or 1
        st.markdown(f"**{counted(len(plan.quarantined), 'row')} will not load as {as_is}.** Imported now, {waits} in quarantine as written; "
                    f"corrected, {it} can be sent again. Row {header:,} is the header.")
        # a table wraps its texts; they are Markdown to it
        st.table(kinds.assign(rows=kinds["rows"].map("{:,}".format), **{name: kinds[name].map(plain) for name in ("column", "found", "expected")}).set_axis(
            ["What is wrong", "Column", "Rows", "Which rows", "Found", "What would be right"], axis=1), hide_index=True, border="horizontal",
            height="content" if len(kinds) <= KINDS_SHOWN else 520, alt="Problems by kind, with row numbers, what was found, and what would be right")
        with st.container(horizontal=True):
            st.download_button("Rows that need attention (CSV)", lambda: report.attention_sheet(plan), "rows_that_need_attention.csv", "text/csv",
                               key="attention_csv", icon=":material/download:", **trace.left("rows of a file that need attention", rows=len(plan.quarantined)),
                               help="As they were written, with what is wrong. Correct and import that file; the rest needs no change.")
            st.download_button("All problems (CSV)", lambda: report.problem_sheet(plan), "problems.csv", "text/csv", key="problems_csv",
                               icon=":material/download:", **trace.left("problems of a file", rows=len(plan.problems)),
                               help="One line a bad cell: row, column, what was found, what would be right")
    # what the plan notes about the file and its columns stands above, in other words
    for note in (*plan.typed.notes, *(plan.consequence.notes if plan.consequence else ())):
        st.markdown(f":orange[**Note:**] {note}")


def template() -> None:
    st.download_button("Download the template", export.template(), "pain_diary_template.csv", "text/csv", key="template", on_click="ignore",
                       icon=":material/download:", help="The header row that is known here. Only patient_id and recorded_at are required.")
