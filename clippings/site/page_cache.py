"""Whole pages, kept for the next visitor: by snapshot, address, and what an answer depends on.

    request ─► is_cacheable ─► tag (304?) ─► kept? ─► made once, however many ask ─► kept

A page is made from a request without cookies, so that it can be nobody's own (any cookie makes
Datasette set one against CSRF); language and theme go along as choices. It is kept gzipped. Its
ETag names the snapshot of the database, the start of the site and the address, so a 304 needs no
page.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Container, Iterator
from typing import NamedTuple
from urllib.parse import parse_qsl

from datasette.utils.asgi import Request

from clippings.site import pages
from clippings.site.addresses import DATABASE
from clippings.site.asgi import App, Event, Headers, Scope, Send
from clippings.site.preferences import (
    CHOSEN,
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    theme_for,
    translator_for,
)

KEPT_BYTES = 64 * 2**20
"""What all kept pages may weigh, gzipped, with their headers and addresses."""

LARGEST = 4 * 2**20
"""Bytes of a page, not gzipped, beyond which it is not kept."""

PAGE = b"public, max-age=60, s-maxage=600, stale-while-revalidate=600"
"""A browser asks again after a minute, a CDN after ten; both then mostly get a 304."""

FOREVER = b"public, max-age=31536000, immutable"
"""For a file whose address changes when it does."""

_SIGNED_IN = re.compile(rb"\b(ds_actor|ds_messages)=")  # the cookies by which Datasette knows one
_NOT_KEPT = {"sql", "_where", "_lang", "_theme", "_trace", "_ttl"}
"""Parameters of answers that are not kept: any SQL may ask for the time or for chance, a choice
sets a cookie, and who sets the age of an answer wants it so."""
_TEXT = re.compile(rb"text/(?!csv)|application/(\w+\+)?(json|xml|javascript)|image/svg")
_REPLACED = {b"cache-control", b"content-length", b"etag", b"vary"}
_VARY = (b"vary", b"Accept-Encoding, Accept-Language, Cookie, Authorization")


class Answer(NamedTuple):
    """A whole answer. The body of one that may be kept is gzipped."""

    status: int
    headers: Headers
    body: bytes
    is_gzipped: bool = False

    def header(self, name: bytes) -> bytes:
        """Return the value of a header; empty where it is not."""
        return next((value for key, value in self.headers if key.lower() == name), b"")


def etag(scope: Scope, *others: str) -> bytes:
    """Return the ETag of the answer to a request, made of all that it depends on, `others` too;
    weak, for it may come gzipped or not."""
    request = Request(scope, None)
    asked = scope["scheme"], request.host, scope["raw_path"], scope["query_string"]
    reader = translator_for(request).code, theme_for(request)
    digest = hashlib.sha256(repr((asked, reader, others)).encode()).hexdigest()
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
    if _NOT_KEPT & {name for name, _ in parse_qsl(query, keep_blank_values=True)}:
        return False
    if page := pages.find(path):
        return page.is_cached
    database, _, rest = path[1:].partition("/")
    if database.partition(".")[0] != DATABASE or path.endswith((".csv", ".db")):
        return False
    return not rest or rest.split("/")[0].partition(".")[0] in tables


def not_modified(scope: Scope, tag: bytes) -> Answer | None:
    """Return a 304 for who has the answer already (weak comparison, RFC 9110, 13.1.2)."""
    held = dict(scope["headers"]).get(b"if-none-match", b"")
    if tag[2:] not in re.findall(rb'"[^"]*"', held):
        return None
    return Answer(304, [(b"etag", tag), (b"cache-control", PAGE), _VARY], b"")


def takes_gzip(scope: Scope) -> bool:
    """Whether who asks can unpack gzip (RFC 9110, 12.5.3)."""
    accepted = dict(scope["headers"]).get(b"accept-encoding", b"").lower()
    return re.search(rb"(?:^|[\s,])(gzip|\*)(?!\s*;\s*q=0(\.0*)?\s*(,|$))", accepted) is not None


async def fetch(app: App, scope: Scope) -> Answer:
    """Return the whole answer of an application to a request without a body."""
    events: list[Event] = []
    received: Iterator[Event] = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Event:
        if event := next(received, None):
            return event
        return await asyncio.Future()  # nobody leaves: others may wait for the answer too

    async def send(event: Event) -> None:
        events.append(event)

    await app(scope, receive, send)
    start, *parts = events
    headers = [(bytes(name), bytes(value)) for name, value in start.get("headers", ())]
    return Answer(start["status"], headers, b"".join(part.get("body", b"") for part in parts))


def to_keep(answer: Answer, tag: bytes, age: bytes) -> Answer:
    """Return an answer as it is kept: gzipped, with its ETag; one that may not be as it is."""
    said = {name.lower() for name, _ in answer.headers}
    refused = re.search(rb"no-store|no-cache|private", answer.header(b"cache-control"))
    if answer.status != 200 or b"set-cookie" in said or refused or len(answer.body) > LARGEST:
        return answer
    if not _TEXT.match(answer.header(b"content-type")) or b"content-encoding" in said:
        return answer
    headers = [pair for pair in answer.headers if pair[0].lower() not in _REPLACED]
    headers += [(b"etag", tag), (b"cache-control", age), _VARY]
    # Level 5 takes half of the time of 9 and gives two hundredths more bytes (measured on tables).
    return Answer(200, headers, gzip.compress(answer.body, 5, mtime=0), is_gzipped=True)


async def send_answer(answer: Answer, scope: Scope, send: Send) -> None:
    """Send an answer as the client can read it; to HEAD only its headers."""
    headers, body = list(answer.headers), answer.body
    if answer.is_gzipped and takes_gzip(scope):
        headers.append((b"content-encoding", b"gzip"))
    elif answer.is_gzipped:
        body = gzip.decompress(body)
    if answer.status != 304:
        headers = [pair for pair in headers if pair[0].lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


class PageCache:
    """Answers by ETag, those that were not asked for the longest time gone when it is full."""

    def __init__(self, room: int = KEPT_BYTES) -> None:
        """`room` is what answers may weigh, in bytes."""
        self.token = secrets.token_hex(8)  # the next start may have other templates or settings
        self.weight = 0
        self._room = room
        self._kept: OrderedDict[bytes, Answer] = OrderedDict()
        self._made: dict[bytes, asyncio.Future[Answer]] = {}

    async def get(self, tag: bytes, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the answer that is kept under a tag, else the one that `make` gives; several who
        ask at once wait for one. Kept is what is gzipped."""
        if tag in self._kept:
            self._kept.move_to_end(tag)
            return self._kept[tag]
        if tag not in self._made:
            self._made[tag] = asyncio.ensure_future(make())
            self._made[tag].add_done_callback(lambda made: self._keep(tag, made))
        return await asyncio.shield(self._made[tag])

    def _keep(self, tag: bytes, made: asyncio.Future[Answer]) -> None:
        del self._made[tag]
        if made.cancelled() or made.exception() or not made.result().is_gzipped:
            return
        self._kept[tag] = made.result()
        self.weight += _weight(made.result())
        while self.weight > self._room:
            self.weight -= _weight(self._kept.popitem(last=False)[1])


def _weight(answer: Answer) -> int:
    """Return what an answer takes in memory, in bytes: with its headers, key and Python's own."""
    return len(answer.body) + 2000
