from dataclasses import replace

from dashboard.imports import apply, mapping, shapes, tabular
from dashboard.imports.columns import LeaveOut
from dashboard.imports.draft import Draft, drafted
from dashboard.imports.lines import KEPT, LEFT_OUT, ORIGIN, SCALE
from dashboard.imports.mapping import Mapping

LONG = ("Patient;Day;Question;Answer\nP1;2026-03-01;Pain level;7\nP1;2026-03-01;fever;no\nP1;2026-03-01; FEVER ;no\n"
        "P2;2026-03-01;Sleep;bad\nP3;2026-03-01;Sleep;bad\n")
WIDE = "id,day,pain,answered,first name,last name\n1,2026-03-01,7,yes,A,B\n2,2026-03-01,6,no,C,D\n"


def draft(text: str, base: Mapping | None = None, settled: bool = False) -> Draft:
    content = text.encode()
    return drafted("x.csv", content, tabular.read(content, "x.csv"), base, settled=settled)


def line(found: Draft, header: str) -> int:
    return next(at for at, one in enumerate(found.lines) if header in one.headers)


def test_a_long_file_is_proposed_by_category() -> None:
    found = draft(LONG)
    assert found.perhaps_long == ("Question", "Answer")
    long = found.long("Question", "Answer")
    assert [(one.headers, one.becomes, one.examples) for one in long.lines if one.reading] == [
        (("Pain level",), "severity", ("7",)), (("fever",), "fever", ("no",)), (("Sleep",), KEPT, ("bad",))]
    assert long.how.readings.group == ("Patient", "Day")
    assert mapping.read(long.how.document()) == long.how
    assert [one.headers for one in long.wide().lines] == [one.headers for one in found.lines]
    assert long.wide().how.readings is None


def test_a_long_file_that_is_known_says_the_same_line_by_line() -> None:
    known = draft(LONG).long("Question", "Answer").how
    again = draft(LONG, known, settled=True)
    assert again.ready and again.how == known
    assert replace(again, unchanged=None).how == known
    assert replace(again, unchanged=None).assigned(line(again, "Sleep"), "note").how.readings.columns["note"].category == ("Sleep",)


def test_a_known_kind_of_long_file_can_be_read_otherwise() -> None:
    tracker = next(one for one in shapes.shipped() if one.readings and "Symptom" in one.name)
    found = draft("Date,Category,Rating\n2026-03-01,Pain,70\n2026-03-02,Pain,60\n2026-03-02,Mood,low\n", tracker)
    assert replace(found, unchanged=None).how.readings == tracker.readings
    answered = found.answered(line(found, "Pain"), SCALE, (0, 100)).how
    assert answered.readings.columns["severity"].scale == (0, 100) and answered.readings.columns["severity"].category == tracker.readings.columns[
        "severity"].category
    assert {one.headers for one in found.wide().lines} == {("Date",), ("Category",), ("Rating",)}
    asked = draft("Date,Category,Rating\n2026-03-01,Pain,7\n2026-03-01,Fever,yes\n", replace(tracker, constants={"patient_id": "1"}))
    assert asked.lines[line(asked, "Fever")].becomes == "fever" and not asked.ready, "no red flag is left unread unless somebody says so"


def test_what_a_person_answers_is_no_name_of_a_reading() -> None:
    assert draft(WIDE).perhaps_long is None


def test_columns_that_are_not_kept_can_be_taken_in_one_by_one() -> None:
    found = draft(WIDE, mapping.read("name = 'x'\nignore = ['* name', 'gone']\n[columns.patient_id]\nfrom = 'id'\n[columns.recorded_at]\nfrom = 'day'\n"))
    assert [one.headers[0] for one in found.lines if one.becomes == LEFT_OUT] == ["first name", "last name"]
    assert replace(found, unchanged=None).how.ignore == ("* name", "gone")
    assert found.assigned(line(found, "first name"), KEPT).how.ignore == ("gone", "last name")
    assert found.assigned(line(found, "answered"), LEFT_OUT).how.ignore == ("* name", "gone", "answered")


def test_rows_are_left_out_and_taken_in_again() -> None:
    found = draft(WIDE)
    left = LeaveOut("pain", values=("7",), because="seven")
    assert found.leaving(left).how.leave_out == (left,) and not found.leaving(left).accepted
    assert found.leaving(left).taking_in(0).how == found.how


def test_an_id_that_comes_again_is_the_patients() -> None:
    once, again = "id,day,pain\n1,2026-03-01,7\n2,2026-03-02,6\n", "id,day,pain\n1,2026-03-01,7\n1,2026-03-02,6\n"
    assert [draft(text).lines[0].becomes for text in (once, again)] == ["entry_id", "patient_id"]


def test_a_time_of_day_follows_its_date_wherever_its_column_stands() -> None:
    assert draft("id,time,date\n1,18:05,2026-03-05\n1,07:30,2026-03-06\n").how.columns["recorded_at"].headers == ("date", "time")
    counted = draft("id,time,day\n1,18:05,5\n1,07:30,99999\n")
    for header in ("day", "time"):
        counted = counted.assigned(line(counted, header), "recorded_at")
    counted = counted.answered(line(counted, "day"), ORIGIN, "9999-12-20")
    found = apply.applied(counted.tabular, counted.how).fields["recorded_at"]
    assert (found.texts[0].as_py(), [bad.code for bad in found.bads.values()]) == ("9999-12-25T18:05", ["not_a_date"])
