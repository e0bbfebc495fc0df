"""A connection on which strangers may run SQL: what it may do, and how much of it.

Datasette's time limit is looked at between two steps of SQLite's virtual machine. What one
step can do without end is bounded here: the length of a value, the pattern of LIKE, the
functions whose time is the product of two lengths, and the size of a result.
"""

from __future__ import annotations

import re
import sqlite3
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

MAX_PATTERN = 250
"""Bytes of a LIKE or GLOB pattern; matching takes its length times the text's."""

MAX_RESULT = 64 * 2**20
"""What a result may weigh: the lengths of its values, and CELL for each."""

CELL = 1000
"""A value weighs at least this: on a page, that is what it costs."""

SHORTEST_LIMIT = 4 * 2**20
"""Bytes that a value may always have."""

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
"""What sqlite-utils sets on every connection that it is given; where nothing is written nothing
is triggered."""

_REFUSED_FUNCTIONS = {"load_extension", "fts3_tokenizer", "json_patch"}
"""json_patch takes the product of the lengths of its objects; nobody misses the others."""


def bound(conn: sqlite3.Connection, longest_text: int = 0) -> None:
    """Let a connection only read, with every single step of it bounded.

    `longest_text` is the longest text of the database in characters: a value may have four
    times as many bytes, and no fewer than SHORTEST_LIMIT. Python below 3.11 cannot set
    SQLite's length limits: there the memory of the process is bounded instead, and one step
    may outlast the time limit.
    """
    longest = max(SHORTEST_LIMIT, 4 * longest_text)
    if hasattr(conn, "setlimit"):
        for limit, value in (
            (sqlite3.SQLITE_LIMIT_LENGTH, longest),
            (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 100_000),
            (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_PATTERN),
            (sqlite3.SQLITE_LIMIT_COLUMN, 200),
            (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        ):
            conn.setlimit(limit, value)
    else:
        conn.execute(f"pragma hard_heap_limit = {16 * longest + 2**29}")
    plain = sqlite3.connect(":memory:", check_same_thread=False)  # has SQLite's own printf
    functions: tuple[tuple[str, int, Callable[..., Any]], ...] = (
        ("instr", 2, _instr),
        ("replace", 3, partial(_replace, longest)),
        ("printf", -1, partial(_printf, longest, plain)),
        ("format", -1, partial(_printf, longest, plain)),
        ("trim", 2, partial(_trimmed, str.strip)),
        ("ltrim", 2, partial(_trimmed, str.lstrip)),
        ("rtrim", 2, partial(_trimmed, str.rstrip)),
    )
    for name, arguments, function in functions:
        conn.create_function(name, arguments, function, deterministic=True)
    conn.row_factory = BoundedRows()
    conn.set_authorizer(_authorize)


class BoundedRows:
    """Makes rows, and stops a query whose rows together weigh more than MAX_RESULT."""

    def __init__(self) -> None:
        self._cursor: weakref.ref[sqlite3.Cursor] | None = None
        self._weight = 0

    def __call__(self, cursor: sqlite3.Cursor, values: tuple[object, ...]) -> sqlite3.Row:
        """A row of `cursor`. Raises OperationalError, which Datasette shows to the visitor."""
        if self._cursor is None or self._cursor() is not cursor:
            self._cursor = weakref.ref(cursor)
            self._weight = 0
        self._weight += CELL * len(values)
        for value in values:
            if isinstance(value, (str, bytes)):
                self._weight += len(value)
        if self._weight > MAX_RESULT:
            raise sqlite3.OperationalError("the result is too large; ask for fewer rows or columns")
        return sqlite3.Row(cursor, values)


def _authorize(
    action: int, first: str | None, second: str | None, database: str | None, source: str | None
) -> int:
    """SQLite's question before it prepares a statement: reading is all that is allowed."""
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


_NUMBERS = re.compile(r"\d+")

# SQLite's own versions of these compare at every place anew, or count to two billion for a
# width that has no room; Python's search does not. Blobs are read as Datasette reads them.


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _instr(text: object, part: object) -> int | None:
    if text is None or part is None:
        return None
    if isinstance(text, bytes) and isinstance(part, bytes):
        return text.find(part) + 1
    return _text(text).find(_text(part)) + 1


def _replace(longest: int, text: object, part: object, by: object) -> object:
    if text is None or part is None:
        return None
    whole, old = _text(text), _text(part)
    if not old:
        return whole if isinstance(text, bytes) else text
    if by is None:
        return None
    new = _text(by)
    if len(whole) + whole.count(old) * (len(new) - len(old)) > longest:
        raise OverflowError("string or blob too big")
    return whole.replace(old, new)


def _printf(longest: int, plain: sqlite3.Connection, *arguments: Any) -> Any:
    form, *values = map(_text, arguments or ("",))
    widths = _NUMBERS.findall(form) + (_NUMBERS.findall(" ".join(values)) if "*" in form else [])
    if any(len(width) > 9 or int(width) > longest for width in widths):
        raise OverflowError("string or blob too big")
    marks = ", ".join("?" * len(arguments))
    return plain.execute(f"select printf({marks})", arguments).fetchone()[0]


def _trimmed(strip: Callable[[str, str], str], text: object, characters: object) -> str | None:
    if text is None or characters is None:
        return None
    unwanted = _text(characters)
    if len(unwanted) > MAX_PATTERN:
        raise ValueError("too many characters to trim")
    return strip(_text(text), unwanted)
