"""Which column of a sheet is which of ours. So far every file speaks our own column names."""
from dataclasses import dataclass

from dashboard.errors import Refused
from dashboard.imports import fields
from dashboard.imports.tabular import Tabular, normalised


@dataclass(frozen=True)
class Mapping:
    """`columns`: our name to the sheet's header; `unmapped`: headers that are kept as they are; `absent`: ours that the sheet lacks."""
    columns: dict[str, str]
    unmapped: tuple[str, ...]
    service: dict[str, str]
    document: str | None = None

    @property
    def absent(self) -> tuple[str, ...]:
        return tuple(name for name in fields.COLUMNS if name not in self.columns)

    @property
    def absent_red_flags(self) -> tuple[str, ...]:
        return tuple(name for name in fields.RED_FLAGS if name not in self.columns)


def canonical(tabular: Tabular) -> Mapping:
    known = {normalised(header): header for header in tabular.header}
    missing = [name for name in fields.NEEDED if name not in known]
    if missing:
        raise Refused(f"{tabular.name}, header row: no column {' and no column '.join(missing)}. Expected the column names of the template; "
                      f"only {' and '.join(fields.NEEDED)} are required.")
    ours = {*fields.COLUMNS, *fields.SERVICE}
    return Mapping({name: known[name] for name in fields.COLUMNS if name in known},
                   tuple(header for name, header in known.items() if name not in ours),
                   {name: known[name] for name in fields.SERVICE if name in known})
