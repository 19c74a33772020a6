"""Whatever the bytes: a table that accounts for every row that is there, or a refusal in words. Never anything else."""
import csv
import io
import random

import numpy as np
from hypothesis import given, note
from hypothesis import strategies as st

from dashboard.errors import Refused
from dashboard.imports import tabular
from dashboard.imports.encoding import text
from dashboard.imports.tabular import Reading, Tabular
from tests.packed import workbook, zipped

_AT_ONCE = 14  # files an example: 112 in every run, 21,000 in the campaign. Drawn by a seed, because Hypothesis takes longer than the reading

_WORDS = ("", "", "", " ", "p1", "p2", "007", "5", "5,5", "2026-03-01", "neck;arm", "yes", "Total", "Mean:", "n = 3", "#1", "(0-10)", "ü – ß", "'=1",
          "a|b", "=1", "patient_id", 'he said "no"', "two\nlines", "x\r\ny", '{"ImportId":"Q1"}', "sep=;", "\u200b", "\u202ex", "\x1f", "\x85", "\u00a0",
          "\u2028", "KEY", "k1", "k2", "漢字", "😀")
_NAMES = ("patient_id", "recorded_at", "Severity", "note", "", "Größe", "a;b", "x, y", "KEY", "PARENT_KEY", "Q1", "Q1", "1", "#", "two\nlines")
_ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1", "cp850", "mac_roman")
_PIECES = (b'"', b"\0", b",", b";", b"\n", b"\r", b"\r\r\n", b"\xff", b"\xc3", b"\xfc", b"\xef\xbb\xbf", b'""', b"\t", b"#", b"PK\x03\x04", b'\n"', b"|", b"=",
           "ü".encode(), b"a,b,c\n", b" ", b"\x1f\x8b", b"\xff\xfe", b"x" * 140_000, b"," * 1_100, b"\n" * 120, b"\x81\x90", b"<", b"sep=|\n")


def _table(draw: random.Random) -> list[list[str]]:
    width = draw.randint(1, 6)

    def row(most: int, least: int = 0) -> list[str]:
        return draw.choices(_WORDS, k=draw.randint(least, most))

    header, records = draw.choices(_NAMES, k=width), [row(width, width) for _ in range(draw.randint(0, 8))]
    again = [header, *records] if draw.random() < 0.1 else []
    return [*(row(3) for _ in range(draw.choice((0, 0, 0, 1, 3)))), header, *records, *again, *(row(8) for _ in range(draw.choice((0, 0, 1, 2))))]


def _file(draw: random.Random) -> bytes:
    made = io.StringIO()
    csv.writer(made, delimiter=draw.choice(",,;\t|"), lineterminator=draw.choice(("\n", "\n", "\r\n", "\r"))).writerows(_table(draw))
    return made.getvalue().encode(draw.choice(_ENCODINGS), errors="replace")


def _how(draw: random.Random) -> Reading:
    return Reading(draw.choice((None, "utf-8", "utf-16", "cp1252", "rot13", "x\0")), draw.choice((None, ",", ";", "\t", '"', "ü", "")),
                   draw.choice((None, 1, 2, 7, 10_000)), draw.choice((None, 0, 1, 3)), draw.choice((None, "a.csv", "b.csv", "S")),
                   draw.choice((None, "", "b.csv")), draw.choice((None, ("KEY", "KEY"), ("note", "Q1"))))


def _mutated(content: bytes, draw: random.Random) -> bytes:
    for _ in range(draw.choice((0, 0, 1, 1, 2, 4))):
        at, length, piece = draw.randint(0, len(content)), draw.randint(0, 60), draw.choice(_PIECES)
        match draw.choice(("insert", "insert", "cut", "swap", "flip", "repeat", "end")):
            case "insert":
                content = content[:at] + piece + content[at:]
            case "cut":
                content = content[:at] + content[at + length:]
            case "swap":
                content = content.replace(b",", piece[:1])
            case "flip":
                content = content[:at] + bytes(byte ^ 1 << length % 8 for byte in content[at:at + 1]) + content[at + 1:]
            case "repeat":
                content = content[:at] + content[at:at + length] + content[at:]
            case "end":
                content = content[:at]
    return content


def check(made: Tabular) -> set[int]:
    """That a table hangs together; returns every sheet row that it knows of."""
    assert len(made.header) == len(set(made.header)) == len(made.columns) and tuple(made.columns) == made.header
    assert all(len(column) == len(made.rows) and not column.null_count for column in made.columns.values())
    assert (np.diff(made.rows) > 0).all()
    known = [*made.rows.tolist(), *(row for rows in made.left_out.values() for row in rows.tolist())]
    assert len(known) == len(set(known)) and made.found.header_row not in known
    for position, cells in made.ragged.items():
        assert len(cells) != len(made.header) or made.found.join
        assert 0 <= position < len(made.rows)
    assert set(made.labels) <= set(made.header)
    return {*known, made.found.header_row}


_SEEDS = st.integers(0, 2 ** 64 - 1)


@given(_SEEDS)
def test_every_file_is_read_or_refused(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(_AT_ONCE):
        content = _mutated(_file(draw), draw)
        if packed := draw.choice((0, 0, 0, 1, 2)):
            names = ("a.csv", "b.csv")[:packed]
            content = _mutated(zipped({name: _file(draw) if name == "b.csv" else content for name in names}, draw.choice((0, 8))), draw)
        how = _how(draw) if draw.random() < 0.3 else Reading()
        note(f"tabular.read({content[:2000]!r}, 'diary.csv', {how!r})")
        try:
            made = tabular.read(content, "diary.csv", how)
        except Refused as refused:
            assert str(refused).startswith("diary.csv")
            continue
        known = check(made)
        if not content.startswith(b"PK"):
            # counted by another reader of CSV than ours
            lines = csv.reader(io.StringIO(bytes(text(content, "diary.csv", how.encoding).utf8).decode(), newline=""), delimiter=made.found.delimiter)
            assert known == {number for number, cells in enumerate(lines, start=1) if any(cell.strip() for cell in cells)} | {made.found.header_row}
            assert check(tabular.read(content, "diary.csv", made.found)) == known, "what was found says how to read it again"


@given(_SEEDS)
def test_every_workbook_is_read_or_refused(seed: int) -> None:
    draw = random.Random(seed)
    controls = str.maketrans(dict.fromkeys(map(chr, (*range(9), 11, 12, *range(14, 32))), "?"))  # no XML has them
    lines = [[cell.translate(controls) or None for cell in line] for line in _table(draw)]
    whole = workbook(S=lines)
    content = _mutated(whole, draw)
    note(f"tabular.read({content!r}, 'diary.xlsx')")
    try:
        made = tabular.read(content, "diary.xlsx")
    except Refused as refused:
        assert str(refused).startswith("diary.xlsx")
        return
    known = check(made)
    if content == whole:
        assert known == {number for number, cells in enumerate(lines, start=1) if any(cell and cell.strip() for cell in cells)}
