"""Rules that look at several things together: a table in, outcomes out. How a table is written: `tests.rule_tables`."""
from tests.rule_tables import RULES, Check


def test_a_heart_attack_without_chest_pain(check: Check) -> None:
    """Old symptoms count. Where the place is not recorded the upper back is assumed, unless the patient names others and never it."""
    check("""
        patient_id | day | locations | radiates_to | sweating | faint | nausea | longstanding | E02 | U09
        1          | 100 | mid_back  |             | yes      |       |        | yes          | E   | ?
        2          | 100 | mid_back  | arm_left    |          |       |        |              | E   | ?
        3          | 100 | mid_back  |             | no       | no    | no     |              | no  | ?
        4          | 100 | mid_back  |             |          |       |        |              | ?   | ?
        5          | 100 | neck      | arm_left    |          |       |        |              | no  | no
        6          | 100 |           |             | yes      |       |        |              | E   | ?
        7          | 98  |           |             | yes      |       |        |              | ?   | no
        7          | 100 | neck      |             |          |       |        |              |     |
        8          | 100 | mid_back  |             |          |       | yes    |              | ?   | U
        9          | 100 | mid_back  |             | yes      |       | yes    |              | E   | ?
        """)


def test_lung(check: Check) -> None:
    check("""
        locations | coughing_blood | faint | one_leg_swelling | sudden_breathlessness | pain_on_breathing | clot_risk | E03 | U04
        mid_back  | yes            |       |                  |                       |                   |           | E   | no
                  |                | yes   |                  |                       |                   |           | E   | no
        leg_left  |                | yes   |                  |                       | no                |           | no  | no
        mid_back  |                |       |                  |                       | yes               | yes       | E   | no
        mid_back  |                |       |                  |                       | yes               | no        | ?   | U
        low_back  | no             | no    | no               | no                    | yes               | no        | no  | no
        mid_back  |                |       |                  |                       |                   |           | ?   | ?
        """)


def test_exertion_and_rest(check: Check) -> None:
    check("""
        locations | exertional | aggravated_by | relief_helped | nausea | palpitations | U09
        mid_back  | yes        |               | rest          |        |              | U
        mid_back  | yes        |               | heat_pack     | no     | no           | no
        mid_back  | yes        |               |               | no     | no           | ?
        mid_back  |            | exertion      | rest          |        |              | U
        neck      | yes        |               | rest          |        |              | no
        """)


def test_cord_and_cauda_equina(check: Check) -> None:
    check("""
        patient_id | day | locations                   | both_legs | sexual_dysfunction | leg_weakness | major_trauma | longstanding | E08 | E09 | E14
        1          | 100 | low_back;leg_left;leg_right |           |                    |              |              |              | E   | ?   | ?
        2          | 100 | low_back;leg_left;leg_right |           |                    |              |              | yes          | ?   | ?   | ?
        3          | 100 | low_back;leg_left           | yes       | no                 |              | no           |              | E   | no  | no
        4          | 100 | low_back;leg_left           | no        | yes                |              |              |              | no  | E   | ?
        5          | 100 | low_back                    | yes       | yes                |              |              | yes          | no  | no  | ?
        6          | 100 |                             |           | yes                |              |              |              | ?   | E   | ?
        7          | 85  | mid_back                    |           |                    |              | yes          |              | no  | ?   | ?
        7          | 100 | mid_back                    |           |                    | yes          |              |              |     |     |
        8          | 86  | mid_back                    |           |                    |              | yes          |              | no  | ?   | E
        8          | 100 | mid_back                    |           |                    | yes          |              |              |     |     |
        9          | 100 | mid_back                    |           |                    | yes          |              |              | no  | ?   | ?
        9          | 101 | mid_back                    |           |                    |              | yes          |              |     |     |
        10         | 100 | mid_back                    |           |                    | no           | yes          |              | no  | ?   | ?
        """, as_of=101)


def test_pain_between_the_shoulder_blades(check: Check) -> None:
    """How it began decides; where nobody asked, somebody does."""
    check("""
        locations               | qualities | onset_speed | onset | severity | E11 | U10 | I02 | E10
        between_shoulder_blades | sharp     | gradual     |       |          | no  | ?   | no  | ?
        between_shoulder_blades | sharp     |             | 100   |          | ?   | U   | no  | ?
        between_shoulder_blades | sharp     | sudden      |       |          | E   | ?   | no  | ?
        between_shoulder_blades | stabbing  | sudden      | 98    | 7        | E   | ?   | no  | E
        between_shoulder_blades | sharp     | sudden      | 97    | 6        | no  | ?   | no  | ?
        between_shoulder_blades | sharp     |             | 97    |          | ?   | ?   | no  | ?
        between_shoulder_blades | twisting  |             |       |          | no  | no  | I   | ?
        between_shoulder_blades |           |             |       |          | ?   | ?   | ?   | ?
        """)
    assert RULES.by_id("U10").arms[0].task == "ask onset"


def test_the_aorta(check: Check) -> None:
    """Partial score: history and pain only."""
    check("""
        patient_id | day | locations | qualities | onset_speed | onset | worst_severity | connective_tissue_disorder | aortic_history | E10
        1          | 100 | mid_back  | tearing   |             |       |                |                            |                | E
        2          | 100 | mid_back  |           |             |       | 8              | yes                        |                | E
        3          | 100 | mid_back  |           | gradual     | 10    | 8              | yes                        |                | U
        4          | 100 | mid_back  |           | sudden      | 10    | 8              | yes                        |                | E
        5          | 100 | mid_back  |           | gradual     | 17    | 8              |                            | yes            | E
        6          | 100 | mid_back  | aching    | sudden      | 86    | 7              | no                         | no             | E
        7          | 100 | mid_back  | aching    | sudden      | 85    | 7              | no                         | no             | no
        8          | 100 | low_back  | aching    | sudden      |       | 7              |                            |                | U
        9          | 60  | low_back  | aching    | gradual     |       | 3              | no                         | no             | no
        9          | 80  | low_back  | aching    | gradual     |       | 3              |                            |                |
        9          | 100 | low_back  | aching    | sudden      |       | 7              |                            |                |
        10         | 100 | arm_left  | tearing   | sudden      |       | 9              | no                         | no             | no
        11         | 100 |           | ripping   |             |       |                |                            |                | E
        12         | 100 | mid_back  | aching    | gradual     |       |                |                            |                | ?
        """)


def test_known_cancer(check: Check) -> None:
    check("""
        locations | cancer_history | gait_difficulty | night_pain | qualities | trend | weight_loss | E12 | U05
        mid_back  | yes            |                 |            |           |       |             | ?   | U
        mid_back  | yes            | yes             |            |           |       |             | E   | U
        mid_back  | no             | yes             |            |           |       |             | no  | no
        mid_back  |                | yes             |            |           |       |             | ?   | ?
        low_back  | yes            |                 | yes        |           |       |             | ?   | U
        low_back  | yes            |                 |            | numb      | worse |             | E   | U
        low_back  | yes            |                 | no         |           | same  | no          | ?   | ?
        arm_left  | yes            | yes             |            |           | worse |             | no  | no
                  | yes            | yes             |            |           |       |             | E   | ?
        """)


def test_infection(check: Check) -> None:
    """The new symptom up to 7 days from the fever; very unwell on the same or an adjacent day."""
    check("""
        patient_id | day | locations  | fever | rigors | leg_weakness | confusion | urinary_pain | immunosuppressed | onset | trend | E13 | E16 | U03 | U06
        1          | 93  | mid_back   |       |        | yes          |           |              |                  |       |       | E   | ?   | no  | ?
        1          | 100 | mid_back   | yes   |        |              |           |              |                  |       |       |     |     |     |
        2          | 92  | mid_back   |       |        | yes          |           |              |                  |       |       | ?   | ?   | no  | ?
        2          | 100 | mid_back   | yes   |        |              |           |              |                  |       |       |     |     |     |
        3          | 99  | flank_left |       |        |              | yes       |              | yes              | 10    |       | ?   | E   | U   | ?
        3          | 100 | low_back   |       | yes    |              |           |              |                  | 10    | same  |     |     |     |
        4          | 100 | low_back   | no    | no     | no           | no        | yes          | yes              | 16    |       | no  | no  | U   | U
        5          | 100 | low_back   | no    | no     |              |           | no           | yes              |       |       | no  | no  | ?   | U
        6          | 100 | low_back   |       |        |              |           |              |                  |       |       | ?   | ?   | ?   | ?
        7          | 100 | arm_left   | yes   |        |              |           |              | no               |       |       | no  | ?   | no  | no
        """)


def test_fracture(check: Check) -> None:
    check("""
        patient_id | day | locations | birth_year | sex    | onset_speed | onset | steroid_use | osteoporosis | major_trauma | minor_trauma | U07
        1          | 100 | mid_back  | 1954       |        |             |       |             |              |              |              | ?
        2          | 100 | mid_back  | 1954       | female | gradual     |       | no          | no           | no           | no           | no
        3          | 100 | mid_back  | 1954       | female | sudden      |       |             |              |              |              | U
        4          | 100 | mid_back  | 1956       | female | sudden      |       | no          | no           | no           |              | no
        5          | 100 |           | 1976       | female |             |       | yes         |              |              |              | U
        6          | 100 | mid_back  | 1976       | male   |             |       | yes         | no           | no           |              | no
        7          | 100 | mid_back  | 1976       | male   | gradual     |       | no          | yes          | no           | yes          | U
        8          | 100 | mid_back  | 1976       | male   | sudden      | 16    | no          | yes          | no           | no           | U
        9          | 100 | mid_back  | 1976       | male   | sudden      | 15    | no          | yes          | no           | no           | no
        10         | 86  | arm_left  |            |        |             |       |             |              | yes          |              | U
        10         | 100 | mid_back  |            |        |             |       |             |              |              |              |
        11         | 85  | arm_left  |            |        |             |       | no          | no           | yes          |              | ?
        11         | 100 | mid_back  |            |        |             |       |             |              |              |              |
        """)


def test_spleen_collapse_and_urgent(check: Check) -> None:
    check("""
        patient_id | day | locations          | faint | major_trauma | urgent | E15 | U12 | U11
        1          | 100 | left_upper_abdomen | yes   |              |        | E   | U   | ?
        2          | 100 | shoulder_left      | yes   |              | yes    | no  | U   | U
        3          | 86  | arm_left           | no    | yes          | no     | no  | U   | no
        3          | 100 | shoulder_left      |       |              |        |     |     |
        4          | 85  | arm_left           | no    | yes          | no     | no  | no  | no
        4          | 100 | shoulder_left      |       |              |        |     |     |
        5          | 99  | flank_left         |       |              |        | E   | no  | ?
        5          | 100 | arm_left           | yes   |              |        |     |     |
        6          | 100 |                    | yes   |              |        | E   | ?   | ?
        7          | 100 | mid_back           |       |              |        | ?   | no  | ?
        """)


def test_context_is_information(check: Check) -> None:
    check("""
        birth_year | sex    | onset_speed | locations | fever | all else | I01 | U07 | U01 | bucket           | R03
        1954       |        |             |           |       | x        | I   | ?   | ?   | no_criterion_met | ?
        1954       | female | gradual     | mid_back  |       | x        | I   | ?   | ?   | no_criterion_met | no
        1990       |        |             | arm_left  | yes   |          | I   | ?   | no  | not_assessable   | no
        1990       |        |             |           |       |          | ?   | ?   | ?   | not_assessable   | no
        """)


def test_worse_than_the_week_before(check: Check) -> None:
    """Three diary days in each week; 2 points and 30 percent. Near the end of the scale 1 point, since 30 percent more lies beyond it."""
    rows = [("1", "3 3 3 5 5 5", "R"), ("2", "5 5 5 7 7 7", "U"), ("3", "3 3 3 4.9 4.9 4.9", "no"), ("4", "3 3 - 5 5 5", "?"),
            ("5", "6.9 6.9 6.9 8.9 8.9 8.9", "no"), ("7", "8 8 8 9 9 9", "U"),
            ("8", "8.1 8.1 8.1 9 9 9", "no"), ("9", "9 9 9 10 10 10", "U"), ("10", "9.5 9.5 9.5 10 10 10", "no")]
    lines = [f"{patient} | {day} | {'' if cell == '-' else cell} | {wanted}"
             for patient, cells, wanted in rows for day, cell in zip((90, 91, 92, 98, 99, 100), cells.split(), strict=True)]
    check("patient_id | day | severity | R06\n" + "\n".join(lines) + "\n6 | 93 | 3 | ?\n6 | 100 | 5 | ?")


def test_nine_and_more_on_five_of_seven_days(check: Check) -> None:
    """Whoever is up there cannot become worse; whether something helped does not matter."""
    rows = [("1", "9 10 9 9 9", "R", "no"), ("2", "9 9 9 9 8", "no", "no"), ("3", "9 9 9 9 -", "no", "no"), ("4", "- - - - -", "?", "no")]
    lines = [f"{patient} | {day} | {'' if cell == '-' else cell} | heat_pack | {wanted} | {urgent}"
             for patient, cells, wanted, urgent in rows for day, cell in zip((94, 95, 97, 98, 100), cells.split(), strict=True)]
    check("patient_id | day | worst_severity | relief_helped | R12 | U08\n" + "\n".join(lines))
    check("patient_id | day | severity | R12\n" + "\n".join(f"1 | {day} | 9 | {'no'}" for day in range(80, 85)), as_of=99)


def test_interference_on_four_of_seven_days(check: Check) -> None:
    rows = [("1", "7 7 7 7", "R"), ("2", "7 7 7 6.9", "no"), ("3", "9 9 9 -", "?")]
    lines = [f"{patient} | {day} | {'' if cell == '-' else cell} | {wanted}"
             for patient, cells, wanted in rows for day, cell in zip((94, 96, 98, 100), cells.split(), strict=True)]
    check("patient_id | day | interference | R07\n" + "\n".join(lines))


def test_silence(check: Check) -> None:
    """More than 7 days, and more than three times what is usual for the patient."""
    check("""
        patient_id | day | severity | leg_weakness | birth_year | R10
        1          | 92  | 7        |              |            | R
        2          | 93  | 7        |              |            | no
        3          | 92  | 6.9      |              |            | no
        4          | 92  |          |              |            | ?
        5          | 92  | 2        | yes          |            | R
        6          | 87  | 7        |              |            | no
        6          | 91  | 7        |              |            |
        """)


def test_lasting_back_pain_from_sixty(check: Check) -> None:
    check("""
        severity | onset | locations | birth_year | R03
        5        | 58    | mid_back  | 1966       | R
        5        | 59    | mid_back  | 1966       | no
        5        | 58    | mid_back  | 1967       | no
        5        | 58    | mid_back  |            | ?
        """)
