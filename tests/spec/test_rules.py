"""What the shipped rules say of diaries: a table in, outcomes out, all of them in one evaluation. How a table is written: `tests.rule_tables`.

What each rule does at its thresholds stands as examples in its own file (`data/rules`); here is what they leave open: in how many ways a
thing can be said, why a rule says that it is met, since when, and what comes of several rules."""
from collections.abc import Iterator, Mapping

import pytest
from sqlalchemy import Engine

from dashboard.rules import examples
from tests.rule_tables import RULES, Stands, asked, of_example, read, wrong

TABLES = {
    # --- E01: trouble breathing or chest pain -------------------------------------------------------------------------------------
    "one of two answers is none": """
        locations         | trouble_breathing | chest_pain | E01 | bucket
        upper_back_middle | yes               |            | E   | emergency
        upper_back_middle |                   |            | ?   | not_assessable
        upper_back_middle | no                |            | ?   | not_assessable
        upper_back_middle | no                | no         | no  | not_assessable
        """,
    "chest pain is an emergency wherever it hurts, and says where": """
        locations      | chest_pain | E01 | because
        arm_left;neck  | yes        | E   | Trouble breathing or chest pain with back pain
        everywhere     | yes        | E   | Trouble breathing or chest pain with back pain
                       | yes        | E   | Trouble breathing or chest pain (location not recorded)
        other          | yes        | E   | Trouble breathing or chest pain (location not recorded)
        arm_left       | yes        | E   | Trouble breathing or chest pain, without pain in the back
        other;arm_left | yes        | E   | Trouble breathing or chest pain, without pain in the back
        none           | yes        | E   | Trouble breathing or chest pain, without pain in the back
        """,
    # and where it hurt the day before is no report of a red flag
    "together is the same or an adjacent day": """
        patient_id | day | locations | chest_pain | E01 | evidence | because
        1          | 50  | arm_left  | yes        | E   | 50       | Trouble breathing or chest pain, without pain in the back
        1          | 48  | mid_back  |            |     |          |
        2          | 50  | arm_left  | yes        | E   | 50       | Trouble breathing or chest pain with back pain
        2          | 49  | mid_back  |            |     |          |
        3          | 50  | arm_left  | yes        | E   | 50       | Trouble breathing or chest pain with back pain
        3          | 51  | mid_back  |            |     |          |
        4          | 50  | arm_left  | yes        | E   | 50       | Trouble breathing or chest pain, without pain in the back
        4          | 52  | mid_back  |            |     |          |
        """,
    # --- E02, E03: heart and lung -------------------------------------------------------------------------------------------------
    "a heart attack without chest pain": """
        locations | radiates_to | sweating | faint | nausea | E02 | U09
        mid_back  |             | no       | no    | no     | no  | ?
        mid_back  |             |          |       |        | ?   | ?
                  |             | yes      |       |        | E   | ?
        neck      | arm_left    |          |       |        | no  | no
        """,
    "signs of a clot in the lung": """
        locations | coughing_blood | faint | one_leg_swelling | sudden_breathlessness | pain_on_breathing | clot_risk | E03 | U04
                  |                | yes   |                  |                       |                   |           | E   | no
        low_back  | no             | no    | no               | no                    | yes               | no        | no  | no
        mid_back  |                |       |                  |                       |                   |           | ?   | ?
        """,
    "exertion and rest": """
        locations | exertional | aggravated_by | relief_helped | nausea | palpitations | U09
        mid_back  | yes        |               |               | no     | no           | ?
        mid_back  |            | exertion      | rest          |        |              | U
        neck      | yes        |               | rest          |        |              | no
        """,
    # --- E04 to E09, E14, R11: nerve and sphincter symptoms, new and old ----------------------------------------------------------
    "a later no does not clear an emergency": """
        patient_id | day | urinary_incontinence | bowel_incontinence | E05 | evidence | bucket
        1          | 1   | yes                  |                    | E   | 1        | emergency
        1          | 5   | no                   | no                 | E   | 1        |
        """,
    "old and known is routine, and unknown counts as new": """
        leg_weakness | urinary_incontinence | bowel_incontinence | saddle_numbness | longstanding | R11 | E04 | E05 | E07
        yes          |                      |                    |                 | no           | ?   | E   | ?   | ?
                     |                      | yes                |                 |              | ?   | ?   | E   | ?
                     |                      |                    | yes             | yes          | R   | ?   | ?   | no
        """,
    "among denials one that is new": """
        bladder_sensation_loss | longstanding | leg_weakness | all else | R11 | E04 | E06
        yes                    | no           | yes          | x        | no  | E   | E
        """,
    "a later row without the mark is new": """
        patient_id | day | leg_weakness | longstanding | E04 | evidence | R11
        1          | 50  | yes          | yes          | E   | 90       | R
        1          | 90  | yes          |              | E   | 90       | R
        """,
    # what was not said in words denies no numbness
    "words and places of one entry": """
        locations           | qualities               | longstanding | E07 | U02
        saddle              | tingling                |              | E   | U
        buttock_left;saddle | pins_and_needles;aching |              | E   | U
        buttock_left        | numb                    | yes          | ?   | ?
        buttock_left        | aching                  |              | ?   | ?
        buttock_left;other  | numb                    |              | ?   | U
        foot_left           | tingling                |              | ?   | U
                            | numb                    |              | ?   | ?
        none                | numb                    |              | ?   | ?
        """,
    "numbness and tingling in legs and feet": """
        locations          | qualities | leg_numbness | both_legs | leg_weakness | U02 | E04 | bucket         | because
        foot_left          |           | yes          | no        |              | U   | ?   | same_day       | New numbness or tingling in legs or feet
                           |           | yes          | yes       | yes          | E   | E   | emergency      | New numbness or tingling in both legs or feet
        foot_left          | tingling  |              | yes       |              | E   | ?   | emergency      | New numbness or tingling in both legs or feet
        foot_left          | tingling  |              |           |              | U   | ?   | same_day       | Numb or tingling, in the buttocks or legs only
        foot_left;mid_back | tingling  |              |           |              | U   | ?   | same_day       | {where}
        mid_back           | aching    | no           | yes       |              | no  | ?   | not_assessable |
        """.format(where="Numb or tingling; buttocks or legs named among other places: ask where"),
    "both legs speaks of its own row": """
        patient_id | leg_numbness | both_legs | U02
        1          | yes          |           | U
        1          |              | yes       | U
        """,
    "cord and cauda equina": """
        patient_id | day | locations         | both_legs | sexual_dysfunction | leg_weakness | major_trauma | longstanding | E08 | E09 | E14
        1          | 99  | low_back;leg_left | yes       | no                 |              | no           |              | E   | no  | no
        2          | 99  | low_back          | yes       | yes                |              |              | yes          | no  | no  | ?
        3          | 99  |                   |           | yes                |              |              |              | ?   | E   | ?
        4          | 99  | mid_back          |           |                    | yes          |              |              | no  | ?   | ?
        4          | 100 | mid_back          |           |                    |              | yes          |              |     |     |
        5          | 99  | mid_back          |           |                    | no           | yes          |              | no  | ?   | ?
        """,
    # --- E10, E11: aorta and spleen -----------------------------------------------------------------------------------------------
    # partial score: history and pain only
    "the aorta": """
        patient_id | day | locations | qualities | onset_speed | onset | worst_severity | connective_tissue_disorder | aortic_history | E10
        1          | 100 | mid_back  |           | gradual     | 17    | 8              |                            | yes            | E
        2          | 100 | low_back  | aching    | sudden      |       | 7              |                            |                | U
        3          | 60  | low_back  | aching    | gradual     |       | 3              | no                         | no             | no
        3          | 80  | low_back  | aching    | gradual     |       | 3              |                            |                |
        3          | 100 | low_back  | aching    | sudden      |       | 7              |                            |                |
        4          | 100 | arm_left  | tearing   | sudden      |       | 9              | no                         | no             | no
        5          | 100 |           | ripping   |             |       |                |                            |                | E
        6          | 100 | mid_back  | aching    | gradual     |       |                |                            |                | ?
        """,
    # how it began decides; where nobody asked, somebody does
    "pain between the shoulder blades": """
        locations               | qualities | onset_speed | onset | severity | E11 | U10 | I02 | E10
        between_shoulder_blades | stabbing  | sudden      | 98    | 7        | E   | ?   | no  | E
        between_shoulder_blades | sharp     | sudden      | 97    | 6        | no  | ?   | no  | ?
        between_shoulder_blades |           |             |       |          | ?   | ?   | ?   | ?
        """,
    # --- cancer, infection, fracture, collapse ------------------------------------------------------------------------------------
    "known cancer": """
        locations | cancer_history | gait_difficulty | qualities | trend | weight_loss | E12 | U05
        mid_back  |                | yes             |           |       |             | ?   | ?
        low_back  | yes            |                 | numb      | worse |             | E   | U
        low_back  | yes            |                 |           | same  | no          | ?   | ?
        arm_left  | yes            | yes             |           | worse |             | no  | no
                  | yes            | yes             |           |       |             | E   | ?
        """,
    "fever or a temperature": """
        locations | fever | temperature_c | U01
        mid_back  | yes   | 36.5          | U
        mid_back  | no    |               | no
        mid_back  | no    | 38.5          | U
        arm_left  |       |               | no
                  |       |               | ?
        """,
    "fever and where it hurts": """
        locations | fever | U01 | because
        mid_back  | yes   | U   | Fever with back pain
                  | yes   | U   | Fever (location not recorded)
        other     | yes   | U   | Fever (location not recorded)
        none      | yes   | no  |
        """,
    "fever looks seven days ahead too": """
        patient_id | day | locations | fever | U01 | evidence
        1          | 50  | arm_left  | yes   | U   | 50
        1          | 57  | low_back  |       |     |
        2          | 50  | arm_left  | yes   | no  |
        2          | 58  | low_back  |       |     |
        """,
    "an entry about an arm is no answer about fever": """
        patient_id | day | locations | U01
        1          | 98  | arm_left  | ?
        1          | 99  | mid_back  | ?
        """,
    # the new symptom up to 7 days from the fever; very unwell on the same or an adjacent day
    "infection": """
        patient_id | day | locations  | fever | rigors | leg_weakness | confusion | urinary_pain | immunosuppressed | onset | trend | E13 | E16 | U03 | U06
        1          | 99  | flank_left |       |        |              | yes       |              | yes              | 10    |       | ?   | E   | U   | ?
        1          | 100 | low_back   |       | yes    |              |           |              |                  | 10    | same  |     |     |     |
        2          | 100 | low_back   | no    | no     | no           | no        | yes          | yes              | 16    |       | no  | no  | U   | U
        3          | 100 | low_back   |       |        |              |           |              |                  |       |       | ?   | ?   | ?   | ?
        4          | 100 | arm_left   | yes   |        |              |           |              | no               |       |       | no  | ?   | no  | no
        """,
    "fracture": """
        patient_id | day | locations | birth_year | sex    | onset_speed | onset | steroid_use | osteoporosis | major_trauma | minor_trauma | U07
        1          | 100 | mid_back  | 1956       | female | sudden      |       | no          | no           | no           |              | no
        2          | 100 | mid_back  | 1976       | male   | sudden      | 16    | no          | yes          | no           | no           | U
        3          | 100 | mid_back  | 1976       | male   | sudden      | 15    | no          | yes          | no           | no           | no
        4          | 85  | arm_left  |            |        |             |       | no          | no           | yes          |              | ?
        4          | 100 | mid_back  |            |        |             |       |             |              |              |              |
        """,
    "spleen and collapse": """
        locations     | faint | urgent | E15 | U12 | U11
        shoulder_left | yes   | yes    | no  | U   | U
                      | yes   |        | E   | ?   | ?
        mid_back      |       |        | ?   | no  | ?
        """,
    # --- how bad ------------------------------------------------------------------------------------------------------------------
    "eight on two close days": """
        patient_id | day | worst_severity | U08 | evidence
        1          | 99  | 8              | U   | 99 to 100
        1          | 100 | 8              |     |
        2          | 98  | 8              | U   | 98 to 100
        2          | 100 | 8              |     |
        3          | 100 | 8              | ?   |
        3          | 100 | 8              |     |
        4          | 99  | 8              | no  |
        4          | 100 | 7.9            |     |
        """,
    "worst before severity": """
        severity | worst_severity | U08
        10       | 9              | ?
                 | 10             | U
        9        |                | ?
        """,
    "relief in the last week of entries": """
        patient_id | day | severity | relief_helped    | U08
        1          | 97  | 2        | none             | U
        1          | 100 | 10       |                  |
        2          | 93  | 2        | heat_pack        | U
        2          | 100 | 10       |                  |
        3          | 97  | 2        | none_helped;rest | no
        3          | 100 | 10       |                  |
        4          | 93  | 10       |                  | no
        4          | 99  | 3        |                  |
        4          | 100 | 3        |                  |
        """,
    "severe pain 14 days ago is a call today": """
        day | severity | U08
        86  | 10       | U
        85  | 10       | no
        """,
    # 14 days are the last one and the 13 before, and two scores of one day are one
    "nine and more on five days of fourteen": """
        patient_id | day | severity | R12 | evidence
        1          | 87  | 9        | R   | 87 to 100
        1          | 90  | 9        |     |
        1          | 93  | 9        |     |
        1          | 96  | 2        |     |
        1          | 97  | 9        |     |
        1          | 100 | 9        |     |
        2          | 86  | 9        | ?   |
        2          | 90  | 9        |     |
        2          | 93  | 9        |     |
        2          | 97  | 9        |     |
        2          | 97  | 9        |     |
        2          | 100 | 9        |     |
        3          | 96  | 2        | no  |
        3          | 97  | 2        |     |
        3          | 98  | 2        |     |
        3          | 99  | 2        |     |
        3          | 100 | 9        |     |
        4          | 81  | 9        | no  |
        4          | 85  | 9        |     |
        """,
    # --- R01: not better after a week ---------------------------------------------------------------------------------------------
    "not better after a week": """
        patient_id | day | onset | severity | R01 | evidence
        1          | 93  | 93    | 6        | R   | 100
        1          | 100 | 93    | 6        |     |
        2          | 92  | 92    | 2        | no  |
        2          | 100 | 92    | 1        |     |
        3          | 92  | 92    | 3        | R   | 100
        3          | 100 | 92    | 1.5      |     |
        """,
    # of five days two and two are compared; of one day nothing; in whatever order the rows come
    "first and last days never overlap, and a day is a mean": """
        patient_id | day | onset | severity | R01
        1          | 100 | 90    | 4        | R
        1          | 90  | 90    | 7        |
        1          | 98  | 90    | 5        |
        1          | 92  | 90    | 5        |
        1          | 95  | 90    | 0        |
        2          | 90  | 90    | 8        | no
        2          | 100 | 90    | 4        |
        2          | 100 | 90    | 6        |
        3          | 92  | 92    |          | ?
        3          | 100 | 92    | 6        |
        3          | 100 | 92    | 5        |
        """,
    "only the last diary day may call it better": """
        patient_id | day | onset | severity | trend  | R01
        1          | 92  | 92    | 6        |        | R
        1          | 99  | 92    | 6        | better |
        1          | 100 | 92    | 6        | same   |
        2          | 92  | 92    | 6        |        | R
        2          | 100 | 92    | 6        | better |
        2          | 100 | 92    | 6        | worse  |
        """,
    "worst pain does not stand in for severity here": """
        patient_id | day | onset | worst_severity | R01
        1          | 92  | 92    | 8              | ?
        1          | 100 | 92    | 8              |
        """,
    "near the end of the scale": """
        patient_id | day | severity | R06
        1          | 90  | 8.1      | no
        1          | 91  | 8.1      |
        1          | 92  | 8.1      |
        1          | 98  | 9        |
        1          | 99  | 9        |
        1          | 100 | 9        |
        2          | 90  | 9        | U
        2          | 91  | 9        |
        2          | 92  | 9        |
        2          | 98  | 10       |
        2          | 99  | 10       |
        2          | 100 | 10       |
        3          | 90  | 9.5      | no
        3          | 91  | 9.5      |
        3          | 92  | 9.5      |
        3          | 98  | 10       |
        3          | 99  | 10       |
        3          | 100 | 10       |
        4          | 90  | 3        | no
        4          | 91  | 3        |
        4          | 92  | 3        |
        4          | 98  | 4.9      |
        4          | 99  | 4.9      |
        4          | 100 | 4.9      |
        5          | 90  | 3        | ?
        5          | 91  | 3        |
        5          | 98  | 5        |
        5          | 99  | 5        |
        5          | 100 | 5        |
        """,
    # what came before something was tried is not compared, nor what was tried in an earlier episode
    "no response since something was tried": """
        patient_id | day | onset | relief_tried | severity | R08 | evidence
        1          | 40  | 40    |              | 3        | no  |
        1          | 41  | 40    |              | 3        |     |
        1          | 42  | 40    |              | 3        |     |
        1          | 60  | 40    | exercise     | 8        |     |
        1          | 61  | 40    | exercise     | 8        |     |
        1          | 62  | 40    | exercise     | 8        |     |
        1          | 98  | 40    |              | 4        |     |
        1          | 99  | 40    |              | 4        |     |
        1          | 100 | 40    |              | 4        |     |
        2          | 10  | 10    | rest         | 5        | ?   |
        2          | 60  | 60    | none_helped  | 5        |     |
        2          | 70  | 60    | exercise     | 5        |     |
        2          | 76  | 60    |              | 5        |     |
        2          | 77  | 60    |              | 5        |     |
        2          | 94  | 60    | rest         | 5        |     |
        2          | 95  | 60    |              | 5        |     |
        2          | 100 | 60    |              | 5        |     |
        3          | 70  | 60    | exercise     | 5        | R   | 94 to 100
        3          | 71  | 60    |              | 5        |     |
        3          | 76  | 60    |              | 5        |     |
        3          | 94  | 60    |              | 4        |     |
        3          | 95  | 60    |              | 4        |     |
        3          | 100 | 60    |              | 4        |     |
        4          | 10  | 10    | rest         | 5        | no  |
        4          | 60  | 60    | none_helped  | 5        |     |
        4          | 100 | 60    | none         | 5        |     |
        """,
    # --- R02, R03 -----------------------------------------------------------------------------------------------------------------
    "weight loss is looked at sooner from sixty with back pain": """
        weight_loss | birth_year | locations | R02 | because
        yes         | 1966       | low_back  | R   | Unexplained weight loss with back pain, aged 60 or more
        yes         | 1967       | low_back  | R   | Unexplained weight loss
        yes         | 1966       | arm_left  | R   | Unexplained weight loss
        yes         |            | low_back  | R   | Unexplained weight loss
        """,
    "the year of birth is the latest": """
        patient_id | day | weight_loss | birth_year | locations | R02 | because
        1          | 98  | yes         | 1940       | low_back  | R   | Unexplained weight loss
        1          | 99  |             | 1990       |           |     |
        """,
    "lasting back pain from sixty": """
        severity | onset | locations | birth_year | R03
        5        | 58    | mid_back  | 1967       | no
        5        |       | arm_left  | 1954       | no
        """,
    # --- R04 and episodes ---------------------------------------------------------------------------------------------------------
    "twelve weeks": """
        severity | onset | all else | R04 | bucket
        5        | 17    | x        | no  | no_criterion_met
        5        | 16    | x        | R   | routine
        5        | 3     | x        | R   | routine
        5        | 2     | x        | I   | no_criterion_met
                 |       | x        | ?   | no_criterion_met
        """,
    # 4 and 6, 8 and 10, 12: a chain is cut where a cluster is full, not where a gap is wide
    "onsets cluster within three days of the first": """
        patient_id | day | severity | onset | R04 | onset of episode
        1          | 99  | 5        | 10    | R   | 10
        1          | 100 | 5        | 13    |     |
        2          | 99  | 5        | 10    | R   | 14
        2          | 100 | 5        | 14    |     |
        3          | 96  | 5        | 4     | R   | 12
        3          | 97  | 5        | 6     |     |
        3          | 98  | 5        | 8     |     |
        3          | 99  | 5        | 10    |     |
        3          | 100 | 5        | 12    |     |
        """,
    "pain after four weeks without starts anew": """
        patient_id | day | severity | onset | R04
        1          | 72  | 5        | 10    | no
        1          | 100 | 5        |       |
        2          | 73  | 5        | 10    | R
        2          | 100 | 5        |       |
        3          | 10  | 5        | 10    | no
        3          | 60  | 0        |       |
        3          | 100 | 0        |       |
        4          | 10  | 5        |       | R
        4          | 35  | 5        |       |
        4          | 60  | 5        |       |
        4          | 85  | 5        |       |
        4          | 100 | 5        |       |
        """,
    # --- buckets, windows, order --------------------------------------------------------------------------------------------------
    "information leads to nobody": """
        birth_year | sex    | onset_speed | locations | fever | all else | I01 | U07 | U01 | bucket           | R03
        1954       |        |             |           |       | x        | I   | ?   | ?   | no_criterion_met | ?
        1954       | female | gradual     | mid_back  |       | x        | I   | ?   | ?   | no_criterion_met | no
        1990       |        |             | arm_left  | yes   |          | I   | ?   | no  | not_assessable   | no
        1990       |        |             |           |       |          | ?   | ?   | ?   | not_assessable   | no
        """,
    # the 14 days to the last entry count: its day and the 13 before
    "an old denial is no assessment": """
        patient_id | day | all else | E04 | bucket
        1          | 86  | x        | no  | not_assessable
        1          | 100 |          |     |
        2          | 87  | x        | no  | no_criterion_met
        2          | 100 |          |     |
        3          | 10  | x        | no  | no_criterion_met
        """,
    "buckets, worst first": """
        locations | chest_pain | fever | weight_loss | all else | bucket
        mid_back  | yes        | yes   | yes         | x        | emergency
        mid_back  |            | yes   | yes         |          | same_day
        mid_back  |            |       | yes         |          | not_assessable
        mid_back  |            |       | yes         | x        | routine
        mid_back  |            |       | no          | x        | no_criterion_met
        mid_back  |            |       |             |          | not_assessable
        """,
    "entries after the as-of day do not exist": """
        patient_id | day | chest_pain | E01
        1          | 100 | no         | ?
        1          | 101 | yes        |
        """,
    "an emergency of long ago stays": """
        day  | leg_weakness | E04 | evidence | bucket
        -264 | yes          | E   | -264     | emergency
        """}
NOT_YET = [{"patient_id": "1", "day": "101", "chest_pain": "yes"}]
EXAMPLES = {(rule_id, number): example for rule_id, own in examples.shipped().items() for number, example in enumerate(own, 1)}

Found = Mapping[tuple[object, str], Stands]


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def found(request: pytest.FixtureRequest) -> Iterator[Found]:
    """Every table and every example, asked together."""
    engine: Engine = request.getfixturevalue(f"{request.param}_database")
    yield asked(engine, {**{name: read(text) for name, text in TABLES.items()}, **{key: of_example(one) for key, one in EXAMPLES.items()}, "not yet": NOT_YET})


@pytest.mark.parametrize("name", TABLES)
def test_table(found: Found, name: str) -> None:
    assert not wrong(read(TABLES[name]), {patient: stood for (table, patient), stood in found.items() if table == name})


@pytest.mark.parametrize("rule_id", [rule.rule_id for rule in RULES.rules])
def test_examples_of(found: Found, rule_id: str) -> None:
    """What stands in the rule's file; and no other rule that queues somebody is met than those it names."""
    mine = {number: example for (rule, number), example in EXAMPLES.items() if rule == rule_id}
    assert {"no", "?"} & {example.outcome for example in mine.values()} and any(example.outcome in "EURI" for example in mine.values())
    for number, example in mine.items():
        outcomes = found[(rule_id, number), "1"].outcomes
        assert (outcomes[rule_id], sorted(other for other, said in outcomes.items() if other != rule_id and said in ("E", "U", "R"))) == (
            example.outcome, sorted(example.others)), example.says


def test_who_has_no_entries_yet_has_no_outcome(found: Found) -> None:
    assert ("not yet", "1") not in found


def test_the_page_and_the_warning_card_disagree_about_the_buttocks() -> None:
    assert "professional care" in RULES.by_id("E07").tier_conflict
    assert {source.kind for source in RULES.by_id("E07").sources} >= {"page", "framework"}


def test_tasks_and_shorter_times() -> None:
    assert (RULES.by_id("U02").arms[3].task, RULES.by_id("U10").arms[0].task) == ("ask where", "ask onset")
    assert [arm.due_working_days for arm in RULES.by_id("R02").arms] == [2, 0]
