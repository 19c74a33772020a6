"""Cells that a spreadsheet would run as a formula: written with one leading apostrophe, read back without it.

A text that already begins with apostrophes before such a character gets one more, so that reading takes off exactly the one
that writing put on.
"""
import re

import pyarrow
import pyarrow.compute

_RUNS = re.compile(r"'*[=+\-@\t\r]")
_NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")


def neutralised(text: str) -> str:
    return "'" + text if _RUNS.match(text) else text


def restored(text: str) -> str:
    return text[1:] if _NEUTRALISED.match(text) else text


def neutralised_column(texts: pyarrow.Array) -> pyarrow.Array:
    return pyarrow.compute.replace_substring_regex(texts, r"\A('*[=+\-@\t\r])", r"'\1")


def restored_column(texts: pyarrow.Array) -> pyarrow.Array:
    return pyarrow.compute.replace_substring_regex(texts, r"\A'('*[=+\-@\t\r])", r"\1")
