"""How the work is spread: the same `map`, in this process, over a pool of them, or on a cluster.

    chunks of items ─► executor ─► workers      a bounded number in flight; any worker, any order
    results         ◄─ in the order of the items, to the one who writes

So memory does not grow with the archive, and nobody can tell who did the work.
"""

from __future__ import annotations

import concurrent.futures  # its pool of processes is loaded when it is first used
import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from itertools import chain
from typing import Protocol, TypeVar

from clippings.models import BuildError

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Sequence[Item]], list[Result]]

CHUNK = 64
"""Items a worker takes at a time: large enough to hide the cost of a message."""

CHUNKS_IN_FLIGHT = 3
"""Chunks in flight for each worker, so that none waits for the writer."""

NEW_OBJECTS = 100_000
"""Objects made between two looks for cycles (Python's own is 700): an article makes thousands, and
a look for every few articles finds as much as hundreds do."""


class Mapper(Protocol):
    """A `map` over a sequence whose results come in the order of the items."""

    def __call__(self, work: Work[Item, Result], items: Sequence[Item], /) -> Iterator[Result]:
        """Give the results of the function, which takes a chunk of the items at a time."""


def usable_cores() -> int:
    """Return how many processor cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def collect_seldom() -> None:
    """Look for cycles of garbage seldom in this process, and in those that it forks."""
    gc.set_threshold(NEW_OBJECTS)


def mapper(jobs: int) -> Mapper:
    """Return the map for so many processes at once; one job stays in this process."""

    def in_pool(work: Work[Item, Result], items: Sequence[Item]) -> Iterator[Result]:
        if not items:
            return
        gc.freeze()  # what is loaded by now stays: nobody need look at it, or copy its pages
        with concurrent.futures.ProcessPoolExecutor(jobs, initializer=_follow_parent) as pool:
            try:
                yield from ordered_map(pool, jobs, work, items, _result)
            finally:
                pool.shutdown(cancel_futures=True)

    return in_pool if jobs > 1 else _serial_map


def ordered_map(
    executor: Executor,
    workers: int,
    work: Work[Item, Result],
    items: Sequence[Item],
    result_of: Callable[[Sequence[Item], Future[list[Result]]], list[Result]],
) -> Iterator[Result]:
    """Give the results in the order of the items, a bounded number of chunks in flight;
    `result_of` waits for those of a chunk."""
    in_flight: deque[tuple[Sequence[Item], Future[list[Result]]]] = deque()
    for chunk in _chunks(items):
        in_flight.append((chunk, executor.submit(work, chunk)))
        if len(in_flight) >= workers * CHUNKS_IN_FLIGHT:
            yield from result_of(*in_flight.popleft())
    while in_flight:
        yield from result_of(*in_flight.popleft())


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[at : at + CHUNK] for at in range(0, len(items), CHUNK))


def _serial_map(work: Work[Item, Result], items: Sequence[Item]) -> Iterator[Result]:
    return chain.from_iterable(map(work, _chunks(items)))


def _result(chunk: Sequence[Item], future: Future[list[Result]]) -> list[Result]:
    try:
        return future.result()
    except BrokenExecutor:
        raise BuildError(
            f"a worker process was killed, perhaps for lack of memory, at or near {chunk[0]}; "
            "try --jobs 1"
        ) from None


def _follow_parent() -> None:
    """End with the process that owns the pool, however it ends; Ctrl-C is for that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_seldom()
    threading.Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    from multiprocessing import parent_process  # as late as the pool of processes

    parent = parent_process()
    assert parent is not None  # this is a worker
    parent.join()
    os._exit(1)
