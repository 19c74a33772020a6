"""The sheet that is handed over: self-contained, escaped, cut where it says so."""
import pandas as pd

from dashboard.days import spoken
from dashboard.printed import LAST_ENTRIES, hand_over

AS_OF = 20_500


def sheet(flags: pd.DataFrame | None = None, entries: pd.DataFrame | None = None, notes: list[tuple[int, str]] | None = None) -> str:
    return hand_over("Patient <0412>", ["Emergency · north & west", "History: Cancer"], pd.DataFrame() if flags is None else flags, "U01 fever",
                     pd.DataFrame() if entries is None else entries, notes or [], as_of=AS_OF, status_line="As of 15 Feb 2026 · rules v1",
                     disclaimer="Not monitored.")


def test_everything_is_on_it_and_nothing_is_markup() -> None:
    flags = pd.DataFrame({"Tier": ["⬢ Emergency"], "Why": ["<script>alert(1)</script>"]})
    text = sheet(flags, pd.DataFrame({"When": ["today"], "Reported": ["a < b"]}), [(AS_OF - 29, "<b>ערב</b>\nsecond line"), (AS_OF - 30, "too old")])
    for part in ("Patient &lt;0412&gt;", "north &amp; west", "History: Cancer", "As of 15 Feb 2026", "Not monitored.", "⬢ Emergency", "&lt;script&gt;",
                 "a &lt; b", "U01 fever", '<p class="note" dir="auto">&lt;b&gt;ערב&lt;/b&gt;\nsecond line</p>', f"to {spoken(AS_OF)}"):
        assert part in text
    assert "too old" not in text
    assert not any(part in text for part in ("<script", "http:", "https:", "src=", "url("))


def test_what_is_cut_is_said() -> None:
    entries = pd.DataFrame({"When": [f"day {n}" for n in range(25)], "Denied": "a long list"})
    text = sheet(entries=entries)
    assert f"Last {LAST_ENTRIES} of 25 entries" in text
    assert "day 9<" in text and "day 10<" not in text
    assert "No flag: no criterion met in what was recorded." in text and "<p>None.</p>" in text
