"""The dates of the query language: a day, month, year or range → the prefixes that make it up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date

_DATE = re.compile(r"([0-9]{4})(?:[-/.年]?([0-9]{1,2})(?:[-/.月]?([0-9]{1,2})日?)?)?[年月]?")
_RANGE = re.compile(r"([<>]=?)?(.*?)(?:(\.\.\.?|。。)(.*))?", re.DOTALL)
_FIRST, _LAST = "00000101", "99991231"
# How a date grows from one width of token to the next: digits of the year, month, day.
_STEPS: dict[int, Sequence[str]] = {
    **dict.fromkeys(range(4), "0123456789"),
    4: [f"{month:02}" for month in range(1, 13)],
    6: [f"{day:02}" for day in range(1, 32)],
}


def date_prefixes(value: str) -> list[str] | None:
    """Return the fewest prefixes of YYYYMMDD that make up a day, month, year, `from..to`, `>`,
    `>=`, `<` or `<=`; none for a range that ends before it begins, None for what is no date."""
    # As an input method for Chinese writes it: full-width digits and signs, … for the dots.
    value = unicodedata.normalize("NFKC", value).replace("≥", ">=").replace("≤", "<=")
    sign, first, dots, last = _RANGE.fullmatch(value).groups()  # type: ignore[union-attr]
    low, high = _span(first), _span(last) if dots else _span(first)
    if not low or not high or not (first or last) or (sign and dots):
        return None
    bounds = {
        None: (low[0], high[1]),
        ">=": (low[0], _LAST),
        ">": (f"{int(low[1]) + 1:08}", _LAST),
        "<=": (_FIRST, high[1]),
        "<": (_FIRST, f"{int(high[0]) - 1:08}"),
    }
    return list(_cover(*bounds[sign]))


def _span(value: str) -> tuple[str, str] | None:
    """Return the first and last day that a day, month or year names; of nothing, all days."""
    match = _DATE.fullmatch(value)
    if not match:
        return None if value else (_FIRST, _LAST)
    year, month, day = match[1], (match[2] or "").zfill(2), (match[3] or "").zfill(2)
    try:
        date(int(year) or 1, int(month) or 1, int(day) or 1)
    except ValueError:
        return None
    prefix = year + (month if match[2] else "") + (day if match[3] else "")
    return prefix + _FIRST[len(prefix) :], prefix + _LAST[len(prefix) :]


def _cover(low: str, high: str, prefix: str = "") -> Iterator[str]:
    """Yield the fewest years, months and days, as prefixes of dates, that make up a range."""
    first, last = prefix + _FIRST[len(prefix) :], prefix + _LAST[len(prefix) :]
    if low <= first and last <= high:
        yield prefix
    elif first <= high and low <= last:
        for step in _STEPS[len(prefix)]:
            yield from _cover(low, high, prefix + step)
