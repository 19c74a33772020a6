"""The patients of the cohort page beside others: who they are, then every chart, with differences and their intervals."""
from functools import partial

import pandas as pd
import streamlit as st

from dashboard import comparison, outgoing, pictured, saved
from dashboard.chance import LEAST, REPLICATES
from dashboard.comparison import LANDMARK, Comparison, Group, Side
from dashboard.figures import compared
from dashboard.imports import export
from dashboard.people import HIGH
from dashboard.views import frame, saving, session, takeaway
from dashboard.views import question as questions
from dashboard.wording import counted, listing, number, percent, plain

# title, what is compared, how many rows the chart has; None: all
CARDS = {"sexes": ("Sex", "", None), "ages": ("Age", "", None), "sources": ("Source", "", None), "locations": ("Where", "of who said where", 12),
         "qualities": ("What it is like", "of who said it", 12), "durations": ("How long", "of who gave an onset", None),
         "average": ("How bad, on average", "of who gave it", None), "worst": ("How bad at worst", "of who gave it", None),
         "high_pain": ("Time in high pain", f"share of days with {HIGH} or more, of who said how bad", None),
         "symptoms": ("Red flags", "reported by those who were asked", 14), "together": ("Quality × location", "of who name the place", 12),
         "tried": ("Tried", "of who said what they tried or what helped", 12),
         "relief": ("What helped", "of who tried it and said; nothing: of who answered", 12),
         "hours": ("Hour of day", "of whose entries have a time", None), "blank": ("Completeness", "of all: answered in any entry", None),
         "weeks": ("Over time", "wrote in it, of all, whenever they began", 14), "buckets": ("Where they stand", "by the last evaluation", None)}
LONG = 500_000  # entries: of fewer it takes no time to say how far it is
COLUMNS = (("sexes", "sources", "locations", "average", "high_pain", "symptoms", "hours", "weeks"),
           ("ages", "buckets", "durations", "qualities", "worst", "together", "tried", "relief", "blank"))
NO_THRESHOLD = ("From which difference between groups on it matters clinically is not said here: what is known is of a patient's own change. An improvement by "
                "about 2 points, or 30 %, mattered to patients in ten trials (Farrar 2001); two means of different people don't show that.")
SEVERAL = "Where a patient may say several, shares add up to more than 100 %."


def page() -> None:
    found, beside = frame.beginning("Compare")
    unasked = found.is_empty or questions.unasked()
    asked = None if unasked else questions.compared()
    with beside:
        st.page_link("dashboard/views/cohort.py", label="Back to the cohort", icon=":material/arrow_back:", query_params=questions.of_cohort().to_params())
    if unasked:
        st.markdown("Ask the **Cohort** page for some patients first; here they are compared with others.")
        return
    if asked is None:
        return
    question, with_what = asked
    looked_at = saving.at(found)
    with session.reading() as connection:
        offered = comparison.offered(question, saved.everything(connection), with_what, **looked_at.times)
    if with_what not in offered:
        st.warning(f"**This address compares with something that is not there:** {plain(with_what)}.", icon=":material/link_off:")
        st.button("Compare with everyone else", key="compare_rest", type="primary", on_click=session.remember, args=("beside", comparison.REST))
        return
    with st.container(gap="xxsmall"):
        st.markdown(f"**A** {plain(question.describe())}")
        frame.small("Whoever wrote such an entry; counted is all they wrote in its period.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        codes = {words: code for code, (words, _) in offered.items()}
        session.remember("compare_with", offered[with_what][0])
        chosen = st.selectbox("**B**", list(codes), key="compare_with", width=360,
                              on_change=lambda: session.remember("beside", codes[session.recall("compare_with")]))
        landmark = st.toggle(f"First {LANDMARK} days decide", key="landmark", help=f"Who is in a group is decided by the first {LANDMARK} days of each diary, "
                             "and only what was written after them is counted: who writes for longer is then not in a group for that reason.")
    _, b = offered[with_what]
    a = Group("A", question, looked_at.as_of, looked_at.known_at, landmark=landmark)
    b = Group(b.name, b.of, b.as_of, b.known_at, b.rest, b.among, landmark)
    bar = st.empty()
    with st.spinner("Comparing …", show_time=True):
        tell = bar.progress if found.entries >= LONG else lambda share, doing: None
        made: Comparison = session.answers({"compare": {"a": _key(a), "b": _key(b)}}, lambda connection, _: {
            "compare": comparison.compare(connection, a, b, tell)})["compare"]
    bar.empty()
    _sizes(made, landmark)
    if not (made.a.patients and made.b.patients):
        st.markdown(f"**Nobody is in {'A' if not made.a.patients else 'B'}**, so there is nothing to compare."
                    + (" Everybody meets the question: ask for less on the Cohort page." if made.a.patients and b.rest else ""))
        return
    _warnings(made, a, b)
    about = {f"group_{side}": text for side, text in (("a", question.describe()), ("b", chosen if b.rest else f"{chosen}: {b.of.describe()}"))} | {
        name: text for name, text in takeaway.about(question, looked_at).items() if name != "question"} | {
        "landmark_days": str(LANDMARK) if landmark else "none"}
    with st.grid(2, min_column_width=400) as grid:  # narrower, nobody could read the dots
        for names in COLUMNS:
            with grid.cell():
                for name in names:
                    if name in made.tables:
                        _card(name, *CARDS[name], made, about)
    if "weeks" not in made.tables:
        frame.small("*Over time* is left out: of A and of B different days are counted, and who was not asked about a week did not fail to write in it.")


def _key(group: Group) -> dict:
    return {"of": group.of.question(), "among": group.among.question(), "rest": group.rest, "landmark": group.landmark, "as_of": group.as_of,
            "known_at": group.known_at}


def _sizes(made: Comparison, landmark: bool) -> None:
    def of(name: str, side: Side) -> str:
        middle = "" if side.median is None else f", median {number(round(side.median, 1))} each"
        gone = f", {side.members - side.patients:,} more wrote nothing after day {LANDMARK}" if landmark and side.members > side.patients else ""
        return f"**{name} {counted(side.patients, 'patient')}** · {counted(side.entries, 'entry')}{middle}{gone}"
    both = f" · **{counted(made.both, 'patient')} in both**" if made.both else " · nobody in both"
    st.markdown(f"{of('A', made.a)} · {of('B', made.b)}{both}")
    frame.small(f"Shares of patients, in percent; each patient counts once, however much they wrote. {SEVERAL} In brackets the 95 % interval of the "
                f"difference, from drawing patients anew {REPLICATES:,} times. Of many differences some are large by chance. No difference is given where "
                f"fewer than {LEAST} answered on a side.")


def _warnings(made: Comparison, a: Group, b: Group) -> None:
    if mix := comparison.case_mix(made):
        words = [f"{label.lower()} ({compared.signed(difference)} points)" for _, label, difference in mix[:4]]
        st.warning(f"**A and B differ in who they are:** {listing(map(plain, words), 'and')}. Differences below may come from that; ask within "
                   "one sex, age or source on the Cohort page.", icon=":material/balance:")
    if not a.landmark and (comparison.ever(a.of) or comparison.ever(b.of) or comparison.ever(b.among)):
        st.warning("**Belonging means having written it ever.** Who writes for longer has more chances to; the median is "
                   f"{number(made.a.median)} entries in A, {number(made.b.median)} in B. *First {LANDMARK} days decide* takes that away.",
                   icon=":material/hourglass_empty:")
    if made.both and not made.paired:
        st.warning("Patients are in both, with other entries on each side: the intervals take A and B as apart, and are not exact.",
                   icon=":material/join_inner:")


def _card(name: str, title: str, note: str, most: int | None, made: Comparison, about: dict[str, str]) -> None:
    rows, theme = made.tables[name], session.theme()
    with st.container(border=True, key=f"compare_{name}", gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f"**{title}** :small[:gray[{note}]]", width="stretch")
            opened = st.popover("Table", key=f"compare_table_{name}", on_change="rerun", help="The numbers; as a file, and the picture too")
        if opened.open:
            with opened:
                _files(name, title, note, most, made, about)
                st.dataframe(_twin(rows), hide_index=True, key=f"compare_twin_{name}", width=640, alt=f"{title}, A and B as a table")
        if rows.empty:
            st.caption("Nobody says both where it hurts and what it is like.")
            return
        if name == "locations":
            with st.container(horizontal_alignment="center"):
                st.image(compared.body(rows, "Where: A less B, in points", theme=theme), alt=f"Body map of the differences: {_in_words(rows)}", width=300)
        shown = compared.shown(name, rows, most)
        st.image(compared.dots(shown, f"{title}: A and B", theme=theme), alt=f"{title}: {_in_words(shown)}", width="stretch")
        said = [*_missing(name, made), *([_CHOSEN.get(name, "the {} that most say, of {}").format(len(shown), len(rows))] if len(shown) < len(rows) else [])]
        if name in made.means and made.means[name][2] == made.means[name][2]:
            of_a, of_b, *rest = made.means[name]
            difference, low, high = (compared.signed(value, 1) for value in rest)
            said.append(f"mean {of_a:.1f} and {of_b:.1f}: {difference} [{low} to {high}]")
        if said:
            frame.small(" · ".join(said))
        if name == "average":
            frame.small(NO_THRESHOLD)


_CHOSEN = {"weeks": "the last {} of {}", "blank": "{} of {} fields; single symptoms and conditions are in the table"}


def _missing(name: str, made: Comparison) -> list[str]:
    rows = made.tables[name]
    if name in ("together", "buckets", "sources", "weeks", "blank"):
        return []
    if name == "relief":
        unsaid = {side: one.frames["relief"][["help_not_recorded", "tried"]].sum() for side, one in (("A", made.a), ("B", made.b))}
        return [f"never said whether it helped: {', '.join(f'{side} {percent(*n)}' for side, n in unsaid.items())} of what was tried"]
    blank = {side: rows[f"missing_{side}"] / (rows[f"missing_{side}"] + rows[f"of_{side}"]).clip(lower=1) for side in "ab"}
    if name == "symptoms":
        return [f"not asked: {', '.join(f'{side.upper()} {100 * one.min():.0f} to {100 * one.max():.0f} %' for side, one in blank.items())}"]
    return [f"not recorded: A {percent(blank['a'].iloc[0], 1)}, B {percent(blank['b'].iloc[0], 1)}"]


def _in_words(rows: pd.DataFrame) -> str:
    return "; ".join(f"{row.label} {compared.said(row)}" for row in rows.itertuples())


def _twin(rows: pd.DataFrame) -> pd.DataFrame:
    shares = {f"{side.upper()}, %": rows[f"share_{side}"] for side in "ab"}
    counts = {f"{words} {side.upper()}": rows[f"{name}_{side}"] for side in "ab" for name, words in (("n", "Patients"), ("of", "Of"), ("missing", "Missing"))}
    return pd.DataFrame({"": rows["label"], **shares, "A less B": rows["difference"], "from": rows["low"], "to": rows["high"], **counts}).round(1)


def _files(name: str, title: str, note: str, most: int | None, made: Comparison, about: dict[str, str]) -> None:
    def written() -> pd.DataFrame:
        return outgoing.compared(name, made, about, takeaway.control())

    def picture(body: bool = False) -> str:
        return pictured.comparison(name, written(), title, note, most, body=body)
    with st.container(horizontal=True):
        st.download_button("CSV", lambda: export.sheet(written()), f"compare_{name}.csv", "text/csv", key=f"compare_csv_{name}", on_click="ignore",
                           icon=":material/download:", help=takeaway.help_of("This table as a file."))
        for what, key, body in (("SVG", f"{name}", False), *([("SVG body map", "body", True)] if name == "locations" else [])):
            st.download_button(what, partial(picture, body), f"compare_{key}.svg", "image/svg+xml", key=f"compare_svg_{key}", on_click="ignore",
                               icon=":material/image:", help=takeaway.help_of("This picture as a file."))


page()
