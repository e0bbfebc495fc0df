"""The `map` over a Dask cluster: the one module that knows Dask.

A worker that dies loses nothing: Dask has its chunks worked again elsewhere. Workers must read the
same files by the same paths and run the same code; that is checked before the work begins.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NoResult
from functools import partial
from typing import Any

from distributed import Client, KilledWorker
from distributed import TimeoutError as NoAnswer

from clippings.build.executors import Item, Mapper, Result, Work, ordered_map
from clippings.models import BuildError
from clippings.reading.identity import program

TIMEOUT = 20.0
"""Seconds for the scheduler to answer, for a worker to be there, and between two looks whether
there still is one."""


def cluster_mapper(address: str, can_read: Callable[[Any], bool]) -> Mapper:
    """Return the map over the workers of the scheduler at `address`, such as tcp://10.0.0.1:8786.

    Each worker must have our own code, and `can_read` the first item. The map raises BuildError
    where the cluster cannot do the work; its text says what to do.
    """

    def on_cluster(work: Work[Item, Result], items: Sequence[Item]) -> Iterator[Result]:
        if not items:
            return
        try:
            client = Client(address, timeout=TIMEOUT)
        except (OSError, ValueError) as error:
            raise BuildError(f"no Dask scheduler answers at {address}: {error}") from error
        with client:
            _wait_for_worker(client, address)
            _check_workers(client, partial(can_read, items[0]))
            executor = client.get_executor(pure=False)
            workers = sum(client.nthreads().values())
            yield from ordered_map(
                executor, workers, work, items, partial(_result, client, address)
            )

    return on_cluster


def _environment(can_read: Callable[[], bool]) -> Mapping[str, str]:
    """Return what results depend on besides the item: our code, what it runs on, and whether the
    sources are in reach."""
    first = "there" if can_read() else "missing"
    return {"machine": platform.node(), **program(), "the first file": first}


def _wait_for_worker(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=TIMEOUT)
    except NoAnswer:
        raise BuildError(
            f"the scheduler at {address} has no workers; start some with `dask worker {address}`"
        ) from None


def _check_workers(client: Client, can_read: Callable[[], bool]) -> None:
    """Raise BuildError where results of a worker might differ from ours."""
    here = _environment(can_read)
    try:
        environments = client.run(_environment, can_read)
    except Exception as error:  # Dask says it in several ways
        raise BuildError(
            f"the cluster cannot run our code: {error.__cause__ or error}; install Clippings on "
            "the scheduler's machine and on every worker's"
        ) from error
    for there in environments.values():
        differs = ", ".join(
            f"{name} is {there.get(name)} for it and {value} here"
            for name, value in here.items()
            if name != "machine" and there.get(name) != value
        )
        if differs:
            raise BuildError(
                f"a worker on {there['machine']} differs: {differs}; install the same and mount "
                "the same everywhere"
            )


def _result(
    client: Client, address: str, chunk: Sequence[Item], future: Future[list[Result]]
) -> list[Result]:
    """Wait for the results of a chunk. Raises BuildError where they will never come."""
    while True:
        try:
            return future.result(timeout=TIMEOUT)
        except NoResult:
            _wait_for_worker(client, address)
        except CancelledError as error:
            raise BuildError(f"the scheduler at {address} is gone") from error
        except KilledWorker:
            first, last = (getattr(each, "path", each) for each in (chunk[0], chunk[-1]))
            raise BuildError(
                f"worker after worker died at one of the files from {first} to {last}, "
                "perhaps for lack of memory; move it away, or give workers more"
            ) from None
