"""The database that is served, from one edition of its file to the next.

A build puts a new file in the place of the old one. Each file is an edition: opened once, its
hash and its counts read from the file itself, so that they can never be another's. A request is
pinned to the edition that it began with; when nobody reads an old one any more, it is closed.

    request ─► refresh (is there another file? open it, in a thread) ─► pinned ─► Datasette
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from copy import copy
from functools import wraps
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from datasette.app import Datasette
from datasette.database import Database
from datasette.utils import sqlite3

from clippings.site.page_cache import PageCache

T = TypeVar("T")

SMALL = 64 * 2**20
"""Bytes of a new file for which a request waits; a larger one takes seconds to hash, in which
the old edition serves."""

PATIENCE = 1.0
"""Seconds that a request waits for a small new file before it takes the old edition."""

AGAIN = 5.0
"""Seconds after which a file that could not be opened is tried again."""

_WHOLE_TABLE = re.compile(
    r"\s*select (\w+) as value, count\(\*\) as count from \(\s*select [\w\[\], ]+ from (\w+)\s*\)"
    r"\s*where \1 is not null\s+group by \1 order by count desc, value limit \d+\s*"
)
"""Datasette's question for a facet of a table that nothing narrows: one answer an edition."""

MOST_ANSWERS = 200
"""Of them; a visitor may ask for facets of any column, in any number."""


class Identity(NamedTuple):
    """What tells one file from another that stood in its place."""

    device: int
    inode: int
    changed: int
    size: int

    @classmethod
    def of(cls, found: os.stat_result) -> Identity:
        """The identity of a file of which this is known."""
        return cls(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


class Replaced(OSError):
    """Another file came into the place of the one that was being opened."""


class Edition:
    """One file with the connections to it. `descriptor` reads its bytes (os.pread)."""

    def __init__(self, path: str, connect: Callable[[], sqlite3.Connection], many: int) -> None:
        """Open the file at `path`, `many` times. Raises OSError, or sqlite3.DatabaseError
        for what is no archive."""
        self.readers = 0
        self.answers: dict[tuple[str, Any], Any] = {}
        self.schema: dict[tuple[str, tuple[str, ...]], Any] = {}
        self._idle: list[sqlite3.Connection] = []
        self._is_closed = False
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.identity = Identity.of(os.fstat(self.descriptor))
            self._idle += (connect() for _ in range(many))
            if Identity.of(os.stat(path)) != self.identity:
                raise Replaced(f"{path} was replaced while it was opened")
            self.hash = self._digest()
            self.counts = self._count()
        except BaseException:
            self.close()
            raise

    def visit(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """What `read` gives for a connection that nobody else uses meanwhile."""
        conn = self._idle.pop()
        try:
            return read(conn)
        finally:
            self._idle.append(conn)
            if self._is_closed:  # its request was given up, so nobody waited for us
                self._close_idle()

    def close(self) -> None:
        """Let go of the file, once. Connections in use are closed when they come back."""
        if self._is_closed:
            return
        self._is_closed = True
        os.close(self.descriptor)
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _digest(self) -> str:
        digest, offset = hashlib.sha256(), 0
        while block := os.pread(self.descriptor, 1 << 20, offset):
            digest.update(block)
            offset += len(block)
        return digest.hexdigest()

    def _count(self) -> dict[str, int]:
        """Table → its rows, those of the search index left out, as the build counts them."""
        (conn, *_) = self._idle
        tables = conn.execute("select name from sqlite_master where type = 'table'").fetchall()
        return {
            name: conn.execute(f'select count(*) from "{name}"').fetchone()[0]
            for (name,) in tables
            if "_fts" not in name and '"' not in name
        }


def _once(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A question of Datasette's about the schema that is asked once an edition; of a name that is
    no table's, each time. A page of a table asks a dozen, each a visit to a thread."""

    @wraps(method)
    async def asked(self: LiveDatabase, *about: str) -> Any:
        edition = self.edition
        if not edition.counts.keys() >= set(about):
            return await method(self, *about)
        question = method.__name__, about
        if question not in edition.schema:
            edition.schema[question] = await method(self, *about)
        return copy(edition.schema[question])

    return asked


class LiveDatabase(Database):  # type: ignore[misc]
    """A Database of Datasette's whose file may be replaced while it is served."""

    def __init__(self, datasette: Datasette, path: str, name: str, pages: PageCache) -> None:
        """Open the file at `path` as an immutable database `name`; `pages` are kept of it."""
        super().__init__(datasette, path=path, is_mutable=False)
        self.name = self.route = name
        self.pages = pages
        self._pin: ContextVar[Edition | None] = ContextVar("edition", default=None)
        self._lock = threading.Lock()
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="edition")
        self._opening: Future[None] | None = None
        self._refused: Identity | None = None
        self._refused_until = 0.0
        self._newest = self._open()

    @property
    def edition(self) -> Edition:
        """The edition that the running request is pinned to; outside of one the newest."""
        return self._pin.get() or self._newest

    def is_replaced(self) -> bool:
        """Whether the file at the path is another than that of the edition."""
        try:
            return Identity.of(os.stat(self.path)) != self.edition.identity
        except OSError:
            return True

    async def refresh(self) -> None:
        """Look whether the file was replaced; wait a while for a small new one to be open."""
        try:
            found = Identity.of(os.stat(self.path))
        except OSError:
            return  # a build renames, so this is somebody else's doing; the open file goes on
        with self._lock:
            is_refused = found == self._refused and time.monotonic() < self._refused_until
            if found == self._newest.identity or is_refused:
                return
            if self._opening is None or self._opening.done():
                self._opening = self._opener.submit(self._take, found)
            opening = asyncio.wrap_future(self._opening)
        if found.size <= SMALL:
            await asyncio.wait([opening], timeout=PATIENCE)

    @contextmanager
    def pinned(self) -> Iterator[Edition]:
        """One edition for all that is read in the block; inside another block, that one's."""
        with self._lock:
            edition = self.edition
            edition.readers += 1
        token = self._pin.set(edition)
        try:
            yield edition
        finally:
            self._pin.reset(token)
            with self._lock:
                edition.readers -= 1
                is_over = edition is not self._newest and not edition.readers
            if is_over:
                edition.close()

    def _open(self) -> Edition:
        threads = self.ds.setting("num_sql_threads")
        return Edition(self.path, self._connection, max(1, threads))

    def _connection(self) -> sqlite3.Connection:
        uri = f"file:{quote(str(self.path))}?immutable=1"
        conn = sqlite3.connect(uri, uri=True, check_same_thread=False)
        try:
            self.ds._prepare_connection(conn, self.name)
        except BaseException:
            conn.close()
            raise
        return conn

    def _take(self, found: Identity) -> None:
        """Serve the file that was found from now on; one that is no archive is left alone."""
        try:
            new = self._open()
        except Replaced:
            return  # the next request looks again
        except (OSError, sqlite3.DatabaseError) as error:
            if found != self._refused:
                logging.getLogger(__name__).warning("%s is not served: %s", self.path, error)
            self._refused, self._refused_until = found, time.monotonic() + AGAIN
            return
        with self._lock:
            old, self._newest = self._newest, new
            is_over = not old.readers
        if is_over:
            old.close()

    # ── what Datasette asks ──────────────────────────────────────────────────────────────────

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """What `fn` gives for a connection to the edition, in a thread of Datasette's."""
        with self.pinned() as edition:
            if self.ds.executor is None:
                return edition.visit(fn)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.ds.executor, edition.visit, fn)

    _execute_fn = execute_fn  # by which Datasette 1.0 runs a query

    async def execute(self, sql: str, params: Any = None, *given: Any, **options: Any) -> Any:
        """As Datasette's; the facets of whole tables are counted once an edition."""
        if params or not _WHOLE_TABLE.fullmatch(sql):
            return await super().execute(sql, params, *given, **options)
        answers = self.edition.answers
        asked = sql, options.get("truncate")
        if asked in answers:
            return answers[asked]
        found = await super().execute(sql, params, *given, **options)
        if len(answers) < MOST_ANSWERS:
            answers[asked] = found
        return found

    table_exists = _once(Database.table_exists)
    table_columns = _once(Database.table_columns)
    table_column_details = _once(Database.table_column_details)
    primary_keys = _once(Database.primary_keys)
    fts_table = _once(Database.fts_table)
    foreign_keys_for_table = _once(Database.foreign_keys_for_table)
    get_all_foreign_keys = _once(Database.get_all_foreign_keys)
    get_table_definition = _once(Database.get_table_definition)
    get_view_definition = _once(Database.get_view_definition)

    def close(self) -> None:
        """Let go of the file; nothing is read after this."""
        self._opener.shutdown()
        self._newest.close()

    @property
    def hash(self) -> str:
        """SHA-256 of the edition's file."""
        return self.edition.hash

    @property
    def size(self) -> int:
        """Bytes of the edition's file."""
        return self.edition.identity.size

    @property
    def mtime_ns(self) -> int:
        """When the edition's file was changed last."""
        return self.edition.identity.changed

    @property
    def cached_table_counts(self) -> dict[str, int]:
        """Table → rows, of the edition."""
        return self.edition.counts


class Inspected(Mapping[str, Any]):
    """What Datasette's `inspect_data` says of a live database: always of the edition."""

    def __init__(self, live: LiveDatabase) -> None:
        self._live = live

    def _now(self) -> dict[str, Any]:
        edition = self._live.edition
        tables = {table: {"count": count} for table, count in edition.counts.items()}
        return {"hash": edition.hash, "size": edition.identity.size, "tables": tables}

    def __getitem__(self, key: str) -> Any:
        return self._now()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())
