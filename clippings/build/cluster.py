"""The `map` over a Dask cluster: the one module that knows Dask.

A worker that dies loses nothing: Dask has its chunks worked again elsewhere. Workers must read the
same files by the same paths and run the same code; that is looked at once, when it begins.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as TookTooLong
from importlib.util import find_spec
from typing import Any

from distributed import Client, KilledWorker
from distributed import TimeoutError as NoAnswer

from clippings.build.executors import Item, Mapper, Result, Work, ordered_map
from clippings.models import BuildError
from clippings.reading.identity import program

PATIENCE = 20.0
"""Seconds for the scheduler to answer, and for a worker to be there, before it is told."""


def cluster_mapper(address: str, needs: Sequence[str]) -> Mapper:
    """Return the map over the workers of the scheduler at `address`, such as tcp://10.0.0.1:8786.

    `needs` are the absolute paths, programs and packages that each worker must have besides
    our own code. The map raises BuildError where the cluster cannot do the work; its text
    says what to do.
    """

    def on_cluster(work: Work[Item, Result], items: Sequence[Item]) -> Iterator[Result]:
        if not items:
            return
        with _connected(address) as client:
            _check(client, needs)
            executor = client.get_executor(pure=False)
            workers = sum(client.nthreads().values())
            yield from ordered_map(executor, workers, work, items, _waiting(client, address))

    return on_cluster


def surroundings(needs: Sequence[str]) -> Mapping[str, str]:
    """Return what results depend on besides the item: our code, what it runs on, what is in
    reach."""
    return {**program(), **{need: "there" if _has(need) else "missing" for need in needs}}


def _has(need: str) -> bool:
    if os.path.isabs(need):
        return os.access(need, os.R_OK)
    return bool(shutil.which(need) or find_spec(need))


def _there(needs: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    return platform.node(), surroundings(needs)


def _connected(address: str) -> Client:
    """Return a client of the scheduler, with at least one worker behind it."""
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise BuildError(f"no Dask scheduler answers at {address}: {error}") from error
    try:
        _wait_for_a_worker(client, address)
    except BuildError:
        client.close()
        raise
    return client


def _wait_for_a_worker(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except NoAnswer:
        raise BuildError(
            f"the scheduler at {address} has no workers; start some with `dask worker {address}`"
        ) from None


def _check(client: Client, needs: Sequence[str]) -> None:
    """Raise BuildError where results of a worker might differ from ours."""
    here = surroundings(needs)
    try:
        of_workers = client.run(_there, needs)
    except Exception as error:  # Dask says it in several ways
        raise BuildError(
            f"the cluster cannot run our code: {error.__cause__ or error}; install Clippings on "
            "the scheduler's machine and on every worker's"
        ) from error
    for node, there in of_workers.values():
        if wrong := [name for name in here if there.get(name) != here[name]]:
            differs = ", ".join(
                f"{name} is {there.get(name)} for it and {here[name]} here" for name in wrong
            )
            raise BuildError(
                f"a worker on {node} differs: {differs}; install the same and mount the same "
                "everywhere"
            )


def _waiting(
    client: Client, address: str
) -> Callable[[Sequence[Any], Future[list[Any]]], list[Any]]:
    """Return what waits for the results of a chunk, and says what keeps them from coming."""

    def result_of(chunk: Sequence[Any], future: Future[list[Any]]) -> list[Any]:
        while True:
            try:
                return future.result(timeout=PATIENCE)
            except TookTooLong:
                _wait_for_a_worker(client, address)  # else nobody will ever do it
            except CancelledError as error:
                raise BuildError(f"the scheduler at {address} is gone") from error
            except KilledWorker:
                first, last = (getattr(each, "path", each) for each in (chunk[0], chunk[-1]))
                raise BuildError(
                    f"worker after worker died at one of the files from {first} to {last}, "
                    "perhaps for lack of memory; move it away, or give workers more"
                ) from None

    return result_of
