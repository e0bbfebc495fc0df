"""How many requests of a cost are answered at once, how many wait, and what the rest are told.

request ─► cost_of ─► ConcurrencyLimit ─► Datasette, or 429 Too Many Requests
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager

from clippings.site import pages
from clippings.site.addresses import DATABASE
from clippings.site.asgi import Event, Receive
from clippings.site.preferences import CHOICES

RETRY_AFTER = 5
"""Seconds; a query runs for two at most."""

PAUSE = 1.0
"""Seconds after which a refusal is told, for who asks on and on waits for an answer first.
MAX_PAUSING wait for theirs, and the rest have it at once."""

MAX_PAUSING = 500

MAX_BODY = 64 * 1024
"""Bytes of the body of a request; Datasette puts one together in quadratic time."""

MAX_VALUE = 250
"""Characters of a filter. LIKE takes its pattern's length times the text's, and FTS5 cannot be
interrupted, so what asks for more is run where it can be killed."""

_OF_EVERY_PAGE = {*CHOICES, "_shape"}


class TooManyRequests(Exception):
    """As many wait as may."""


class ConcurrencyLimit:
    """Lets a few requests through at once and a few more wait."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._room = at_once + waiting

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Count towards the limit. Raises TooManyRequests where there is no room to wait in."""
        if not self._room:
            raise TooManyRequests
        self._room -= 1
        try:
            async with self._places:
                yield
        finally:
            self._room += 1


def limits_for(threads: int) -> dict[pages.Cost, ConcurrencyLimit]:
    """Return the limit of each cost but `free`; `threads` are those that Datasette reads with.

    An export lasts as long as its visitor reads; of all that are open, one makes a piece at a time
    (clippings/site/streaming.py).
    """
    return {
        "sql": ConcurrencyLimit(1, 4),
        "stream": ConcurrencyLimit(8, 0),
        "heavy": ConcurrencyLimit(1, 200),
        "table": ConcurrencyLimit(max(1, threads // 4), 200),
        "other": ConcurrencyLimit(2, 20),
    }


def cost_of(path: str, parameters: list[tuple[str, str]], tables: Container[str]) -> pages.Cost:
    """Return what a request may cost. `path` is below base_url, `tables` are the archive's.

    `sql` is whatever a stranger composes: SQL, a raw search, a filter longer than any name, and
    the values of a ready query. Of the pages of other plugins nothing is known.
    """
    if page := pages.find(path):
        return page.cost
    parts = path[1:].split("/")
    database, name = (part.partition(".")[0] for part in [*parts, ""][:2])
    if parts[0] in ("static", "favicon.ico") or parts[:2] == ["-", "static"]:
        return "free"
    if database != DATABASE:
        return "other"
    names = {name for name, _ in parameters}
    is_long = any(len(value) > MAX_VALUE for _, value in parameters)
    if is_long or names & {"sql", "_where"} or ("_searchmode", "raw") in parameters:
        return "sql"
    if name and name not in tables:
        return "sql"
    return "table" if names - _OF_EVERY_PAGE or path.endswith(".csv") else "free"


async def read_body(receive: Receive) -> Receive | None:
    """Read the body of a request. Return a `receive` that gives it, or None for one too large."""
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        if event["type"] == "http.disconnect" or not event.get("more_body"):
            break
    whole = iter([{**event, "body": body}])

    async def receive_whole() -> Event:
        return next(whole, None) or await receive()

    return receive_whole
