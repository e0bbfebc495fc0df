"""The database that is served, from one snapshot of its file to the next.

A build puts a new file in the place of the old one. Each file is a snapshot: opened once, its hash
and its counts read from the file itself, so that they can never be another's. A request is pinned
to the snapshot that it began with; when nobody reads an old one any more, it is closed.

    request ─► refresh (is there another file? open it, in a thread) ─► pinned ─► Datasette
                                                    strangers' SQL ─► SqlWorker ◄─┘
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeVar

from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted, Results

from clippings.site.page_cache import PageCache
from clippings.site.sandbox import Answer
from clippings.site.sql_worker import SqlWorker, plain_parameters

T = TypeVar("T")

PATIENCE = 1.0
"""Seconds for which requests wait for a new file; one that is opened and hashed for longer is
served once it is ready, and the old snapshot meanwhile."""

AGAIN = 5.0
"""Seconds after which a file that could not be opened is tried again."""

MAX_COUNTED = 200
"""Answers of counting queries that are kept of a snapshot: without them a page of a table takes
1.8 times as long (its schema anew each time: 1.1). A visitor may ask for any column's facets."""

is_composed: ContextVar[bool] = ContextVar("is_composed", default=False)
"""Whether the running request asks what a stranger composed: its queries go to the SqlWorker."""


class Identity(NamedTuple):
    """What tells one file from another that stood in its place."""

    device: int
    inode: int
    changed: int
    size: int

    @classmethod
    def of(cls, found: os.stat_result) -> Identity:
        """Return the identity of a file of which this is known."""
        return cls(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


class Snapshot:
    """One file with the connections to it. `descriptor` reads its bytes (os.pread)."""

    def __init__(self, path: str, connect: Callable[[], sqlite3.Connection], many: int) -> None:
        """Open the file at `path`, `many` times. Raises OSError, or sqlite3.DatabaseError
        for what is no archive."""
        self.readers = 0
        self.counted: dict[tuple[Any, ...], Results] = {}
        self._idle: list[sqlite3.Connection] = []
        with ExitStack() as opened:
            self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            opened.callback(os.close, self.descriptor)
            self.identity = Identity.of(os.fstat(self.descriptor))
            opened.callback(self._close_idle)
            self._idle += (connect() for _ in range(many))
            self.counts = self._count()
            if "articles" not in self.counts:
                raise sqlite3.DatabaseError("it has no table of articles")
            self.hash = self._digest()
            self.worker = SqlWorker(str(Path(path).absolute()), tuple(self.identity))
            opened.callback(self.worker.close)
            if Identity.of(os.stat(path)) != self.identity:
                raise OSError("it was replaced while it was opened")
            self.close = opened.pop_all().close

    def visit(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `read` gives for a connection that nobody else uses meanwhile."""
        conn = self._idle.pop()
        try:
            return read(conn)
        finally:
            self._idle.append(conn)

    def _close_idle(self) -> None:
        """Close the connections but those that a request which was given up still reads with."""
        while self._idle:
            self._idle.pop().close()

    def _digest(self) -> str:
        digest, offset = hashlib.sha256(), 0
        while block := os.pread(self.descriptor, 1 << 20, offset):
            digest.update(block)
            offset += len(block)
        return digest.hexdigest()

    def _count(self) -> dict[str, int]:
        """Return table → its rows, those of the search index left out, as the build counts."""
        (conn, *_) = self._idle
        tables = conn.execute("select name from sqlite_master where type = 'table'").fetchall()
        return {
            name: conn.execute(f'select count(*) from "{name}"').fetchone()[0]
            for (name,) in tables
            if "_fts" not in name and '"' not in name
        }


class LiveDatabase(Database):  # type: ignore[misc]
    """A Database of Datasette's whose file may be replaced while it is served."""

    def __init__(self, datasette: Datasette, path: str, name: str) -> None:
        """Open the file at `path` as an immutable database `name`."""
        super().__init__(datasette, path=path, is_mutable=False)
        self.name = self.route = name
        self.pages = PageCache()
        self._pin: ContextVar[Snapshot | None] = ContextVar("snapshot", default=None)
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="snapshot")
        self._opening: Future[None] | None = None
        self._began = 0.0
        self._again_from = 0.0
        self._old: list[Snapshot] = []
        self._newest = self._open()

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that the running request is pinned to; outside of one the newest."""
        return self._pin.get() or self._newest

    def is_replaced(self) -> bool:
        """Whether the file at the path is another than that of the snapshot."""
        try:
            return Identity.of(os.stat(self.path)) != self.snapshot.identity
        except OSError:
            return True

    async def refresh(self) -> None:
        """Look whether the file was replaced; wait a while for the new one to be open."""
        try:
            found = Identity.of(os.stat(self.path))
        except OSError:
            return  # a build renames, so this is somebody else's doing; the open file goes on
        now = time.monotonic()
        if found == self._newest.identity or now < self._again_from:
            return
        if self._opening is None or self._opening.done():
            self._opening, self._began = self._opener.submit(self._take), now
        if (left := self._began + PATIENCE - now) > 0:
            await asyncio.wait([asyncio.wrap_future(self._opening)], timeout=left)

    @contextmanager
    def pinned(self) -> Iterator[Snapshot]:
        """One snapshot for all that is read in the block; inside another block, that one's."""
        snapshot = self.snapshot
        snapshot.readers += 1
        token = self._pin.set(snapshot)
        try:
            yield snapshot
        finally:
            self._pin.reset(token)
            snapshot.readers -= 1
            for old in [each for each in self._old if not each.readers]:
                self._old.remove(old)
                old.close()

    def _open(self) -> Snapshot:
        threads = self.ds.setting("num_sql_threads")
        return Snapshot(self.path, self._connection, max(1, threads))

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
            new = self._open()
        except (OSError, sqlite3.DatabaseError) as error:
            logging.getLogger(__name__).warning("%s is not served: %s", self.path, str(error))
            self._again_from = time.monotonic() + AGAIN
        else:
            old, self._newest = self._newest, new
            self._old.append(old)  # closed by the thread of requests, one of which may begin now

    # ── what Datasette asks ──────────────────────────────────────────────────────────────────

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `fn` gives for a connection to the snapshot, in a thread of Datasette's."""
        snapshot = self.snapshot
        if self.ds.executor is None:
            return snapshot.visit(fn)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.ds.executor, snapshot.visit, fn)

    _execute_fn = execute_fn  # by which Datasette 1.0 runs a query

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
        counted, asked = self.snapshot.counted, (sql, *options)
        if asked in counted:
            return counted[asked]
        found = await super().execute(sql, params, *options, log_sql_errors)
        if len(counted) < MAX_COUNTED:
            counted[asked] = found
        return found

    async def _execute_in_worker(
        self, sql: str, params: Any, truncate: bool, time_limit: int | None, page_size: int | None
    ) -> Results:
        most = self.ds.max_returned_rows
        most += most == (page_size or self.ds.page_size)
        seconds = min(time_limit or self.ds.sql_time_limit_ms, self.ds.sql_time_limit_ms) / 1000
        query = (sql, plain_parameters(sql, params), most if truncate else None, seconds)
        try:
            return _results(await self.snapshot.worker.run(query))
        except sqlite3.OperationalError as error:
            if error.args == ("interrupted",):
                raise QueryInterrupted(error, sql, params) from None
            raise

    async def analyze_sql(self, sql: str, params: Any = None) -> NoReturn:
        """Refuse what Datasette 1.0 does with SQL that is to write, or to be stored."""
        raise sqlite3.OperationalError("SQL is only run here, and nothing is written")

    hash = property(lambda self: self.snapshot.hash)
    size = property(lambda self: self.snapshot.identity.size)
    mtime_ns = property(lambda self: self.snapshot.identity.changed)
    cached_table_counts = property(lambda self: self.snapshot.counts)


def _results(answer: Answer) -> Results:
    """Return what the worker read as what Datasette makes of a cursor: rows of sqlite3.Row."""
    columns, values, is_truncated = answer
    named = ", ".join('null as "{}"'.format(name.replace('"', '""')) for name in columns or ["_"])
    with sqlite3.connect(":memory:") as conn:
        cursor = conn.execute(f"select {named}")
    rows = [sqlite3.Row(cursor, row) for row in values]
    return Results(rows, is_truncated, cursor.description)


class Inspected:
    """What Datasette reads of a live database in its `inspect_data`: the counts of tables."""

    def __init__(self, live: LiveDatabase) -> None:
        self._live = live

    def __getitem__(self, key: str) -> dict[str, dict[str, int]]:
        counts = self._live.snapshot.counts
        return {"tables": {table: {"count": count} for table, count in counts.items()}}[key]
