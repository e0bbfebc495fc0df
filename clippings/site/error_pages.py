"""The answers to what went wrong: a page in the reader's language, or JSON where that was asked."""

from __future__ import annotations

import errno
import re
import sqlite3
import sys
import traceback

from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils.asgi import Request, Response
from datasette.views.base import DatasetteError

from clippings.site.answers import page
from clippings.site.limits import RETRY_AFTER
from clippings.site.preferences import translator_for

_READS_THE_REQUEST = (
    "datasette.views.",
    "datasette.filters",
    "datasette.facets",
    "datasette.renderer",
    "datasette.blob_renderer",
)
"""Modules of Datasette that take a request's words unchecked."""

_PASSED_ON = ("datasette.", "clippings.site.live_database", "clippings.site.sql_worker")
_MISREADING = (
    AttributeError,
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


async def error_page(
    datasette: Datasette, request: Request, status: int, message: str, title: str = ""
) -> Response:
    """Return the answer to a request that failed, under its status."""
    if request.path.endswith(".json"):
        return _as_json(status, message, title)
    t = translator_for(request)
    known = f"error.{status}"
    title = title or t(known if known in t.strings else "error.other")
    context = {"status": status, "title": title, "message": message}
    return await page(datasette, request, "problem.html", context, status)


def too_many_requests(request: Request) -> Response:
    """Return the answer 429: a sentence only, for a crowd is no time for pages."""
    message = translator_for(request)("error.busy")
    is_json = request.path.endswith(".json")
    answer = _as_json(429, message) if is_json else Response.text(message, status=429)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def _as_json(status: int, message: str, title: str = "") -> Response:
    about = {"ok": False, "error": message, "status": status, "title": title or None}
    return Response.json(about, status=status)


def client_error_status(exception: Exception) -> int | None:
    """Return the status that an exception of Datasette's should have had; None: the client is
    not to blame.

    Datasette 0.65 answers 500 to parameters that it cannot read. An exception is put down to the
    request only if it arose where Datasette reads one: what happens in a plugin, in a template or
    on the disk stays what it is.
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
        if module.startswith(_READS_THE_REQUEST):
            return 404 if module == "datasette.views.row" else 400
        is_stdlib = module.partition(".")[0] in sys.stdlib_module_names
        if not is_stdlib and not module.startswith(_PASSED_ON):
            break
    return None
