"""What is wrong with a request, before Datasette sees it and after it stumbled over it.

Datasette 0.65 answers 500 to parameters that it cannot read; here each gets an answer that says
what is wrong with it.
"""

from __future__ import annotations

import errno
import json
import re
import sqlite3
import sys
import traceback
from collections.abc import Callable, Container
from urllib.parse import parse_qsl

from datasette.database import QueryInterrupted
from datasette.utils import tilde_decode, tilde_encode
from datasette.views.base import DatasetteError

MAX_PARAMETERS = 200
"""More conditions than this are no question; SQLite gives up at a thousand."""


def canonical_path(path: str, databases: Container[str]) -> str | None:
    """Return the one spelling of a path; None for what is none of this site's.

    Datasette decodes `~63lippings` to the name of a database, and limits go by names. `path` is
    below base_url and percent-encoded, as it was sent.
    """
    if not re.match(r"/(?![/\\])", path) or not path.isascii():
        return None  # also a request in absolute form, `GET http://other.example/`
    parts = path[1:].split("/")
    if "%" in path or tilde_decode(parts[0].partition(".")[0]) not in databases:
        return path
    if path.endswith("."):
        return None
    return "/" + "/".join(map(_respelled, parts))


def _respelled(part: str) -> str:
    name, dot, ending = part.partition(".")
    return ",".join(tilde_encode(tilde_decode(key)) for key in name.split(",")) + dot + ending


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
)
"""A parameter's name, what must hold for each of its values where it has one, and the rule."""


def validate_query(query_string: str) -> str | None:
    """Return what is wrong with the parameters of an address, as a sentence; None: nothing."""
    try:
        parameters = parse_qsl(query_string, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        return f"There are more than {MAX_PARAMETERS} parameters"
    for name, value in parameters:
        for pattern, holds, rule in _RULES:
            if re.fullmatch(pattern, name) and not holds(value):
                return f"{name} {rule}"
    return None


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
    "clippings.site.sql_worker",
)
_MISREADING = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AssertionError,
    sqlite3.Error,
    sqlite3.Warning,
    QueryInterrupted,  # Datasette 1.0 lets it pass where a table takes too long
)
_OPERATORS_TROUBLE = re.compile(
    r"disk I/O|malformed(?! JSON)|unable to open|locked|not a database|out of memory|readonly"
)


def client_error_status(exception: Exception) -> int | None:
    """Return the status that an exception of Datasette's should have had; None: the client is
    not to blame.

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
