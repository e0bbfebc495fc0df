"""The process in which the SQL of strangers runs, killed by the kernel at its limits.

    LiveDatabase ── Query ──► worker: limited in time, memory and files, only reads
                 ◄─ Answer, or an exception ─┘     the pipe ends where it was killed

Workers are forked by a server of `multiprocessing` that has loaded Datasette and this package, so
that one is there within a tenth of a second. Plugins register their functions as in the site.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import resource
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from datasette.app import Datasette

from clippings.search.functions import search_snippet
from clippings.site.addresses import DATABASE
from clippings.site.compatibility import IS_SECOND

LIMITS = {
    resource.RLIMIT_AS: 2**30,  # bytes, its Python included; a sort stays in it too
    resource.RLIMIT_NOFILE: 32,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
}
"""What the kernel lets a worker have."""

GRACE = 1.0
"""Seconds over its time limit after which a query that SQLite cannot interrupt is killed."""

MAX_RESULT = 64 * 2**20
"""Bytes that a result may weigh: the lengths of its values, and CELL for each."""

CELL = 1000
"""A value weighs at least this: on a page, that is what it costs."""

_PROCESSES = multiprocessing.get_context("forkserver")
_PRELOADED = ("clippings.", "datasette.")


class Query(NamedTuple):
    """SQL with its parameters; the most rows that are wanted (None: all); seconds it may take."""

    sql: str
    parameters: Any
    most: int | None
    seconds: float


class Answer(NamedTuple):
    """The columns, the rows, and whether there are more rows than were wanted."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    is_truncated: bool


class SqlWorker:
    """The process that queries of one database file run in, one at a time."""

    def __init__(self, datasette: Datasette, path: str, is_there: Callable[[], bool]) -> None:
        """Begin to start it. `is_there` says whether the file that is meant lies at `path` yet."""
        options = {
            "metadata": datasette._metadata_local,
            "plugins_dir": datasette.plugins_dir,
            "settings": datasette._settings,
            "sqlite_extensions": datasette.sqlite_extensions,
        }
        if IS_SECOND:  # the settings of the command line are in both, and may be given once only
            config = datasette.config or {}
            options["config"] = {key: config[key] for key in config if key != "settings"}
        self._about, self._is_there = (path, options), is_there
        self._process: BaseProcess | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sql-worker")
        self._started = self._thread.submit(self._start)

    def wait(self) -> None:
        """Wait until it has opened the file. Raises OperationalError where another came in its
        place before."""
        self._started.result()

    async def run(self, query: Query) -> Answer:
        """Return the answer to a query. Raises what SQLite raises in the worker, and
        OperationalError where the worker was killed ("interrupted" if that was for its time) or
        another file came in the place of its own before it was started."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._run, query)

    def close(self) -> None:
        """End the process, once what runs in it has ended."""
        self._thread.submit(self._end)
        self._thread.shutdown(wait=False)

    def _start(self) -> None:
        loaded = [name for name in list(sys.modules) if name.startswith(_PRELOADED)]
        _PROCESSES.set_forkserver_preload(loaded)
        self._pipe, theirs = _PROCESSES.Pipe()
        arguments = (theirs, *self._about)
        self._process = _PROCESSES.Process(target=answer_queries, args=arguments, daemon=True)
        with _main_unknown():
            self._process.start()
        theirs.close()
        wrong = ""
        try:
            self._pipe.recv()  # it has opened the file
        except EOFError:
            wrong = "no process for queries could be started"
        if not self._is_there():
            wrong = "the archive was replaced meanwhile; ask again"
        if wrong:
            self._end()
            raise sqlite3.OperationalError(wrong)

    def _end(self) -> int | None:
        """Return the status of the process, below 0 for the signal that had killed it already."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        process.join()
        status = process.exitcode
        process.close()
        self._pipe.close()
        return status

    def _run(self, query: Query) -> Answer:
        if self._process is None:
            self._start()
        try:
            self._pipe.send(query)
            answer: Answer | Exception = self._pipe.recv()
        except (EOFError, OSError):
            was_late = self._end() == -signal.SIGALRM
            self._thread.submit(self._start)  # for who comes next
            message = "interrupted" if was_late else "the query needs more memory than one may have"
            raise sqlite3.OperationalError(message) from None
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def _main_unknown() -> Iterator[None]:
    """Keep `multiprocessing` from running the main script once more in the process it starts: it
    may be one that serves a site without asking whether it is `__main__`."""
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def plain_parameters(sql: str, given: Any) -> Any:
    """Return parameters as a tuple or a dict; of a mapping, such as Datasette's magic parameters,
    the values whose names the SQL has."""
    if not isinstance(given, Mapping):
        return tuple(given or ())
    values = {}
    for name in re.findall(r"[:@$](\w+)", sql):
        with suppress(KeyError):  # SQLite says which value is missing
            values[name] = given[name]
    return values


# ── in the worker ────────────────────────────────────────────────────────────────────────────


def answer_queries(pipe: Connection, path: str, options: dict[str, Any]) -> None:
    """Answer queries of the file at `path` until the site has closed the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the site's
    datasette = Datasette([], **options)
    conn = sqlite3.connect(f"{Path(path).absolute().as_uri()}?immutable=1", uri=True)
    conn.execute("pragma temp_store = memory")
    datasette._prepare_connection(conn, DATABASE)
    conn.row_factory = None
    search_snippet("雪", "雪")  # loads what is large, before any query's time begins
    for limit, most in LIMITS.items():
        resource.setrlimit(limit, (most, most))
    os.nice(5)  # from here on, who reads a page goes first
    with suppress(EOFError, OSError):
        pipe.send(None)
        while True:
            pipe.send(_answer(conn, pipe.recv()))


def _answer(conn: sqlite3.Connection, query: Query) -> Answer | Exception:
    signal.setitimer(signal.ITIMER_REAL, query.seconds + GRACE)  # unhandled, SIGALRM kills
    try:
        return _read(conn, query)
    except MemoryError:
        return sqlite3.OperationalError("the query needs more memory than one may have")
    except Exception as error:  # noqa: BLE001 — it is raised again in the site
        return error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _read(conn: sqlite3.Connection, query: Query) -> Answer:
    deadline = time.monotonic() + query.seconds
    conn.set_progress_handler(lambda: time.monotonic() > deadline, 1000)
    cursor = conn.execute(query.sql, query.parameters)
    columns = [column[0] for column in cursor.description or ()]
    rows: list[tuple[Any, ...]] = []
    weight = 0
    for row in cursor:
        if len(rows) == query.most:
            return Answer(columns, rows, True)
        rows.append(row)
        weight += CELL * len(row) + sum(len(cell) for cell in row if isinstance(cell, str | bytes))
        if weight > MAX_RESULT:
            raise sqlite3.OperationalError("the result is too large; ask for fewer rows or columns")
    return Answer(columns, rows, False)
