"""The same `map` on a Dask cluster: the one module that knows Dask.

    chunks of items ─► scheduler ─► workers     a bounded number under way; any worker, any order
    results         ◄─ in the order of the items, to the one who writes

A worker that dies loses nothing: its chunks are worked again elsewhere, and since the function
gives the same for the same item, nobody can tell. Workers must read the same files by the same
paths and run the same code: each proves it with every chunk, whenever it joined.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from importlib.util import find_spec
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker, wait
from distributed import TimeoutError as TookTooLong
from distributed.client import ClosedClientError
from distributed.comm.core import CommClosedError

from clippings.build.executors import Mapper
from clippings.models import BuildError
from clippings.reading.identity import program

Item = TypeVar("Item")
Result = TypeVar("Result")
Function = Callable[[Sequence[Any]], list[Any]]
Surroundings = Mapping[str, str]

CHUNK = 32
"""Items a task: a task costs the scheduler about a millisecond, whatever is in it."""

CHUNKS_IN_FLIGHT = 4
"""Tasks under way for each thread of a worker, so that none waits for the writer."""

PATIENCE = 20.0
"""Seconds for the scheduler to answer, and for a worker to be there, before it is told."""


def cluster_mapper(address: str, needs: Sequence[str]) -> Mapper:
    """The map over the workers of the scheduler at `address`, such as tcp://10.0.0.1:8786.

    `needs` are the absolute paths, programs and packages that each worker must have besides
    our own code. The map raises BuildError where the cluster cannot do the work; its text
    says what to do.
    """
    return _ClusterMap(address, surroundings(needs))


class Elsewhere(Exception):
    """A worker whose results might differ from ours; says in what."""


def surroundings(needs: Iterable[str]) -> Surroundings:
    """What results depend on besides the item: our code, what it runs on, what is in reach."""
    return {**program(), **{need: "there" if _has(need) else "missing" for need in needs}}


def _has(need: str) -> bool:
    if os.path.isabs(need):
        return os.access(need, os.R_OK)
    return bool(shutil.which(need) or find_spec(need))


def _run_chunk(function: Function, chunk: Sequence[Any], expected: Surroundings) -> list[Any]:
    """What a worker does for one task."""
    here = surroundings(expected.keys() - program().keys())
    if here != expected:
        different = sorted(key for key in expected if here.get(key) != expected[key])
        raise Elsewhere(
            f"a worker on {platform.node()} differs: "
            + ", ".join(
                f"{key} is {here.get(key)} for it and {expected[key]} here" for key in different
            )
        )
    return function(chunk)


class _ClusterMap:
    """`map` over the workers of a cluster, a bounded number of tasks under way."""

    def __init__(self, address: str, expected: Surroundings) -> None:
        self._address = address
        self._expected = expected

    def __call__(
        self, function: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item]
    ) -> Iterator[Result]:
        if not items:
            return
        try:
            yield from self._in_order(function, items)
        except (CancelledError, ClosedClientError, CommClosedError) as error:
            raise BuildError(f"the scheduler at {self._address} is gone") from error

    def _in_order(
        self, function: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item]
    ) -> Iterator[Result]:
        chunks = (items[at : at + CHUNK] for at in range(0, len(items), CHUNK))
        under_way: deque[tuple[Sequence[Item], Future[Any]]] = deque()
        with self._connected() as client:
            most = CHUNKS_IN_FLIGHT * sum(client.nthreads().values())
            for chunk in chunks:
                under_way.append((chunk, self._submit(client, function, chunk)))
                if len(under_way) >= most:
                    yield from self._results(client, function, *under_way.popleft())
            while under_way:
                yield from self._results(client, function, *under_way.popleft())

    def _connected(self) -> Client:
        """A client of the scheduler, with at least one worker behind it."""
        try:
            client = Client(self._address, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            raise BuildError(f"no Dask scheduler answers at {self._address}: {error}") from error
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TookTooLong:
            client.close()
            raise self._no_workers() from None
        return client

    def _submit(self, client: Client, function: Function, chunk: Sequence[Any]) -> Future[Any]:
        return client.submit(_run_chunk, function, chunk, self._expected, pure=False)

    def _results(
        self,
        client: Client,
        function: Callable[[Sequence[Item]], list[Result]],
        chunk: Sequence[Item],
        future: Future[Any],
    ) -> list[Result]:
        """The results of one chunk. One that several workers died of is gone through item by
        item, so that what dies with it is told by name."""
        try:
            finished: list[Result] = self._finished(client, future)
        except KilledWorker:
            if len(chunk) == 1:
                raise BuildError(
                    f"worker after worker died at {getattr(chunk[0], 'path', chunk[0])}, "
                    "perhaps for lack of memory; move the file away, or give workers more"
                ) from None
        else:
            return finished
        alone = (([item], self._submit(client, function, [item])) for item in chunk)
        return [result for one in alone for result in self._results(client, function, *one)]

    def _finished(self, client: Client, future: Future[Any]) -> Any:
        while future.status == "pending":
            try:
                wait([future], timeout=PATIENCE)
            except TookTooLong:
                if not client.nthreads():
                    raise self._no_workers() from None
        try:
            return future.result()
        except Elsewhere as error:
            raise BuildError(f"{error}; install the same and mount the same everywhere") from None
        except (ImportError, RuntimeError) as error:
            # What Dask says of a scheduler that cannot import the function of a task.
            if isinstance(error, RuntimeError) and "deserialization" not in str(error):
                raise
            raise BuildError(
                f"the cluster cannot run our code: {error.__cause__ or error}; install Clippings "
                "on the scheduler's machine and on every worker's"
            ) from error

    def _no_workers(self) -> BuildError:
        return BuildError(
            f"the scheduler at {self._address} has no workers; start some with "
            f"`dask worker {self._address}`"
        )
