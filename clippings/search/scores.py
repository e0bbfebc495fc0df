"""How much more often words stand here than there: measures of corpus linguistics, on arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]

SIGNIFICANT = 15.13
"""Log-likelihood from which on chance has a probability of less than 0.0001 (chi-squared, one
degree of freedom; Rayson, Berridge and Francis 2004)."""


def log_likelihood(here: Counts, size: int, there: Counts, other_size: int) -> Scores:
    """Return G2 = 2 sum O ln(O / E) of words that stand `here` times among `size` and `there`
    times among `other_size` (Dunning 1993; in this form Rayson and Garside 2000). It is 0 for
    those that are not more frequent here."""
    share = (here + there) / (size + other_size)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [
            np.where(seen > 0, seen * np.log(seen / (total * share)), 0)
            for seen, total in ((here, size), (there, other_size))
        ]
    return np.where(here > size * share, 2 * (terms[0] + terms[1]), 0)


def log_dice(together: Counts, first: int, second: Counts) -> Scores:
    """Return 14 + log2(2 f(xy) / (f(x) + f(y))): 14 where two words are always together, one less
    for half as often; it does not grow with the texts (Rychly 2008)."""
    return 14 + np.log2(2 * np.maximum(together, 0.5) / np.maximum(first + second, 1))


def log_ratio(here: Counts, size: int, there: Counts, other_size: int) -> Scores:
    """Return the binary logarithm of how many times as frequent words are here: 1 is twice, 2 four
    times; one that stands nowhere counts half a time (Hardie 2014)."""
    return np.log2(np.maximum(here, 0.5) / size / (np.maximum(there, 0.5) / other_size))
