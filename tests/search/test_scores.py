"""The measures, against worked examples of their literature."""

from __future__ import annotations

import numpy as np
import pytest

from clippings.search.scores import SIGNIFICANT, log_dice, log_likelihood, log_ratio


def counts(*values: int) -> np.ndarray:
    return np.array(values)


def test_log_likelihood_is_that_of_two_cells() -> None:
    """G2 by hand; 0 for what is not more frequent here, also where it stands nowhere."""
    found = log_likelihood(counts(100, 10, 20, 0), 10_000, counts(20, 10, 20, 0), 10_000)
    by_hand = 2 * (100 * np.log(100 / 60) + 20 * np.log(20 / 60))
    assert found.tolist() == pytest.approx([by_hand, 0, 0, 0])
    assert log_likelihood(counts(12), 1000, counts(0), 1000)[0] > SIGNIFICANT


def test_log_dice_is_fourteen_at_most() -> None:
    """14 for words that are always together, one less for half of that (Rychly 2008)."""
    assert log_dice(counts(50, 25), 50, counts(50, 50)).tolist() == [14, 13]


def test_log_ratio_is_a_doubling_a_point() -> None:
    """Twice as frequent is 1, half as frequent -1; none counts half (Hardie 2014)."""
    assert log_ratio(counts(40, 10, 4), 1000, counts(20, 20, 0), 1000).tolist() == [1, -1, 3]
