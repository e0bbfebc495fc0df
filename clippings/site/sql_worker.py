"""Run the SQL that strangers compose in a process of its own, which is killed at its limits.

    site ── Query ──► worker: only reads, limited in time, memory and files
         ◄─ Answer ─┘ or an exception; the pipe ends where the worker was killed

The worker runs this file by its path, so that it starts within a tenth of a second: without
Datasette, and without what search_query and search_snippet need until a query calls them.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Container, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

MEMORY = 2**30
"""Bytes of address space that a worker may have, its Python included; a sort stays in it too."""

OPEN_FILES = 32

GRACE = 1.0
"""Seconds over its time limit after which a query that SQLite cannot interrupt is killed."""

MAX_RESULT = 64 * 2**20
"""Bytes that a result may weigh: the lengths of its values, and CELL for each."""

CELL = 1000
"""A value weighs at least this: on a page, that is what it costs."""

Query = tuple[str, Any, "int | None", float]
"""SQL, its parameters, the most rows that are wanted (None: all), the seconds that it may take."""

Answer = tuple["list[str] | None", "list[tuple[Any, ...]]", bool]
"""The columns, the rows, and whether there are more rows than were wanted."""

_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
_PRAGMAS_OF_A_TABLE = set(
    "table_info table_xinfo table_list foreign_key_list index_list index_info index_xinfo".split()
)
_PRAGMAS_WITHOUT_VALUE = set(
    "database_list function_list compile_options data_version schema_version page_count "
    "page_size encoding".split()
)
_HARMLESS_PRAGMA = ("recursive_triggers", "on")
"""What sqlite-utils sets on every connection that it is given; nothing is written here."""

_READABLE = {"sqlite_master", "sqlite_schema", "json_each", "json_tree"}
"""What may be read besides the file's own tables and `pragma_…`. SQLite's other modules are not:
sqlite_stmt shows what others ask, dbstat reads the whole file."""

_REFUSED_FUNCTIONS = {"load_extension", "fts3_tokenizer"}


def only_read(conn: sqlite3.Connection) -> None:
    """Let a connection only read, and only the tables of its own file."""
    conn.execute("pragma trusted_schema = off")
    if sys.version_info >= (3, 12):
        conn.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    found = conn.execute("select name from sqlite_master where type in ('table', 'view')")
    conn.set_authorizer(partial(_authorize, _READABLE.union(name for (name,) in found)))


def _authorize(
    tables: Container[str],
    action: int,
    first: str | None,
    second: str | None,
    database: str | None,
    source: str | None,
) -> int:
    """Answer what SQLite asks before it prepares a statement (sqlite3_set_authorizer)."""
    if action == sqlite3.SQLITE_READ:  # without a column: of what has a name in this statement
        is_known = first in tables or str(first).startswith("pragma_") or not second
        return sqlite3.SQLITE_OK if is_known else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if second in _REFUSED_FUNCTIONS else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        name = str(first).lower()
        reads = name in _PRAGMAS_OF_A_TABLE or (second is None and name in _PRAGMAS_WITHOUT_VALUE)
        is_harmless = (name, second) == _HARMLESS_PRAGMA
        return sqlite3.SQLITE_OK if reads or is_harmless else sqlite3.SQLITE_DENY
    if (action, first) == (sqlite3.SQLITE_UPDATE, "sqlite_master"):
        return sqlite3.SQLITE_OK  # asked whenever a virtual table is opened; never carried out
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY


# ── in the site ──────────────────────────────────────────────────────────────────────────────


class SqlWorker:
    """The process that queries of one database file run in, one at a time."""

    def __init__(self, path: str, identity: tuple[int, ...]) -> None:
        """Start it. `identity` is that of the file at `path`, should another come in its place."""
        self._command = [sys.executable, "-c", _BOOTSTRAP, __file__, path, repr(identity)]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sql-worker")
        self._process = self._started()

    async def run(self, query: Query) -> Answer:
        """Return the answer to a query. Raises what SQLite raises in the worker, and
        OperationalError where the worker was killed: "interrupted" if that was for its time."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._run, query)

    def close(self) -> None:
        """End the process once what runs in it has ended."""
        with suppress(RuntimeError):  # when the interpreter ends, the pipe is closed anyway
            self._thread.submit(self._end)
        self._thread.shutdown(wait=False)

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],  # where `import clippings` finds this package
            start_new_session=True,  # Ctrl-C is the site's; the worker ends with its pipe
        )

    def _run(self, query: Query) -> Answer:
        process = self._process
        assert process.stdin and process.stdout
        try:
            pickle.dump(query, process.stdin)
            process.stdin.flush()
            answer: Answer | Exception = pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            was_late = self._end() == -signal.SIGALRM
            self._process = self._started()
            message = "interrupted" if was_late else "the query needs more memory than one may have"
            raise sqlite3.OperationalError(message) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _end(self) -> int:
        """Wait until the process has ended. Return its status, below 0 for a signal."""
        process = self._process
        assert process.stdin and process.stdout
        with suppress(OSError):  # for what was not sent to it any more
            process.stdin.close()
        process.stdout.close()
        return process.wait()


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

_BOOTSTRAP = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')"


def main(path: str, identity: str) -> None:
    """Answer queries of the file at `path` until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)  # who reads a page goes first
    conn = sqlite3.connect(f"{Path(path).as_uri()}?immutable=1", uri=True)
    conn.execute("pragma temp_store = memory")
    conn.text_factory = partial(str, encoding="utf-8", errors="replace")
    only_read(conn)
    found = os.stat(path)
    if repr((found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)) != identity:
        return
    while True:
        try:
            query = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(_answer(conn, query), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _answer(conn: sqlite3.Connection, query: Query) -> Answer | Exception:
    if "search_" in query[0] or "escape_fts" in query[0]:
        from clippings.search.functions import register

        register(conn)
    signal.setitimer(signal.ITIMER_REAL, query[-1] + GRACE)  # unhandled, SIGALRM kills
    try:
        return _read(conn, *query)
    except MemoryError:
        return sqlite3.OperationalError("the query needs more memory than one may have")
    except Exception as error:  # noqa: BLE001 — it is raised again in the site
        return error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _read(
    conn: sqlite3.Connection, sql: str, parameters: Any, most: int | None, seconds: float
) -> Answer:
    deadline = time.monotonic() + seconds
    conn.set_progress_handler(lambda: time.monotonic() > deadline, 1000 if seconds > 0.02 else 1)
    cursor = conn.execute(sql, parameters)
    rows: list[tuple[Any, ...]] = []
    weight = 0
    for row in cursor:
        if len(rows) == most:
            break
        rows.append(row)
        weight += CELL * len(row) + sum(len(cell) for cell in row if isinstance(cell, str | bytes))
        if weight > MAX_RESULT:
            raise sqlite3.OperationalError("the result is too large; ask for fewer rows or columns")
    else:
        return _columns(cursor), rows, False
    return _columns(cursor), rows, True


def _columns(cursor: sqlite3.Cursor) -> list[str] | None:
    return [column[0] for column in cursor.description] if cursor.description else None


if __name__ == "__main__":
    main(*sys.argv[2:])
