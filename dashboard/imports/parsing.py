"""Our columns of a sheet, parsed distinct text by distinct text; whatever cannot be read is said as it was written."""
import numpy as np
import pyarrow
import pyarrow.compute as compute

from dashboard.imports import fields
from dashboard.imports.apply import Mapped
from dashboard.imports.cells import Bad, Parser
from dashboard.imports.columns import Column
from dashboard.imports.problems import Problems

LONGEST_ID = 200
_PLAIN = Column()
_HIDDEN = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"
_CUT_OFF = r"^(\d([.,]\d+)?[eE]\+\d{2,3}|\d{16,}\.0)$"  # 1.23457E+11: a long number as a spreadsheet has it; several ids would become one


class Sheet:
    """What cannot be read is noted as a problem and leaves null behind."""

    def __init__(self, mapped: Mapped, problems: Problems) -> None:
        self.mapped, self.problems, self.count = mapped, problems, mapped.count
        self.notes: list[str] = []

    def header(self, name: str) -> str:
        return self.mapped.fields[name].header if name in self.mapped.fields else name

    def texts(self, name: str) -> pyarrow.DictionaryArray:
        if name in self.mapped.fields:
            return self.mapped.fields[name].texts
        return pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(self.count, np.int32)), pyarrow.array([""]))

    def wrong(self, name: str, bads: dict[int, Bad]) -> None:
        """Says so of the text as it was written."""
        field = self.mapped.fields.get(name)
        if field is None:
            self.problems.cells(name, self.texts(name), bads, self.problems.first)
        else:
            self.problems.cells(field.header, field.written, bads, field.at)

    def parsed(self, name: str, parse: Parser) -> tuple[pyarrow.DictionaryArray, list[object], dict[int, Bad]]:
        """The value of each distinct text, None for a blank one or one that cannot be read."""
        field, texts, values = self.mapped.fields[name], self.texts(name), []
        bads = dict(field.bads)
        for number, text in enumerate(texts.dictionary.to_pylist()):
            value, text = None, text.strip()
            if text:
                try:
                    value = parse(text)
                except Bad as bad:
                    bads[number] = bad
            values.append(value)
        self.wrong(name, bads)
        if name in fields.SCORES and any(bad.code == "out_of_range" for bad in bads.values()) and not self.mapped.mapping.columns.get(name, _PLAIN).scale:
            self.notes.append(f"{field.header} holds numbers beyond 0 to 10. If its scale is another one, say so in the mapping.")
        return texts, values, bads

    def column(self, name: str, parse: Parser, kind: pyarrow.DataType) -> pyarrow.Array:
        if name not in self.mapped.fields:
            return pyarrow.nulls(self.count, kind)
        texts, values, _ = self.parsed(name, parse)
        return pyarrow.array(values, kind).take(texts.indices)

    def identifier(self, name: str, *, needed: bool = False) -> pyarrow.DictionaryArray:
        """Kept as text, leading zeros and all; only the space around it goes."""
        texts = self.texts(name)
        trimmed = compute.utf8_trim_whitespace(texts.dictionary)
        bads: dict[int, Bad] = dict(self.mapped.fields[name].bads) if name in self.mapped.fields else {}
        hidden = Bad("hidden_characters", "an id without line breaks, tabs or invisible characters")
        shortened = Bad("spoiled_id", "the whole id; a spreadsheet has cut off its last digits: look up what was written, and format that column as text")
        for mistaken, bad in ((compute.equal(trimmed, ""), Bad("required", f"a {name.replace('_', ' ')}")),
                              (compute.match_substring_regex(trimmed, _HIDDEN), hidden),
                              (compute.match_substring_regex(trimmed, _CUT_OFF), shortened),
                              (compute.greater(compute.utf8_length(trimmed), LONGEST_ID), Bad("too_long", f"at most {LONGEST_ID} characters"))):
            if needed or bad.code != "required":
                bads.update(dict.fromkeys(np.flatnonzero(mistaken.to_numpy(zero_copy_only=False)).tolist(), bad))
        self.wrong(name, bads)
        again = trimmed.dictionary_encode()
        return pyarrow.DictionaryArray.from_arrays(again.indices.take(texts.indices), again.dictionary)
