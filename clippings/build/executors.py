"""How the work is spread: the same `map`, in this process or over a pool of them.

Each gives the results in the order of the items, and never works far ahead of
the one who takes them, so memory does not grow with the archive.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain
from typing import Any, Protocol, TypeVar

from clippings.models import BuildError

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 16
"""Items a worker takes at a time: large enough to hide the cost of a message."""

CHUNKS_IN_FLIGHT = 4
"""Chunks under way for each worker, so that none waits for the writer."""


class Mapper(Protocol):
    """A `map` over a sequence whose results come in the order of the items."""

    def __call__(
        self, function: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], /
    ) -> Iterator[Result]:
        """Give the results of the function, which takes a chunk of the items at a time."""


def usable_cores() -> int:
    """The processor cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def mapper(jobs: int) -> Mapper:
    """The map for so many processes at once; one job stays in this process."""
    return _PoolMap(jobs) if jobs > 1 else _serial_map


def _chunks(items: Sequence[Item]) -> list[Sequence[Item]]:
    return [items[at : at + CHUNK] for at in range(0, len(items), CHUNK)]


def _serial_map(
    function: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item]
) -> Iterator[Result]:
    return chain.from_iterable(map(function, _chunks(items)))


class _PoolMap:
    """`map` over a process pool, a bounded number of chunks in flight."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def __call__(
        self, function: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item]
    ) -> Iterator[Result]:
        chunks = _chunks(items)
        pool = ProcessPoolExecutor(min(self._jobs, len(chunks) or 1), initializer=_leave_ctrl_c)
        in_flight: deque[tuple[Sequence[Any], Future[list[Any]]]] = deque()
        try:
            for chunk in chunks:
                in_flight.append((chunk, pool.submit(function, chunk)))
                if len(in_flight) > self._jobs * CHUNKS_IN_FLIGHT:
                    yield from _result(*in_flight.popleft())
            while in_flight:
                yield from _result(*in_flight.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def _result(chunk: Sequence[Item], future: Future[list[Result]]) -> list[Result]:
    try:
        return future.result()
    except BrokenProcessPool:
        raise BuildError(
            f"a worker process was killed, perhaps for lack of memory, at or near {chunk[0]}; "
            "try --jobs 1"
        ) from None


def _leave_ctrl_c() -> None:
    """Ctrl-C is for the process that owns the pool; it then ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
