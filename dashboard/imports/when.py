"""When an entry was: its local day, its time as far as it is known, and what is counted back from it."""
import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as compute

from dashboard.days import date_of
from dashboard.imports.cells import MICROSECONDS, Bad, Parser, a_clock, a_day, a_number
from dashboard.imports.parsing import Sheet


def moments(sheet: Sheet, today: int) -> dict[str, pyarrow.Array]:
    """A timestamp is a date and a rest: there are few of either, where there may be a million of the two together."""
    texts = sheet.texts("recorded_at")
    trimmed = compute.utf8_trim_whitespace(texts.dictionary)
    dates, rests = (compute.utf8_slice_codeunits(trimmed, *bounds).dictionary_encode() for bounds in ((0, 10), (10,)))

    def read(parts: pyarrow.DictionaryArray, parse: Parser) -> tuple[list[object], np.ndarray, dict[int, Bad]]:
        values: list[object] = []
        bads: dict[int, Bad] = {}
        for number, text in enumerate(parts.dictionary.to_pylist()):
            try:
                values.append(parse(text))
            except Bad as bad:
                bads[number] = bad
                values.append(None)
        return values, np.isin(parts.indices.to_numpy(), list(bads)), bads

    def not_future(text: str) -> int:
        if not text:
            raise Bad("required", "a date, or a date and time")
        day = a_day(text, "a date, or a date and time: 2026-03-31, 2026-03-31T18:05 or 2026-03-31T18:05+02:00")
        if day > today + 1:
            raise Bad("future_date", f"a day up to {date_of(today + 1)}")
        return day

    day_values, wrong_date, date_bads = read(dates, not_future)
    clocks, wrong_rest, rest_bads = read(rests, a_clock)
    wrong = np.flatnonzero(wrong_date | wrong_rest).tolist()
    date_at, rest_at = dates.indices.to_numpy(), rests.indices.to_numpy()
    sheet.wrong("recorded_at", {**{number: date_bads.get(date_at[number]) or rest_bads[rest_at[number]] for number in wrong},
                                **sheet.mapped.fields["recorded_at"].bads})
    at = texts.indices
    day = pyarrow.array(day_values, pyarrow.int32()).take(dates.indices).take(at)
    pairs = [clock or (None, None) for clock in clocks]
    clock = pyarrow.array([clock for clock, _ in pairs], pyarrow.int64()).take(rests.indices).take(at)
    offset = pyarrow.array([zone for _, zone in pairs], pyarrow.int16()).take(rests.indices).take(at)
    if sheet.mapped.mapping.reading.time_zone:
        offset = _offsets(sheet, day, clock, offset)
    midnight = compute.multiply(day.cast(pyarrow.int64()), 86_400 * MICROSECONDS)
    instant = compute.subtract(compute.add(midnight, clock), compute.multiply(offset.cast(pyarrow.int64()), 60 * MICROSECONDS))
    precision = compute.if_else(compute.is_valid(offset), "instant", compute.if_else(compute.is_valid(clock), "local", "date"))
    return {"day": day, "time_of_day": clock, "utc_offset": offset, "occurred_at": instant.cast(pyarrow.timestamp("us")), "precision": precision}


def _offsets(sheet: Sheet, day: pyarrow.Array, clock: pyarrow.Array, offset: pyarrow.Array) -> pyarrow.Array:
    """Local times with the offset of the declared time zone at that time: in the hour that comes twice, of the earlier one. A time in
    the hour that daylight saving leaves out cannot be."""
    zone, field = sheet.mapped.mapping.reading.time_zone, sheet.mapped.fields["recorded_at"]
    bare = np.flatnonzero(compute.and_(compute.is_valid(clock), compute.is_null(offset)).to_numpy(zero_copy_only=False))
    if not len(bare):
        return offset
    take = pyarrow.array(bare)
    clocks = clock.take(take).to_numpy()
    local = pd.DatetimeIndex((day.take(take).to_numpy().astype(np.int64) * 86_400 * MICROSECONDS + clocks).astype("datetime64[us]"))
    earlier, later = (local.tz_localize(zone, ambiguous=np.full(len(local), first), nonexistent="NaT").tz_convert("UTC").tz_localize(None)
                      for first in (True, False))
    absent = np.asarray(earlier.isna())
    twice = int((np.asarray(earlier != later) & ~absent).sum())
    if absent.any():
        sheet.problems.add(bare[absent], field.header, "impossible_time", field.written.take(pyarrow.array(bare[absent])).cast(pyarrow.string()),
                           f"a time that {zone} had: the clocks went forward over it")
    if twice:
        sheet.notes.append(f"{twice:,} time{'' if twice == 1 else 's'} in the hour that {zone} had twice: taken as the earlier one.")
    found = offset.to_numpy(zero_copy_only=False).astype(float)
    found[bare] = np.asarray((local - earlier) / pd.Timedelta(minutes=1), float)
    return pyarrow.array(found, from_pandas=True).cast(pyarrow.int16())


def counted_back(sheet: Sheet, name: str, day: pyarrow.Array) -> pyarrow.Array:
    """An onset from how long the pain has lasted, a birth year from an age: back from the day of the entry."""
    if name == "onset_date":
        since = sheet.column(name, a_number(0, 36_525, " days, counted back from the day of the entry"), pyarrow.float64())
        return compute.subtract(day, compute.round(since).cast(pyarrow.int32()))
    age = sheet.column(name, a_number(0, 130, " years of age"), pyarrow.float64())
    year = compute.year(day.cast(pyarrow.date32()))
    return compute.subtract(year, compute.floor(age).cast(pyarrow.int64())).cast(pyarrow.int16())
