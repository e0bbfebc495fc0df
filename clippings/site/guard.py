"""What stands between a stranger's request and Datasette: complaints, blame, and gates.

    query string ─► complaint ─► gate ─► Datasette ─► visitors_fault (of an exception)

Datasette 0.65 answers 500 to parameters that it cannot read and lets any number of costly
queries share its few threads; here each gets an answer that says what is wrong.
"""

from __future__ import annotations

import asyncio
import errno
import json
import re
import sqlite3
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from datasette.database import QueryInterrupted
from datasette.views.base import DatasetteError

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MAX_COPIES = 1000
"""How often the tables of WITH may be copied into one another before SQL is refused."""

PIECE = 64 * 1024
"""Bytes of an export that are sent at once."""

MAX_PARAMETERS = 200
"""More conditions than this are no question; SQLite gives up at a thousand."""


# ── parameters ───────────────────────────────────────────────────────────────────────────────


def _json(value: str) -> object:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _is_whole_number(value: str) -> bool:
    return re.fullmatch(r"-?\d{1,18}", value, re.ASCII) is not None


def _has_texts(value: str, *keys: str) -> bool:
    given = _json(value)
    return isinstance(given, dict) and all(isinstance(given.get(key), str) for key in keys)


def _is_facet(value: str) -> bool:
    braced = value.startswith("{")
    return not braced or _has_texts(value, "column") or _has_texts(value, "simple")


def _is_comparable(value: str) -> bool:
    return not value.lstrip("-").isdigit() or _is_whole_number(value)


def _is_list(value: str) -> bool:
    return not value.startswith("[") or isinstance(_json(value), list)


_RULES: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("_timelimit", _is_whole_number, "is a whole number of milliseconds"),
    ("_facet(_array|_date|_m2m)?", _is_facet, 'is a column, or {"column": …}'),
    (
        "_through",
        lambda value: _has_texts(value, "table", "column", "value"),
        'is {"table": …, "column": …, "value": …} with texts in it',
    ),
    (".+__(in|notin)", _is_list, "is a list: a,b or a JSON array"),
    (".+__[gl]te?", _is_comparable, "is a text, or a number below 2^63"),
    (
        "sql|_where",
        lambda value: copies(value) <= MAX_COPIES,
        f"copies its WITH tables into one another more than {MAX_COPIES} times",
    ),
)
"""A parameter's name, what must hold for each of its values where it has one, and the rule."""


def complaint(path: str, query_string: str) -> str | None:
    """What is wrong with an address, as a sentence; None: nothing known."""
    if path[1:2] == "\\":  # a browser would take a redirect to it for another host
        return "No page begins with a backslash"
    try:
        parameters = parse_qsl(query_string, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        return f"There are more than {MAX_PARAMETERS} parameters"
    for name, value in parameters:
        for pattern, holds, rule in _RULES:
            if re.fullmatch(pattern, name) and not holds(value):
                return f"{name} {rule}"
    return None


# ── WITH ─────────────────────────────────────────────────────────────────────────────────────

_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|$)|"((?:[^"]|"")*)"|'((?:[^']|'')*)'|\[([^\]]*)\]|`([^`]*)`|\w+|\S""",
    re.DOTALL,
)


def copies(sql: str) -> int:
    """How many tables SQLite will have once each use of a WITH table is a copy of it.

    `with a as (…), b as (select … from a, a), c as (select … from b, b)` doubles with every
    name, while the statement is prepared, where no time limit reaches before SQLite 3.41.
    """
    tokens = [
        next(filter(None, match.groups()), match[0]).lower()
        for match in _TOKEN.finditer(sql)
        if not match[0].startswith(("--", "/*"))
    ]
    bodies = _with_tables(tokens)
    total = dict.fromkeys(bodies, 1)
    for _ in bodies:  # the longest way from a table to one that uses it
        total = {
            name: min(
                1 + sum(total[used] for used in body if used in total and used != name),
                MAX_COPIES + 1,
            )
            for name, body in bodies.items()
        }
    return min(sum(total.get(token, 0) for token in tokens), MAX_COPIES + 1)


def _with_tables(tokens: list[str]) -> dict[str, list[str]]:
    """Name → the tokens of its body, for each `name [(columns)] as [[not] materialized] (`."""
    bodies: dict[str, list[str]] = {}
    for place, token in enumerate(tokens):
        if token != "as":
            continue
        begin = place + 1
        while tokens[begin : begin + 1] and tokens[begin] in ("not", "materialized"):
            begin += 1
        if tokens[begin : begin + 1] == ["("]:
            name = _name_before(tokens, place)
            bodies.setdefault(name, []).extend(tokens[begin : _closing(tokens, begin)])
    return bodies


def _name_before(tokens: list[str], place: int) -> str:
    """The name that stands before `as`, over its list of columns."""
    while place > 1 and tokens[place - 1] == ")":
        place = max((i for i in range(place) if tokens[i] == "("), default=0)
    return tokens[place - 1] if place else ""


def _closing(tokens: list[str], begin: int) -> int:
    depth = 0
    for place in range(begin, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[place], 0)
        if not depth:
            return place
    return len(tokens)


# ── exceptions ───────────────────────────────────────────────────────────────────────────────

_READS_THE_REQUEST = {
    "datasette.views.base": 400,
    "datasette.views.database": 400,
    "datasette.views.table": 400,
    "datasette.views.table_extras": 400,
    "datasette.views.row": 404,
    "datasette.views.special": 400,
    "datasette.views.stored_queries": 400,
    "datasette.views.query_helpers": 400,
    "datasette.filters": 400,
    "datasette.facets": 400,
    "datasette.renderer": 400,
    "datasette.blob_renderer": 400,
}
"""Modules of Datasette that take a request's words unchecked → what a failure there means."""

_PASSED_ON = (
    "datasette.database",
    "datasette.utils",
    "datasette.tracer",
    "datasette.app",
    "clippings.site.live_database",
)
_MISREADING = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AssertionError,
    sqlite3.Error,
    QueryInterrupted,  # Datasette 1.0 lets it pass where a table takes too long
)
_OPERATORS_TROUBLE = re.compile(
    r"disk I/O|malformed(?! JSON)|unable to open|locked|not a database|out of memory|readonly"
)


def visitors_fault(exception: Exception) -> int | None:
    """The status that an exception of Datasette's should have had; None: it is no visitor's.

    An exception is put down to the request only if it arose where Datasette reads one: what
    happens in a plugin, in a template or on the disk stays what it is.
    """
    if isinstance(exception, DatasetteError):
        return 400 if exception.status == 500 else None
    if isinstance(exception, OSError) and exception.errno == errno.ENAMETOOLONG:
        return 404
    if not isinstance(exception, _MISREADING):
        return None
    if isinstance(exception, sqlite3.Error) and _OPERATORS_TROUBLE.search(str(exception)):
        return None
    for frame, _ in reversed(list(traceback.walk_tb(exception.__traceback__))):
        module = str(frame.f_globals.get("__name__"))
        if module.partition(".")[0] in sys.stdlib_module_names or module.startswith(_PASSED_ON):
            continue
        return _READS_THE_REQUEST.get(module)
    return None


# ── gates ────────────────────────────────────────────────────────────────────────────────────


class Busy(Exception):
    """As many wait at a gate as may."""


class Gate:
    """Lets a few through at once and a few more wait; the rest are told to come again."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._room = at_once + waiting

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Inside the gate. Raises Busy where there is no room left to wait in."""
        if not self._room:
            raise Busy
        self._room -= 1
        try:
            async with self._places:
                yield
        finally:
            self._room += 1

    @asynccontextmanager
    async def stepped_out(self) -> AsyncIterator[None]:
        """Outside for a moment, from inside: others may pass while this one waits."""
        self._places.release()
        try:
            yield
        finally:
            await self._places.acquire()


class VisitorGone(BaseException):
    """The visitor of an export left; nothing for Datasette to handle."""


@asynccontextmanager
async def exporting(gate: Gate, receive: Receive, send: Send) -> AsyncIterator[Send]:
    """A `send` for a long export, which is inside `gate`: it sends large pieces, lets others
    pass while one is on its way, and ends the export when the visitor has left."""
    held = bytearray()
    gone = asyncio.ensure_future(visitor_left(receive))

    async def send_in_pieces(event: dict[str, Any]) -> None:
        if event["type"] == "http.response.body":
            held.extend(event.get("body", b""))
            if event.get("more_body") and len(held) < PIECE:
                return
            event = {**event, "body": bytes(held)}
            held.clear()
        async with gate.stepped_out():
            await send(event)
        if gone.done():
            raise VisitorGone

    try:
        yield send_in_pieces
    except VisitorGone:
        pass
    finally:
        gone.cancel()


async def visitor_left(receive: Receive) -> None:
    """Return once whoever asked is no longer there."""
    while (await receive())["type"] != "http.disconnect":
        pass


def gate_name(path: str, query_string: str, databases: tuple[str, ...]) -> str | None:
    """The gate that a request goes through: sql, stream or table; None: it is free to go.

    `path` is without the site's prefix. Pages of ours and Datasette's pages without
    parameters cost the same whatever is asked; what a visitor puts together may cost anything.
    """
    names = {name for name, _ in parse_qsl(query_string, keep_blank_values=True)}
    parts = path.strip("/").split("/")
    if names & {"sql", "_where"}:
        return "sql"
    if parts[0] == "export":
        return "stream"
    if parts[0].partition(".")[0] not in databases:
        return None
    if parts[-1].endswith(".csv"):
        return "stream"
    return "table" if names - {"_lang", "_theme", "_shape"} else None
