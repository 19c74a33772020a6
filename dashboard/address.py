"""What the pages Cohort and Compare say of themselves in their address, so that a reload, the browser's back and a colleague see the same.
A saved cohort is named by its number and version; no patient is."""
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from dashboard.cohort import Cohort
from dashboard.errors import Refused
from dashboard.sample import Per

_ONE_OF = {"per": ("patient", "entry"), "more": ("no", "yes"), "landmark": ("no", "yes")}  # the first is what is not said
_REFERENCE = re.compile(r"(\d{1,9})\.(\d{1,9})", re.ASCII)


@dataclass(frozen=True)
class Address:
    question: Cohort
    per: Per = "patient"
    more: bool = False  # whether More charts are open
    frozen: tuple[int, int] | None = None  # the frozen cohort that is open, and its version
    beside: str = ""  # what Compare has as B, a code of comparison.offered; blank: everyone else
    landmark: bool = False

    def to_params(self) -> dict[str, list[str]]:
        said = {"per": self.per, "more": "yes" if self.more else "no", "landmark": "yes" if self.landmark else "no", "b": self.beside,
                "frozen": reference(*self.frozen) if self.frozen else ""}
        return self.question.to_params() | {name: [value] for name, value in said.items() if value and value != _ONE_OF.get(name, ("",))[0]}

    @classmethod
    def from_params(cls, params: Mapping[str, Sequence[str]]) -> Self:
        """Of what `to_params` made; other names are somebody else's. Raises Refused for a value that cannot be read."""
        said = {name: params[name][-1] for name in ("b", "frozen", *_ONE_OF) if params.get(name)}
        for name, known in _ONE_OF.items():
            if said.get(name, known[0]) not in known:
                raise Refused(f"{name}: this value cannot be read. Expected {' or '.join(known)}.")
        return cls(Cohort.from_params(params), said.get("per", "patient"), said.get("more") == "yes",
                   referred("frozen", said["frozen"]) if said.get("frozen") else None, said.get("b", ""), said.get("landmark") == "yes")


def reference(cohort: int, version: int) -> str:
    return f"{cohort}.{version}"


def referred(name: str, text: str) -> tuple[int, int]:
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise Refused(f"{name}: this value cannot be read. Expected the number of a saved cohort and its version, such as 3.1.")
    return int(found[1]), int(found[2])
