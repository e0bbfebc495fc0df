"""How many requests of a cost are answered at once, how many wait, and what the rest are told.

request ─► cost_of ─► ConcurrencyLimit ─► Datasette, or 429 Too Many Requests
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Container, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from clippings.site import pages
from clippings.site.addresses import DATABASE

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

RETRY_AFTER = 5
"""Seconds; a query runs for two at most."""

PIECE = 64 * 1024
"""Bytes of an export that are sent at once."""

MAX_BODY = 64 * 1024
"""Bytes of the body of a request; Datasette puts one together in quadratic time."""

MAX_VALUE = 250
"""Characters of a filter. LIKE takes its pattern's length times the text's, and FTS5 cannot be
interrupted, so what asks for more is run where it can be killed."""

_OF_EVERY_PAGE = {*pages.CHOICES, "_shape"}


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

    @asynccontextmanager
    async def stepped_out(self) -> AsyncIterator[None]:
        """Let others pass while this one, which has entered, waits for its visitor."""
        self._places.release()
        try:
            yield
        finally:
            await self._places.acquire()


def limits_for(threads: int) -> dict[pages.Cost, ConcurrencyLimit]:
    """Return the limit of each cost but `free`; `threads` are those that Datasette reads with."""
    return {
        "sql": ConcurrencyLimit(1, 4),
        "stream": ConcurrencyLimit(1, 4),
        "heavy": ConcurrencyLimit(2, 200),
        "table": ConcurrencyLimit(max(2, threads // 2), 200),
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
    if path.endswith(".csv"):
        return "stream"
    return "table" if names - _OF_EVERY_PAGE else "free"


class VisitorGone(BaseException):
    """The visitor of an export left; nothing for Datasette to handle."""


@asynccontextmanager
async def streaming(limit: ConcurrencyLimit, receive: Receive, send: Send) -> AsyncIterator[Send]:
    """Give a `send` for a long export that has entered `limit`: it sends large pieces, lets
    others pass while one is on its way, and ends the export when the visitor has left."""
    held = bytearray()
    gone = asyncio.ensure_future(visitor_left(receive))

    async def send_in_pieces(event: dict[str, Any]) -> None:
        if event["type"] == "http.response.body":
            held.extend(event.get("body", b""))
            if event.get("more_body") and len(held) < PIECE:
                return
            event = {**event, "body": bytes(held)}
            held.clear()
        async with limit.stepped_out():
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

    async def receive_whole() -> dict[str, Any]:
        return next(whole, None) or await receive()

    return receive_whole
