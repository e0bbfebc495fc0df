"""The database that is served, from one snapshot of its file to the next.

A build puts a new file in the place of the old one. Each file is a snapshot: opened once, its hash
and its counts read from the file itself, so that they can never be another's. A request is pinned
to the snapshot that it began with; when nobody reads an old one any more, it is closed.

    request ─► refresh (is there another file? open it, in a thread) ─► pinned ─► Datasette
                                                    strangers' SQL ─► SqlWorker ◄─┘
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn, TypeVar, cast

import sqlite_utils
from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted, Results
from datasette.inspect import inspect_hash

from clippings.site.page_cache import PageCache
from clippings.site.sql_worker import Answer, Query, SqlWorker, plain_parameters

T = TypeVar("T")

PATIENCE = 1.0
"""Seconds for which requests wait for a new file; while one takes longer to be opened and hashed,
the old snapshot is served at once."""

AGAIN = 5.0
"""Seconds after which a file that could not be opened is tried again."""

MAX_KEPT = 200
"""Answers that are kept of a snapshot. Without those of counting queries a page of a table takes
1.8 times as long (its schema anew each time: 1.1); a visitor may ask for any column's facets."""

is_composed: ContextVar[bool] = ContextVar("is_composed", default=False)
"""Whether the running request asks what a stranger composed: its queries go to the SqlWorker."""


class Snapshot:
    """One file with the connections to it. `descriptor` reads its bytes (os.pread)."""

    def __init__(
        self, datasette: Datasette, path: str, connect: Callable[[], sqlite3.Connection]
    ) -> None:
        """Open the file at `path`. Raises OSError, or sqlite3.DatabaseError for no archive."""
        self.readers = 1  # the site, for which it is the newest
        self.kept: dict[Hashable, Any] = {}
        self._path, self._idle = path, list[sqlite3.Connection]()
        self.worker: SqlWorker | None = None
        self.descriptor = os.open(path, os.O_RDONLY)
        self.stat = os.fstat(self.descriptor)
        try:
            self._idle += (connect() for _ in range(max(1, datasette.setting("num_sql_threads"))))
            self.counts = _count(self._idle[0])
            if "articles" not in self.counts:
                raise sqlite3.DatabaseError("it has no table of articles")
            self.hash = inspect_hash(Path(path))
            if not self.is_there():
                raise OSError("it was replaced while it was opened")
            self.worker = SqlWorker(datasette, path, self.is_there)
        except BaseException:
            self.close()
            raise

    def is_there(self) -> bool:
        """Whether this file still lies at its path; while it is open, no other has its inode."""
        try:
            return os.path.samestat(os.stat(self._path), self.stat)
        except OSError:
            return False

    def wait(self) -> None:
        """Wait for the worker: it could not open the file any more once the next one is there."""
        try:
            if self.worker:
                self.worker.wait()
        except sqlite3.OperationalError:
            self.close()
            raise

    def visit(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `read` gives for a connection that nobody else uses meanwhile."""
        conn = self._idle.pop()
        try:
            return read(conn)
        finally:
            self._idle.append(conn)

    def close(self) -> None:
        """Close all but the connections that a request which was given up still reads with."""
        os.close(self.descriptor)
        while self._idle:
            self._idle.pop().close()
        if self.worker:
            self.worker.close()


def _count(conn: sqlite3.Connection) -> dict[str, int]:
    """Return table → its rows, those of the search index left out, as the build counts."""
    tables = sqlite_utils.Database(conn).tables
    return {table.name: table.count for table in tables if "_fts" not in table.name}


class LiveDatabase(Database):  # type: ignore[misc]
    """A Database of Datasette's whose file may be replaced while it is served."""

    def __init__(self, datasette: Datasette, path: str, name: str) -> None:
        """Open the file at `path` as an immutable database `name`."""
        super().__init__(datasette, path=path, is_mutable=False)
        self.name = self.route = name
        self.pages = PageCache()
        self._pin: ContextVar[Snapshot | None] = ContextVar("snapshot", default=None)
        self._lock = Lock()
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="snapshot")
        self._opening: Future[None] | None = None
        self._began = self._again_from = 0.0
        self._newest = Snapshot(datasette, path, self._connection)

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that the running request is pinned to; outside of one the newest."""
        return self._pin.get() or self._newest

    async def refresh(self) -> None:
        """Look whether the file was replaced; wait a while for the new one to be open."""
        now = time.monotonic()
        if self._newest.is_there() or now < self._again_from:
            return
        if not os.path.exists(self.path):  # no build's doing; the open file goes on
            return
        if self._opening is None or self._opening.done():
            self._opening, self._began = self._opener.submit(self._take), now
        if (left := self._began + PATIENCE - now) > 0:
            await asyncio.wait([asyncio.wrap_future(self._opening)], timeout=left)

    @contextmanager
    def pinned(self) -> Iterator[Snapshot]:
        """One snapshot for all that is read in the block; inside another block, that one's."""
        with self._lock:
            snapshot = self.snapshot
            snapshot.readers += 1
        token = self._pin.set(snapshot)
        try:
            yield snapshot
        finally:
            self._pin.reset(token)
            self._leave(snapshot)

    def _leave(self, snapshot: Snapshot) -> None:
        with self._lock:
            snapshot.readers -= 1
        if not snapshot.readers:
            snapshot.close()

    def _connection(self) -> sqlite3.Connection:
        uri = f"{Path(self.path).absolute().as_uri()}?immutable=1"
        conn = sqlite3.connect(uri, uri=True, check_same_thread=False)
        try:
            self.ds._prepare_connection(conn, self.name)
        except BaseException:
            conn.close()
            raise
        return conn

    def _take(self) -> None:
        """Serve the file at the path from now on; one that is no archive is left alone."""
        try:
            new = Snapshot(self.ds, self.path, self._connection)
            new.wait()
        except (OSError, sqlite3.DatabaseError) as error:
            logging.getLogger(__name__).warning("%s is not served: %s", self.path, str(error))
            self._again_from = time.monotonic() + AGAIN
        else:
            with self._lock:
                old, self._newest = self._newest, new
            self._leave(old)

    # ── what Datasette asks ──────────────────────────────────────────────────────────────────

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `fn` gives for a connection to the snapshot, in a thread of Datasette's."""
        snapshot = self.snapshot
        if self.ds.executor is None:
            return snapshot.visit(fn)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.ds.executor, snapshot.visit, fn)

    _execute_fn = execute_fn  # by which Datasette 1.0 runs a query

    async def once(self, key: Hashable, read: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `read` gives for a connection, read once for each snapshot."""
        kept = self.snapshot.kept
        if key not in kept:
            kept[key] = await self.execute_fn(read)
        return cast(T, kept[key])

    async def execute(
        self,
        sql: str,
        params: Any = None,
        truncate: bool = False,
        custom_time_limit: int | None = None,
        page_size: int | None = None,
        log_sql_errors: bool = True,
    ) -> Results:
        """Run a query as Datasette does, one of a stranger in the worker. What the archive's own
        pages count is counted once a snapshot."""
        options = truncate, custom_time_limit, page_size
        if is_composed.get():
            return await self._execute_in_worker(sql, params, *options)
        if params or "count(*)" not in sql:
            return await super().execute(sql, params, *options, log_sql_errors)
        kept, asked = self.snapshot.kept, (sql, *options)
        if asked in kept:
            return kept[asked]
        found = await super().execute(sql, params, *options, log_sql_errors)
        if len(kept) < MAX_KEPT:
            kept[asked] = found
        return found

    async def _execute_in_worker(
        self, sql: str, params: Any, truncate: bool, time_limit: int | None, page_size: int | None
    ) -> Results:
        most = self.ds.max_returned_rows
        most += most == (page_size or self.ds.page_size)
        seconds = min(time_limit or self.ds.sql_time_limit_ms, self.ds.sql_time_limit_ms) / 1000
        query = Query(sql, plain_parameters(sql, params), most if truncate else None, seconds)
        worker = self.snapshot.worker
        assert worker
        try:
            return _results(await worker.run(query))
        except sqlite3.OperationalError as error:
            if error.args == ("interrupted",):
                raise QueryInterrupted(error, sql, params) from None
            raise

    async def analyze_sql(self, sql: str, params: Any = None) -> NoReturn:
        """Refuse what Datasette 1.0 does with SQL that is to write, or to be stored."""
        raise sqlite3.OperationalError("SQL is only run here, and nothing is written")

    hash = property(lambda self: self.snapshot.hash)
    size = property(lambda self: self.snapshot.stat.st_size)
    cached_table_counts = property(lambda self: self.snapshot.counts)


def _results(answer: Answer) -> Results:
    """Return what the worker read as what Datasette makes of a cursor: rows of sqlite3.Row."""
    names = (name.replace('"', '""') for name in answer.columns or ["_"])
    with sqlite3.connect(":memory:") as conn:
        cursor = conn.execute("select " + ", ".join(f'null as "{name}"' for name in names))
    rows = [sqlite3.Row(cursor, row) for row in answer.rows]
    return Results(rows, answer.is_truncated, cursor.description)
