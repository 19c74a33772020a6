"""Files as the tools of clinics write them, and the entries that they become."""
import pyarrow
import pytest
from sqlalchemy import Engine, select

from dashboard import audit
from dashboard.errors import Refused
from dashboard.imports import commit, mapping, plan, quarantine, remembered, report, shapes, suggest, tabular, undo, unknown
from dashboard.imports.planned import ImportPlan
from dashboard.imports.tabular import Tabular
from dashboard.schema import duplicate_row, import_batch
from tests.files import AT, BY, TODAY, counts, live
from tests.packed import zipped

FATES = ("loaded", "quarantined", "duplicate", "left_out")
ID_AND_DAY = "[columns.patient_id]\nfrom = 'id'\n[columns.recorded_at]\nfrom = 'day'\n"


def sheet(text: str) -> Tabular:
    return tabular.read(text.encode(), "export.csv")


def mapped(engine: Engine, text: str, document: str, **also: object) -> ImportPlan:
    known = mapping.read(document if document.startswith(("name", "ignore")) else f"name = 'test'\n{document}")
    with engine.connect() as connection:
        return plan.plan(connection, tabular.read(text.encode(), "export.csv", known.reading.reading), known, today=TODAY, **also)


def problems(found: ImportPlan) -> list[tuple[object, ...]]:
    return [tuple(row) for row in found.problems[["row", "column", "code", "value"]].itertuples(index=False, name=None)]


# --- the files of the tools, with what ships for them ---------------------------------------------------------------------------------

REDCAP = """record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,dob,baseline_complete,diary_date,vas,pain_loc___1,pain_loc___2,pain_loc____9,redflag___1,redflag___2,diary_complete
007,diary_arm_1,,,1960-02-01,2,,,0,0,0,0,0,0
007,diary_arm_1,diary,1,,,2026-03-30,70,1,0,0,1,0,2
007,diary_arm_1,diary,2,,,2026-03-31,65,0,1,0,0,0,0
007,diary_arm_1,diary,3,,,2026-04-01,-99,0,0,0,0,0,2
"""  # noqa: E501
REDCAP_LABELS = """Record ID,Repeat Instrument,Repeat Instance,Date of entry,Pain score,Where is your pain? (choice=Neck),Where is your pain? (choice=Lower back),Do you have a fever?,Complete?
007,,,,,Unchecked,Unchecked,,Complete
007,Diary,1,2026-03-30,7,Unchecked,Checked,No,Complete
007,Diary,2,2026-03-31,6,Unchecked,Unchecked,No,Incomplete
"""  # noqa: E501
KOBO = """start;end;who/patient;day;pain/score;pain/where;pain/where/low_back;pain/where/neck;flags;flags/fever;flags/chills;_id;_uuid;_submission_time
a;b;12;2026-03-30;7;low_back neck;1;1;fever;1;0;1;u-1;2026-03-30T10:00:00
a;b;13;2026-03-31;5;neck;0;1;;;;2;u-2;2026-03-31T10:00:00
"""
ODK = """SubmissionDate,patient,day,pain,where,KEY,SubmitterName,ReviewState
2026-03-30T10:00:00.000Z,12,2026-03-30,7,low_back neck,uuid:1,Anna,
2026-03-31T10:00:00.000Z,12,2026-03-31,5,,uuid:2,Anna,rejected
"""
QUALTRICS = """StartDate,EndDate,Status,IPAddress,Progress,Finished,RecordedDate,ResponseId,ExternalReference,DistributionChannel,Q1,Q2_1,Q2_2,Q3
Start Date,End Date,Response Type,IP Address,Progress,Finished,Recorded Date,Response ID,External Data Reference,Distribution Channel,How bad is your pain?,Where does it hurt? - Selected Choice - Neck,Where does it hurt? - Selected Choice - Lower back,Do you have a fever?
"{""ImportId"":""startDate""}","{""ImportId"":""endDate""}","{""ImportId"":""status""}","{""ImportId"":""ipAddress""}","{""ImportId"":""progress""}","{""ImportId"":""finished""}","{""ImportId"":""recordedDate""}","{""ImportId"":""_recordId""}","{""ImportId"":""externalDataReference""}","{""ImportId"":""distributionChannel""}","{""ImportId"":""QID1""}","{""ImportId"":""QID2_1""}","{""ImportId"":""QID2_2""}","{""ImportId"":""QID3""}"
2026-03-30 10:00:00,2026-03-30 10:05:00,IP Address,10.0.0.1,100,True,2026-03-30 10:05:01,R_1,P01,anonymous,7,,Lower back,No
2026-03-30 11:00:00,2026-03-30 11:05:00,Survey Preview,,100,True,2026-03-30 11:05:01,R_2,P01,preview,5,Neck,,Yes
"""  # noqa: E501
LIMESURVEY = """id,submitdate,lastpage,startlanguage,token,pain,where[neck],where[low_back],where[other],fever
1,2026-03-30 10:00:00,3,en,P01,7,N,Y,N,Y
2,,1,en,P02,5,Y,N,N,N
3,2026-03-31 10:00:00,3,en,P02,4,N,N,N,N/A
"""
GOOGLE = """Timestamp,Patient ID,How bad is your pain?,Where does it hurt?,Do you have a fever?
30/03/2026 18:05:00,P01,7,"Neck, front, Lower back",No
31/03/2026 9:05:00,P02,5,Lower back,Yes
"""
TRACKER = """date,weekday,category,rating
2026-03-30,Mon,Pain level,7
2026-03-30,Mon,Pain location,"Neck, lower back"
2026-03-30,Mon,Sleep quality,4
2026-03-31,Tue,Pain level,5
"""
BODY_MAP = """patient_id,recorded_at,severity,region_neck,region_low_back,region_shoulder left
1,2026-03-30,7,1,0,1
2,2026-03-30,5,0,0,0
"""
FHIR = """subject,effectiveDateTime,code,valueInteger,valueCode,bodySite,status
Patient/1,2026-03-30T10:00:00Z,72514-3,7,,1141985005,final
Patient/1,2026-03-30T10:00:00Z,56823-8,,36349006,,final
Patient/1,2026-03-30T10:00:00Z,75325-1,,386661006,,final
Patient/2,2026-03-30T10:00:00Z,72514-3,4,,,final
Patient/2,2026-03-30T10:00:00Z,111551-8,,386661006,,final
"""
BY_HAND = """Patient;Date;Pain score;Where;Age;Pain since;Notes
P01;31.03.2026;7,5;Back, neck;61;3 weeks;bad night
P02;01.04.2026;4;Neck;40;2 months;
"""

TOOLS = {
    "redcap_raw_repeating": (REDCAP, """
[columns.recorded_at]
from = "diary_date"
[columns.severity]
from = "vas"
scale = [0, 100]
[columns.locations]
pattern = "pain_loc___*"
values = {"1" = "neck", "2" = "low_back", "-9" = "other"}
not_checked = "none"
no_only_where = {column = "diary_complete", is = ["2"]}
[columns.red_flags]
pattern = "redflag___*"
values = {"1" = "fever", "2" = "leg_weakness"}
not_checked = "no"
no_only_where = {column = "diary_complete", is = ["2"]}
""", ("patient_id", "recorded_at", "severity", "locations", "fever", "leg_weakness"), [
        ("007", "2026-03-30", "7", "neck", "yes", "no"), ("007", "2026-03-31", "6.5", "low_back", "", ""), ("007", "2026-04-01", "", "none", "no", "no")],
        (3, 0, 0, 1)),
    "redcap_labels": (REDCAP_LABELS, """
[columns.recorded_at]
from = "Date of entry"
[columns.severity]
from = "Pain score"
[columns.locations]
pattern = "Where is your pain? (choice=*)"
[columns.fever]
from = "Do you have a fever?"
no_only_where = {column = "Complete?", is = ["Complete"]}
""", ("patient_id", "recorded_at", "severity", "locations", "fever"), [
        ("007", "2026-03-30", "7", "low_back", "no"), ("007", "2026-03-31", "6", "", "")], (2, 0, 0, 1)),
    "kobotoolbox": (KOBO, """
[columns.patient_id]
from = "who/patient"
[columns.recorded_at]
from = "day"
[columns.severity]
from = "pain/score"
[columns.locations]
from = "pain/where"
split = " "
[columns.red_flags]
pattern = "flags/*"
values = {"chills" = "rigors"}
not_checked = "no"
""", ("patient_id", "recorded_at", "entered_at", "severity", "locations", "fever", "rigors"), [
        ("12", "2026-03-30", "2026-03-30T10:00:00", "7", "neck;low_back", "yes", "no"), ("13", "2026-03-31", "2026-03-31T10:00:00", "5", "neck", "", "")],
        (2, 0, 0, 0)),
    "odk_central": (ODK, """
[columns.patient_id]
from = "patient"
[columns.recorded_at]
from = "day"
[columns.severity]
from = "pain"
[columns.locations]
from = "where"
split = " "
""", ("patient_id", "entry_id", "recorded_at", "severity", "locations"), [("12", "uuid:1", "2026-03-30", "7", "neck;low_back")], (1, 0, 0, 1)),
    "qualtrics": (QUALTRICS, """
[reading]
time_zone = "Europe/Vienna"
[columns.patient_id]
from = "ExternalReference"
[columns.severity]
from = "Q1"
[columns.locations]
pattern = "Q2_*"
checked = ["*"]
values = {"1" = "neck", "2" = "low_back"}
[columns.fever]
from = "Q3"
""", ("patient_id", "recorded_at", "severity", "locations", "fever"), [("P01", "2026-03-30T10:05:00+02:00", "7", "low_back", "no")], (1, 0, 0, 3)),
    "limesurvey": (LIMESURVEY, """
[columns.patient_id]
from = "token"
[columns.severity]
from = "pain"
[columns.locations]
pattern = "where[*]"
not_checked = "none"
[columns.fever]
from = "fever"
""", ("patient_id", "entry_id", "recorded_at", "severity", "locations", "fever"), [
        ("P01", "1", "2026-03-30T10:00:00", "7", "low_back", "yes"), ("P02", "3", "2026-03-31T10:00:00", "4", "none", "")], (2, 0, 0, 1)),
    "google_forms": (GOOGLE, """
[columns.patient_id]
from = "Patient ID"
[columns.severity]
from = "How bad is your pain?"
[columns.locations]
from = "Where does it hurt?"
split = ","
values = {"Neck, front" = "neck"}
[columns.fever]
from = "Do you have a fever?"
""", ("patient_id", "recorded_at", "severity", "locations", "fever"), [
        ("P01", "2026-03-30T18:05:00", "7", "neck;low_back", "no"), ("P02", "2026-03-31T09:05:00", "5", "low_back", "yes")], (2, 0, 0, 0)),
    "symptom_tracker": (TRACKER, """
[constants]
patient_id = "me"
""", ("patient_id", "recorded_at", "severity", "locations"), [("me", "2026-03-30", "7", "neck;low_back"), ("me", "2026-03-31", "5", "")], (4, 0, 0, 0)),
    "body_map": (BODY_MAP, "", ("patient_id", "recorded_at", "severity", "locations"), [
        ("1", "2026-03-30", "7", "neck;shoulder_left"), ("2", "2026-03-30", "5", "")], (2, 0, 0, 0)),
    "fhir_observations": (FHIR, "", ("patient_id", "recorded_at", "severity", "locations", "qualities", "fever"), [
        ("Patient/1", "2026-03-30T10:00:00+00:00", "7", "low_back", "burning", "yes"), ("Patient/2", "2026-03-30T10:00:00+00:00", "4", "", "", "no")],
        (5, 0, 0, 0)),
    "spreadsheet": (BY_HAND, """
[reading]
decimal = ","
[columns.patient_id]
from = "Patient"
[columns.recorded_at]
from = "Date"
[columns.severity]
from = "Pain score"
[columns.locations]
from = "Where"
split = ","
values = {"Back" = "low_back"}
[columns.birth_year]
from = "Age"
unit = "years"
[columns.onset_date]
from = "Pain since"
unit = "days"
[columns.note]
from = "Notes"
""", ("patient_id", "recorded_at", "severity", "locations", "birth_year", "onset_date", "note"), [
        ("P01", "2026-03-31", "7.5", "neck;low_back", "1965", "2026-03-10", "bad night"), ("P02", "2026-04-01", "4", "neck", "1986", "2026-01-30", "")],
        (2, 0, 0, 0)),
}


@pytest.mark.parametrize("name", TOOLS)
def test_a_file_of_each_tool(engine: Engine, name: str) -> None:
    text, own, columns, rows, fates = TOOLS[name]
    shipped = (shapes.FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    known = mapping.read(shipped)
    # the file is known by its header, whatever the project calls its questions
    assert shapes.recognised(tabular.read(text.encode(), "export.csv").header) == known
    found = mapped(engine, text, shipped + own)
    receipt = commit.commit(engine, found, by=BY, at=AT)
    assert live(engine, *columns) == rows, receipt.problems
    assert counts(receipt, *FATES) == fates
    # and the same again changes nothing
    again = commit.commit(engine, mapped(engine, text, shipped + own), by=BY, at=AT)
    assert counts(again, *FATES) == (0, 0, fates[0], fates[3])


@pytest.mark.parametrize("name", ["redcap_raw_repeating", "redcap_labels", "kobotoolbox", "qualtrics", "limesurvey", "google_forms", "spreadsheet"])
def test_every_file_needs_little_more_than_a_yes(name: str) -> None:
    """The proposals alone find the patient, the time, the score and the places."""
    read = sheet(TOOLS[name][0])
    known = shapes.recognised(read.header)
    made = suggest.completed(known, suggest.suggested(read, known), sure=0.6)
    assert {"patient_id", "recorded_at", "severity", "locations"} <= made.columns.keys(), [
        (p.headers[0], p.name, p.confidence, p.others) for p in suggest.suggested(read, known)]


@pytest.mark.parametrize(("name", "headers", "becomes"), [
    ("redcap_raw_repeating", ("redflag___1", "redflag___2"), "red_flags"),  # which looks like locations too, if less than pain_loc does
    ("redcap_labels", ("Do you have a fever?",), "fever"), ("qualtrics", ("Q3",), "fever"),
    ("kobotoolbox", ("pain/where/low_back", "pain/where/neck"), None)])  # the same answers once more, and no second list
def test_what_a_column_is_proposed_to_be(name: str, headers: tuple[str, ...], becomes: str | None) -> None:
    read = sheet(TOOLS[name][0])
    assert [found.name for found in suggest.suggested(read, shapes.recognised(read.header)) if found.headers == headers] == [becomes]


def test_a_repeat_of_odk_central_is_read_with_its_submission(engine: Engine) -> None:
    files = {"diary.csv": "SubmissionDate,patient,KEY,SubmitterName\n2026-03-30T10:00:00.000Z,12,uuid:1,Anna\n",
             "diary-pain.csv": "day,score,where,PARENT_KEY,KEY\n2026-03-30,7,low_back neck,uuid:1,uuid:1/pain[1]\n2026-03-31,6,,uuid:1,uuid:1/pain[2]\n"}
    read = tabular.read(zipped(files), "diary.zip")
    known = shapes.recognised(read.header)
    made = suggest.completed(known, suggest.suggested(read, known), sure=0.7)
    with engine.connect() as connection:
        commit.commit(engine, plan.plan(connection, read, made, today=TODAY), by=BY, at=AT)
    assert live(engine, "patient_id", "entry_id", "recorded_at", "severity", "locations") == [
        ("12", "uuid:1/pain[1]", "2026-03-30", "7", "neck;low_back"), ("12", "uuid:1/pain[2]", "2026-03-31", "6", "")]


# --- values ---------------------------------------------------------------------------------------------------------------------------

CELLS = [
    # our column, what the mapping says of it, as written, as an export has it, or the code of the problem
    ("severity", "", "7", "7"), ("severity", "scale = [0, 100]", "75", "7.5"), ("severity", "scale = [1, 5]", "4", "7.5"),
    ("severity", "scale = [0, 100]", "101", "out_of_range"), ("severity", "", "70", "out_of_range"), ("severity", "missing = ['999']", "999", ""),
    ("severity", "", "7/10", "not_a_number"), ("severity", "out_of = 10", "7 / 10", "7"), ("severity", "out_of = 10", "7/5", "out_of_range"),
    ("severity", "decimal = ','", '"7,5"', "7.5"), ("severity", "decimal = ','", "7.5", "not_a_number"), ("severity", "", '"7,5"', "not_a_number"),
    ("severity", "values = {none = '0', 'mild (1-3)' = '2'}", "Mild (1-3)", "2"), ("severity", "", "3-Jan", "not_a_number"),
    ("bout_minutes", "thousands = '.'\ndecimal = ','", '"1.234,5"', "1234.5"), ("bout_minutes", "thousands = '.'", "1.23", "not_a_number"),
    ("bout_minutes", "unit = 'hours'", "1.5", "90"), ("bout_minutes", "unit = 'hours'", "30 min", "30"),
    ("bout_minutes", "unit = 'hours'", "3 moons", "unknown_unit"),
    ("temperature_c", "unit = 'fahrenheit'", "100.4", "38"), ("temperature_c", "unit = 'celsius'", "38.2 °C", "38.2"),
    ("birth_year", "unit = 'years'", "60", "1966"), ("birth_year", "", "1966", "1966"),
    ("onset_date", "unit = 'weeks'", "3", "2026-03-09"), ("onset_date", "unit = 'weeks'", "2 days", "2026-03-28"),
    ("onset_date", "unit = 'days'", "x", "not_a_number"),
    ("onset_date", "date_order = 'dmy'", "03/02/2026", "2026-02-03"), ("onset_date", "date_order = 'mdy'", "03/02/26", "2026-03-02"),
    ("onset_date", "date_order = 'excel'", "46085", "2026-03-04"), ("onset_date", "", "46085", "not_a_date"), ("onset_date", "", "3 Jan 2026", "2026-01-03"),
    ("onset_date", "", "3. März 2026", "2026-03-03"), ("onset_date", "", "3 de mayo de 2025", "2025-05-03"), ("onset_date", "", "1 août 2025", "2025-08-01"),
    ("onset_date", "", "3 marraskuu 2025", "not_a_date"), ("onset_date", "", "3 марта 2026", "not_a_date"),
    ("onset_date", "date_order = 'dmy'", "31/02/2026", "impossible_date"), ("onset_date", "", "2026-01-03 00:00:00", "2026-01-03"),
    ("entered_at", "date_order = 'mdy'", "3/30/2026 9:05:00 PM", "2026-03-30T21:05:00"),
    ("entered_at", "date_order = 'dmy'", "30.3.2026 9.05 Uhr", "2026-03-30T09:05"),
    ("entered_at", "date_order = 'ymd'", "2026/03/30 3:10:14 PM MDT", "not_a_time"),
    ("entered_at", "", "2026/03/30 3:10:14 PM GMT+2", "2026-03-30T15:10:14+02:00"),
    ("fever", "values = {1 = 'yes', 0 = 'no'}", "0", "no"), ("fever", "values = {1 = 'yes', 0 = ''}", "0", ""),
    ("fever", "values = {1 = 'yes'}", "0", "not_yes_or_no"),
    ("fever", "", "", ""), ("fever", "blank = 'no'", "", "no"), ("fever", "blank = 'no'\nmissing = ['NA']", "NA", ""),
    ("sex", "values = {F = 'female'}", "f", "female"), ("sex", "", "f", "unknown_code"),
    ("trend", "values = {'much better' = 'better'}", "Much Better", "better"),
    ("locations", "split = ','", '"neck, Lower back"', "neck;low_back"), ("locations", "split = ' '", "neck  low_back", "neck;low_back"),
    ("locations", "split = ','\noptions = ['Neck, front']\nvalues = {'neck, front' = 'neck'}", '"Head,Neck, front"', "neck;head"),
    ("locations", "split = ','", '"neck, elbow"', "unknown_code"),
    ("locations", "split = ','\notherwise = 'other'", '"neck, elbow"', "neck;other"),
    ("locations", "values = {'no pain' = 'none'}", "No pain", "none"), ("locations", "blank = 'none'", "", "none"), ("locations", "", "", ""),
    ("locations", "values = {'?' = ''}", "?", ""), ("locations", "values = {'Rücken; unten' = 'low_back'}", '"Rücken; unten;neck"', "neck;low_back"),
    ("note", "missing = ['-']", "-", ""), ("entry_id", "", "007", "007"),
]


@pytest.mark.parametrize(("name", "said", "cell", "becomes"), CELLS)
def test_a_value_is_read_as_the_mapping_says(duckdb_engine: Engine, name: str, said: str, cell: str, becomes: str) -> None:
    found = mapped(duckdb_engine, f"id,day,their name\n1,2026-03-30,{cell}\n", f"{ID_AND_DAY}[columns.{name}]\nfrom = 'Their-Name'\n{said}")
    if "_" in becomes and len(found.problems):
        # as it was written, in the column of the sheet
        assert problems(found) == [(2, "their name", becomes, cell.strip('"'))]
        return
    commit.commit(duckdb_engine, found, by=BY, at=AT)
    assert live(duckdb_engine, name) == [(becomes,)], found.problems


def test_times_come_together_and_get_the_offset_of_their_zone(engine: Engine) -> None:
    found = mapped(engine, "id,d,t\n1,28.03.2026,18:05\n1,29.03.2026,2:30\n1,29.03.2026,3:30\n1,30.03.2026,\n1,26.10.2025,02:30\n", """
[reading]
time_zone = "Europe/Vienna"
[columns.patient_id]
from = "id"
[columns.recorded_at]
from = ["d", "t"]
""")
    assert problems(found) == [(3, "d + t", "impossible_time", "29.03.2026 2:30")]
    assert found.typed.notes == ("d + t: day first, because some of its dates can be read in no other way.",
                                 "1 time in the hour that Europe/Vienna had twice: taken as the earlier one.")
    commit.commit(engine, found, by=BY, at=AT)
    assert live(engine, "recorded_at") == [("2025-10-26T02:30:00+02:00",), ("2026-03-28T18:05:00+01:00",), ("2026-03-29T03:30:00+02:00",), ("2026-03-30",)]


WHEN = "[columns.patient_id]\nfrom = 'id'\n[columns.recorded_at]\nfrom = 'when'\n"
FITS = [
    # a file, what the mapping says, and what is wrong with the two as a whole; nothing where its one row is read
    ("id,when\n1,01/02/2026\n", WHEN, "whether 03/04/2026 is 3 April or 4 March"),
    ("id,when\n1,13/02/2026\n1,02/13/2026\n", WHEN, "some of its dates have the day first, some the month"),
    ("id,when\n1,02/02/2026\n", WHEN, ""), ("id,when\n1,01/02/2026\n", f"[reading]\ndate_order = 'mdy'\n{WHEN}", ""),
    ("id,day\n1,2026-03-30\n", f"{ID_AND_DAY}[columns.severity]\nfrom = 'vas'\n[columns.onset_date]\nfrom = 'how long'",
     "names columns that the file lacks: vas, how long"),
    ("id,day\n1,2026-03-30\n", f"{ID_AND_DAY}[columns.severity]\nfrom = 'vas'\noptional = true", ""),
    ("id,day\n1,2026-03-30\n", f"{ID_AND_DAY}[columns.locations]\npattern = 'loc___*'", "columns like loc___"),
    ("id,day\n1,2026-03-30\n", "[columns.patient_id]\nfrom = 'id'", "of no column that it is recorded_at"),
]


@pytest.mark.parametrize(("text", "document", "says"), FITS)
def test_a_mapping_fits_a_file_or_is_refused_with_the_reason(duckdb_engine: Engine, text: str, document: str, says: str) -> None:
    if says:
        with pytest.raises(Refused, match=says):
            mapped(duckdb_engine, text, document)
    else:
        assert counts(mapped(duckdb_engine, text, document), *FATES) == (1, 0, 0, 0)


def test_what_a_baseline_form_says_belongs_to_the_diary_rows_of_the_patient(engine: Engine) -> None:
    head = "record_id,redcap_repeat_instrument,redcap_repeat_instance,yob,hx___1,hx___2,sex,diary_date,vas,loc___1,diary_complete\n"
    found = mapped(engine, head + "1,,,1960,1,0,f,,,0,\n1,diary,1,,0,0,,2026-03-30,7,1,2\n1,diary,2,,0,0,,2026-03-31,6,0,2\n"
                   "2,,,1950,0,0,,,,0,\n2,,,1951,0,0,m,,,0,\n2,diary,1,,0,0,,2026-03-30,5,0,2\n3,diary,1,,0,0,,2026-03-30,4,0,2\n",
                   (shapes.FOLDER / "redcap_raw_repeating.toml").read_text(encoding="utf-8") + """
[columns.recorded_at]
from = "diary_date"
[columns.severity]
from = "vas"
[columns.birth_year]
from = "yob"
[columns.sex]
from = "sex"
values = {f = "female", m = "male"}
[columns.history]
pattern = "hx___*"
values = {1 = "cancer_history", 2 = "diabetes"}
not_checked = "no"
[columns.locations]
pattern = "loc___*"
values = {1 = "neck"}
""")
    assert counts(commit.commit(engine, found, by=BY, at=AT), *FATES) == (4, 0, 0, 3)
    assert live(engine, "patient_id", "severity", "birth_year", "sex", "cancer_history", "diabetes", "locations") == [
        ("1", "7", "1960", "female", "yes", "no", "neck"), ("1", "6", "1960", "female", "yes", "no", ""), ("2", "5", "", "male", "no", "no", ""),
        ("3", "4", "", "", "", "", "")]  # without a baseline form nobody asked
    assert "yob: asked once, and taken into 2 rows of the same record_id. For 1 value of record_id there are two answers; neither was taken." in found.notes


# --- yes, no and nothing ----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("said", "answers"), [("", [("yes", ""), ("", ""), ("", "")]), ("not_checked = 'no'", [("yes", "no"), ("no", "no"), ("", "")])])
def test_what_is_not_ticked_says_nothing_unless_declared(duckdb_engine: Engine, said: str, answers: list[tuple[str, str]]) -> None:
    found = mapped(duckdb_engine, "id,day,f___1,f___2,f___3\n1,2026-03-28,1,0,0\n1,2026-03-29,0,0,0\n1,2026-03-30,,,\n", f"""{ID_AND_DAY}
[columns.red_flags]
pattern = 'f___*'
values = {{1 = 'fever', 2 = 'leg_weakness', 3 = 'leg_weakness'}}
{said}""")
    assert list(zip(*(found.mapped.fields[name].texts.to_pylist() for name in ("fever", "leg_weakness")), strict=True)) == answers


def test_a_red_flag_in_a_row_that_will_not_load_heads_the_plan(duckdb_engine: Engine) -> None:
    found = mapped(duckdb_engine, "id,day,symptoms,weak___1\n1,2026-03-28,\"Fever, hiccups\",0\n2,2026-03-28,,perhaps\n", f"""{ID_AND_DAY}
[columns.red_flags]
from = "symptoms"
split = ","
[columns.leg_weakness]
from = "weak___1"
values = {{1 = "yes", 0 = ""}}
""")
    assert problems(found) == [(2, "symptoms", "unknown_code", "Fever, hiccups"), (3, "weak___1", "not_yes_or_no", "perhaps")]
    assert list(found.red_flag_rows.itertuples(index=False, name=None)) == [(2, "1", "Fever"), (3, "2", "Leg weakness")]
    asked = [(one.name, one.value, one.rows) for one in unknown.values(found.mapped, found.problems)]
    assert asked == [("red_flags", "hiccups", 1), ("leg_weakness", "perhaps", 1)]


def test_unknown_values_are_mapped_one_by_one(duckdb_engine: Engine) -> None:
    text = "id,day,where,q___1,q___2\n1,2026-03-28,\"neck,lower bak\",1,0\n1,2026-03-29,elbow,0,1\n1,2026-03-30,elbow,0,0\n"
    known = mapping.read(f"name = 'x'\n{ID_AND_DAY}[columns.locations]\nfrom = 'where'\nsplit = ','\n"
                         "[columns.qualities]\npattern = 'q___*'\nvalues = {1 = 'dull'}")
    found = mapped(duckdb_engine, text, known.document())
    asked = unknown.values(found.mapped, found.problems)
    assert [(one.name, one.column, one.value, one.rows, one.suggested) for one in asked] == [
        ("locations", "where", "elbow", 2, None), ("locations", "where", "lower bak", 1, "low_back"), ("qualities", "q___2", "2", 1, None)]
    for one, code in zip(asked, ("other", "low_back", ""), strict=True):
        known = known.with_value(one.name, one.value, code)
    found = mapped(duckdb_engine, text, known.document())
    assert counts(found, *FATES) == (3, 0, 0, 0)
    assert found.mapped.fields["locations"].texts.to_pylist() == ["neck;low_back", "other", "other"]


# --- long files -----------------------------------------------------------------------------------------------------------------------

LONG = "patient,date,category,rating\n1,2026-03-30,Pain,7\n1,2026-03-30,Fever,yes\n1,2026-03-31,Pain,5\n1,2026-03-31,Pain,6\n1,2026-03-31,Fever,yes\n"
LONG_MAPPING = """
[columns.patient_id]
from = "patient"
[columns.recorded_at]
from = "date"
[readings]
group = ["patient", "date"]
category = "category"
value = "rating"
[readings.columns.severity]
category = "pain"
[readings.columns.fever]
category = "fever"
"""


def test_rows_of_one_entry_share_its_fate(engine: Engine) -> None:
    found = mapped(engine, LONG, LONG_MAPPING)
    assert found.sentence == "5 readings: 2 in 1 new entry, 0 already here, 3 need attention."
    assert problems(found) == [(4, "rating", "conflicting_readings", "5"), (5, "rating", "conflicting_readings", "6"), (6, "", "part_of_an_entry", "")]
    assert found.red_flag_rows["row"].tolist() == [4, 5, 6]
    receipt = commit.commit(engine, found, by=BY, at=AT)
    assert counts(receipt, "rows_in", *FATES, "entries") == (5, 2, 3, 0, 0, 1)
    # the rows that wait, one of them corrected and one taken out, are the other entry
    with engine.connect() as connection:
        waiting = quarantine.rows(connection, receipt.batch)
    waiting = waiting.drop(index=1).drop(columns=["what_is_wrong", "what_would_be_right"])
    read = tabular.read(waiting.to_csv(index=False).encode(), "corrected.csv")
    with engine.connect() as connection:
        known = remembered.as_before(connection, read)
        corrected = plan.plan(connection, read, known, today=TODAY)
    receipt = commit.commit(engine, corrected, by=BY, at=AT)
    assert counts(receipt, "rows_in", *FATES, "entries") == (2, 2, 0, 0, 0, 1)
    assert live(engine, "recorded_at", "severity", "fever") == [("2026-03-30", "7", "yes"), ("2026-03-31", "5", "yes")]
    # the first file again: what is here already counts by row, and undoing the first batch hands its entry on
    receipt = commit.commit(engine, mapped(engine, LONG, LONG_MAPPING), by=BY, at=AT)
    assert counts(receipt, *FATES) == (0, 3, 2, 0)
    with engine.connect() as connection:
        assert connection.execute(select(duplicate_row.c.row_number, duplicate_row.c.entry).order_by(duplicate_row.c.row_number)).all() == [(2, 1), (3, 1)]
    assert undo.undo(engine, 1, by=BY, at=AT)["kept"] == {"3": 1}
    assert live(engine, "recorded_at", "severity") == [("2026-03-30", "7"), ("2026-03-31", "5")]


def test_what_is_present_and_absent_at_once_is_a_conflict(duckdb_engine: Engine) -> None:
    shipped = (shapes.FOLDER / "fhir_observations.toml").read_text(encoding="utf-8")
    found = mapped(duckdb_engine, FHIR + "Patient/2,2026-03-30T10:00:00Z,75325-1,,386661006,,final\n", shipped)
    assert counts(found, *FATES) == (3, 3, 0, 0)
    assert {code for _, _, code, _ in problems(found)} == {"conflicting_readings", "part_of_an_entry"}


# --- remembered -----------------------------------------------------------------------------------------------------------------------

def test_a_mapping_is_remembered_for_files_with_the_same_columns(engine: Engine) -> None:
    first = mapping.read(f"name = 'first'\n{ID_AND_DAY}")
    second = first.with_value("patient_id", "x", "y")
    for known, number in ((first, 1), (first, None), (second, 2)):
        assert remembered.remember(engine, "north", known, ("id", "day"), by=BY, at=AT) == number
    with engine.connect() as connection:
        assert remembered.recalled(connection, ("Day", "ID", "quarantined_as")) == second
        assert remembered.recalled(connection, ("id", "day"), "south") is None
        assert remembered.recalled(connection, ("id", "day", "more")) is None
        assert remembered.everything(connection) == [second]
        assert shapes.recognised(("id", "day", "more"), remembered.everything(connection)) == second
        event = audit.events(connection, kinds=("mapping_remembered",)).iloc[0]
    assert (event["by"], event["subject"], event["details"]) == (BY, "2", {"source": "north", "name": "first"})


def test_a_batch_keeps_the_mapping_it_was_read_with(engine: Engine) -> None:
    found = mapped(engine, "id,day,vas,secret\n1,2026-03-30,x,1\n", f"ignore = ['secret']\nname = 'x'\n{ID_AND_DAY}[columns.severity]\nfrom = 'vas'\n")
    assert found.notes[-1] == "1 column not kept, as the mapping says: secret."
    commit.commit(engine, found, by=BY, at=AT)
    with engine.connect() as connection:
        assert mapping.read(connection.scalar(select(import_batch.c.mapping))) == found.mapped.mapping
    assert "vas" in report.attention_sheet(found) and isinstance(found.mapped.fields["severity"].texts, pyarrow.DictionaryArray)
