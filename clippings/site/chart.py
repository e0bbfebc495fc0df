"""Series of counts → where their lines, rulings and labels stand in a chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log1p, log10

from clippings.search.timeline import period_names


@dataclass(frozen=True, slots=True)
class Chart:
    """Where things stand, in percent of the chart: x from the left, y from the top.

    `rulings` are (value, y), `labels` (index of a period, x, whether a phone has room for it);
    `lines` hold a point (x, y) for each value.
    """

    rulings: list[tuple[float, float]]
    labels: list[tuple[int, float, bool]]
    lines: list[list[tuple[float, float]]]


def level(value: int, most: int) -> int:
    """Return the shade of a count, from 0 to 4, where the greatest count is `most`.

    By the logarithm: one great day leaves the others their differences.
    """
    return ceil(4 * log1p(value) / log1p(most)) if most else 0


def without_gaps(counts: Mapping[str, int], most: int = 120) -> list[tuple[str, int]]:
    """Return (month, count) of each month from the first to the last: 2021-11, 2021-12, 2022-01.

    Months without an entry count 0. Where they would be more than `most`, years are counted.
    """
    if not counts:
        return []
    found = Counter(counts)
    names = period_names("month", min(counts), max(counts))
    if len(names) > most:
        for month, count in counts.items():
            found[month[:4]] += count
        names = period_names("year", names[0][:4], names[-1][:4])
    return [(name, found[name]) for name in names]


def chart(lines: Sequence[Sequence[float]], periods: int, least: float = 0) -> Chart:
    """Lay out lines of `periods` values each on a common scale that begins at 0.

    Each period has a band of its own, its value in the middle. `least` is the smallest step
    between rulings: 1 for what is counted.
    """
    step, most = _scale(max((value for line in lines for value in line), default=0), least)
    across = [_percent(index + 0.5, periods) for index in range(periods)]
    return Chart(
        [(step * index, 100 - _percent(index, most)) for index in range(most + 1)],
        _labels(across),
        [
            [(x, 100 - _percent(y, step * most)) for x, y in zip(across, line, strict=True)]
            for line in lines
        ],
    )


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 3)


def _scale(top: float, least: float) -> tuple[float, int]:
    """The step between rulings, 1, 2 or 5 times a power of ten, and how many reach `top`."""
    if top <= 0:
        return 1, 1
    power = 10.0 ** floor(log10(top / 4))
    step = max(least, next(power * factor for factor in (1, 2, 5, 10) if power * factor * 5 >= top))
    return step, ceil(round(top / step, 6))


def _labels(across: Sequence[float], most: int = 8) -> list[tuple[int, float, bool]]:
    """At most `most` periods that are named below the chart; some three of them on a phone."""
    every = ceil(len(across) / most) or 1
    chosen = list(enumerate(across))[::every]
    thin = ceil(len(chosen) / 3)
    return [(index, x, place % thin == 0) for place, (index, x) in enumerate(chosen)]
