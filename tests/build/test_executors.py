"""One process or several: the same results in the same order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice

import pytest

from clippings.build.executors import CHUNK, CHUNKS_IN_FLIGHT, mapper
from clippings.models import BuildError


def double(numbers: Sequence[int]) -> list[int]:
    return [number * 2 for number in numbers]


def fall_over(numbers: Sequence[int]) -> list[int]:
    if 3 in numbers:
        os._exit(9)
    return list(numbers)


def stumble(numbers: Sequence[int]) -> list[int]:
    raise ValueError(f"bug at {numbers[0]}")


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, CHUNK, CHUNK * CHUNKS_IN_FLIGHT * 4 + 1])
def test_results_come_in_order(jobs: int, count: int) -> None:
    """However many processes, the results are those of map."""
    assert list(mapper(jobs)(double, range(count))) == double(range(count))


def test_a_reader_may_stop_early() -> None:
    """Leaving the results half read ends the pool and raises nothing."""
    results = mapper(2)(double, range(10_000))
    assert list(islice(results, 3)) == [0, 2, 4]
    results.close()  # type: ignore[attr-defined]  # the pool's map is a generator


def test_a_killed_worker_is_told_with_the_file(tmp_path: object) -> None:
    """When the system kills a worker the error names where it happened."""
    with pytest.raises(BuildError, match="killed"):
        list(mapper(2)(fall_over, range(CHUNK)))


def test_a_bug_is_not_swallowed() -> None:
    """An unexpected error reaches the caller as it is."""
    with pytest.raises(ValueError, match="bug at 0"):
        list(mapper(2)(stumble, range(3)))
