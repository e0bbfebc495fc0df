"""Whole pages, kept for the next visitor: by snapshot, address, day, and what an answer depends on.

    request ─► is_cacheable ─► etag (304?) ─► kept? ─► made once, however many ask ─► kept

A page is made from a request without cookies, so that it can be nobody's own (any cookie makes
Datasette set one against CSRF); language and theme go along as choices. It is kept gzipped. Its
ETag names the snapshot of the database, the start of the site and the address, so a 304 needs no
page. What may not be kept is made for who asks, from their own request.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Container
from datetime import date
from typing import NamedTuple
from urllib.parse import parse_qsl

from datasette.utils.asgi import Request

from clippings.site import pages
from clippings.site.addresses import DATABASE
from clippings.site.asgi import App, Event, Headers, Scope, Send
from clippings.site.limits import cost_of
from clippings.site.preferences import (
    CHOSEN,
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    theme_for,
    translator_for,
)

KEPT_BYTES = 64 * 2**20
"""What all kept pages may weigh, gzipped, with their headers and addresses."""

LARGEST = 2**20
"""What one page may weigh."""

PAGE = b"public, max-age=60, s-maxage=600, stale-while-revalidate=600"
"""A browser asks again after a minute, a CDN after ten; both then mostly get a 304."""

FOREVER = b"public, max-age=31536000, immutable"
"""For a file whose address changes when it does."""

_SIGNED_IN = re.compile(rb"\b(ds_actor|ds_messages)=")  # the cookies by which Datasette knows one
_NOT_KEPT = {"_lang", "_theme", "_trace", "_ttl"}
"""Parameters of answers that are not kept: a choice sets a cookie, and who sets the age of an
answer wants it so."""
_TEXT = re.compile(rb"text/(?!csv)|application/(\w+\+)?(json|xml|javascript)|image/svg")
_VARY = b"Accept-Encoding, Accept-Language, Cookie, Authorization"


class KeptPage(NamedTuple):
    """A page that answered 200: its headers, and its body, gzipped."""

    headers: Headers
    body: bytes

    @property
    def weight(self) -> int:
        """What it takes in memory, in bytes: with its headers, key and Python's own."""
        return len(self.body) + 2000


def etag(scope: Scope, *others: str) -> bytes:
    """Return the ETag of the answer to a request, made of all that it depends on, `others` too, and
    of the day, for a citation names it; weak, for it may come gzipped or not."""
    request = Request(scope, None)
    asked = scope["scheme"], request.host, scope["raw_path"], scope["query_string"]
    reader = translator_for(request).code, theme_for(request)
    made_of = asked, reader, others, date.today().isoformat()
    digest = hashlib.sha256(repr(made_of).encode()).hexdigest()
    return f'W/"{digest[:32]}"'.encode()


def anonymous(scope: Scope) -> Scope:
    """Return the request of somebody who asks the same and is known by nothing."""
    request = Request(scope, None)
    chosen = {LANGUAGE_COOKIE: translator_for(request).code, THEME_COOKIE: theme_for(request)}
    headers = [pair for pair in scope["headers"] if pair[0] == b"host"]
    return {**scope, "method": "GET", "headers": headers, CHOSEN: chosen}


def is_cacheable(scope: Scope, path: str, tables: Container[str]) -> bool:
    """Whether the answer to a request may be kept: a page of the site that says so, a table, an
    article, a file with its fingerprint. `path` is below base_url; `tables` are the archive's."""
    headers = dict(scope["headers"])
    is_known = b"authorization" in headers or _SIGNED_IN.search(headers.get(b"cookie", b""))
    if scope["method"] not in ("GET", "HEAD") or is_known:
        return False
    query = scope["query_string"].decode("latin-1")
    if path.startswith("/static/"):
        return re.fullmatch(r"[0-9a-f]{8}", query) is not None
    parameters = parse_qsl(query, keep_blank_values=True)
    if _NOT_KEPT & {name for name, _ in parameters}:
        return False
    if page := pages.find(path):
        return page.is_cached
    if not path.startswith(f"/{DATABASE}") or path.endswith((".csv", ".db")):
        return False
    return cost_of(path, parameters, tables) in ("free", "table")


def is_held(scope: Scope, tag: bytes) -> bool:
    """Whether who asks has the answer already (weak comparison, RFC 9110, 13.1.2)."""
    held = dict(scope["headers"]).get(b"if-none-match", b"")
    return tag[2:] in re.findall(rb'"[^"]*"', held)


def takes_gzip(scope: Scope) -> bool:
    """Whether who asks can unpack gzip (RFC 9110, 12.5.3)."""
    accepted = dict(scope["headers"]).get(b"accept-encoding", b"").lower()
    return re.search(rb"(?:^|[\s,])(gzip|\*)(?!\s*;\s*q=0(\.0*)?\s*(,|$))", accepted) is not None


async def make_page(app: App, scope: Scope, tag: bytes, age: bytes) -> KeptPage | None:
    """Return the answer of an application as it is kept; None for one that may not be."""
    events: list[Event] = [{"type": "http.request", "body": b"", "more_body": False}]
    answer: list[Event] = []

    async def receive() -> Event:
        return events.pop() if events else await asyncio.Future()  # others may wait: nobody leaves

    async def send(event: Event) -> None:
        answer.append(event)

    await app(anonymous(scope), receive, send)
    start, *parts = answer
    headers = {bytes(name).lower(): bytes(value) for name, value in start.get("headers", ())}
    refused = re.search(rb"no-store|no-cache|private", headers.get(b"cache-control", b""))
    if start["status"] != 200 or refused or headers.keys() & {b"set-cookie", b"content-encoding"}:
        return None
    if not _TEXT.match(headers.get(b"content-type", b"")):
        return None
    headers |= {b"etag": tag, b"cache-control": age, b"vary": _VARY}
    body = b"".join(part.get("body", b"") for part in parts)
    # Level 5 takes half of the time of 9 and gives two hundredths more bytes (measured on tables).
    return KeptPage(list(headers.items()), gzip.compress(body, 5, mtime=0))


async def send_page(page: KeptPage, scope: Scope, send: Send) -> None:
    """Send a page as the client can read it; 304 to who has it, to HEAD only its headers."""
    headers, body = dict(page.headers), page.body
    if takes_gzip(scope):
        headers[b"content-encoding"] = b"gzip"
    else:
        body = gzip.decompress(body)
    headers[b"content-length"] = str(len(body)).encode()
    await _send(200, headers, b"" if scope["method"] == "HEAD" else body, send)


async def send_not_modified(tag: bytes, send: Send) -> None:
    """Send a 304."""
    await _send(304, {b"etag": tag, b"cache-control": PAGE, b"vary": _VARY}, b"", send)


async def _send(status: int, headers: dict[bytes, bytes], body: bytes, send: Send) -> None:
    start = {"type": "http.response.start", "status": status, "headers": list(headers.items())}
    await send(start)
    await send({"type": "http.response.body", "body": body})


class PageCache:
    """Pages by ETag, those that were not asked for the longest time gone when it is full."""

    def __init__(self, room: int = KEPT_BYTES) -> None:
        """`room` is what pages may weigh, in bytes."""
        self.token = secrets.token_hex(8)  # the next start may have other templates or settings
        self.weight = 0
        self._room = room
        self._kept: OrderedDict[bytes, KeptPage] = OrderedDict()
        self._made: dict[bytes, asyncio.Future[KeptPage | None]] = {}

    async def get(
        self, tag: bytes, make: Callable[[], Awaitable[KeptPage | None]]
    ) -> KeptPage | None:
        """Return the page that is kept under a tag, else the one that `make` gives; several who
        ask at once wait for one."""
        if tag in self._kept:
            self._kept.move_to_end(tag)
            return self._kept[tag]
        if tag not in self._made:
            self._made[tag] = asyncio.ensure_future(make())
            self._made[tag].add_done_callback(lambda made: self._keep(tag, made))
        return await asyncio.shield(self._made[tag])

    def _keep(self, tag: bytes, made: asyncio.Future[KeptPage | None]) -> None:
        del self._made[tag]
        page = None if made.cancelled() or made.exception() else made.result()
        if page is None or page.weight > LARGEST:
            return
        self._kept[tag] = page
        self.weight += page.weight
        while self.weight > self._room:
            self.weight -= self._kept.popitem(last=False)[1].weight
