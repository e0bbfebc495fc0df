"""Whole pages, kept for the next visitor: by edition, address, and what an answer depends on.

    request ─► asks_for_page ─► tag (304?) ─► kept? ─► made once, however many ask ─► kept

A page is made from a request without cookies, so that it can be nobody's own; language and theme
go along as choices. It is kept gzipped. Its ETag names the edition of the database, the dress of
the site and the address, so a 304 needs no page.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from datasette.utils.asgi import Request

from clippings.site import (
    CHOSEN,
    DATABASE,
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    App,
    Headers,
    Scope,
    theme_for,
    words_for,
)

KEPT_BYTES = 64 * 2**20
"""What all kept pages may weigh, gzipped, with their headers and addresses."""

LARGEST = 4 * 2**20
"""Bytes of a page, not gzipped, beyond which it is not kept."""

PAGE = b"public, max-age=60, s-maxage=600, stale-while-revalidate=600"
"""A browser asks again after a minute, a CDN after ten; both then mostly get a 304."""

FOREVER = b"public, max-age=31536000, immutable"
"""For a file whose address changes when it does."""

_OWN = re.compile(r"\b(ds_actor|ds_messages)=")  # the cookies by which Datasette knows somebody
_PAGES_OWN = {"sql", "_where", "_lang", "_theme", "_trace", "_ttl"}
"""Parameters of answers that are not kept: any SQL may ask for the time or for chance, a choice
sets a cookie, and who sets the age of an answer wants it so."""
_NOT_OF_AN_EDITION = {"downloads", "export", "croissant.json", "datapackage.json", "CITATION.cff"}
"""First parts of addresses whose answers depend on a release too, or are streams."""
_TEXT = re.compile(rb"text/(?!csv)|application/(\w+\+)?(json|xml|javascript)|image/svg")
_REPLACED = {b"cache-control", b"content-length", b"etag", b"vary"}
_VARY = (b"Accept-Encoding", b"Accept-Language", b"Cookie", b"Authorization")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; the body is gzipped when `is_packed`."""

    status: int
    headers: Headers
    body: bytes
    is_packed: bool = False

    def header(self, name: bytes) -> bytes:
        """The value of a header; empty where it is not."""
        return next((value for key, value in self.headers if key.lower() == name), b"")

    def may_be_another(self, scope: Scope) -> bool:
        """Whether who asks could get something else by what is known of them: what is not
        kept was made for somebody without cookies, or gives one."""
        if self.is_packed or self.status == 304:
            return False
        if self.header(b"set-cookie"):
            return True
        return b"cookie" in dict(scope["headers"]) and self.status in (200, 302, 401, 403)


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that an answer depends on, besides the edition."""

    scheme: str
    host: str
    path: bytes
    query: bytes
    language: str
    theme: str

    @classmethod
    def of(cls, scope: Scope) -> Question:
        """The question that a request asks."""
        request = Request(scope, None)
        return cls(
            scope["scheme"],
            request.host,
            scope.get("raw_path") or scope["path"].encode(),
            scope["query_string"],
            words_for(request).code,
            theme_for(request),
        )

    def scope(self, scope: Scope) -> Scope:
        """The request of somebody who asks the same and is known by nothing."""
        headers = [pair for pair in scope["headers"] if pair[0] in (b"host", b"accept")]
        headers.append((b"accept-language", self.language.encode()))
        chosen = {LANGUAGE_COOKIE: self.language, THEME_COOKIE: self.theme}
        return {**scope, "method": "GET", "headers": headers, CHOSEN: chosen}


def is_file(path: str, query: str) -> bool:
    """Whether an address is that of a file of the site, with its fingerprint."""
    return path.startswith("/static/") and re.fullmatch(r"[0-9a-f]{8}", query) is not None


def asks_for_page(scope: Scope, prefix: str, tables: Container[str]) -> bool:
    """Whether the answer to a request may be kept: a page of the site, a table, an article.

    Not SQL (but that of a table), exports, what Datasette says of itself, and whatever is asked
    by somebody it knows. `prefix` is the site's base_url.
    """
    headers = dict(scope["headers"])
    if scope["method"] not in ("GET", "HEAD") or b"authorization" in headers:
        return False
    query = scope["query_string"].decode("latin-1")
    if _OWN.search(headers.get(b"cookie", b"").decode("latin-1")):
        return False
    path = "/" + scope["path"].removeprefix(prefix).lstrip("/")
    first, _, rest = path[1:].partition("/")
    if first in _NOT_OF_AN_EDITION:
        return False
    if first in ("-", "static") or path.endswith((".csv", ".db")):
        return is_file(path, query)
    if _PAGES_OWN & {name for name, _ in parse_qsl(query, keep_blank_values=True)}:
        return False
    return not (first == DATABASE and rest) or rest.split("/")[0].partition(".")[0] in tables


def dress(folders: Iterable[Path], settings: object) -> str:
    """A digest of all that pages are made of besides the database: files and settings."""
    digest = hashlib.sha256(repr(settings).encode())
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                digest.update(f"\0{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def tag_of(*parts: object) -> bytes:
    """The ETag of an answer that depends on these; weak, for it may come gzipped or not."""
    return b'W/"%s"' % hashlib.sha256(repr(parts).encode()).hexdigest()[:32].encode()


def unchanged(tag: bytes) -> Answer:
    """The answer to who has the page already."""
    return Answer(
        304, [(b"etag", tag), (b"cache-control", PAGE), (b"vary", b", ".join(_VARY))], b""
    )


def has_already(scope: Scope, tag: bytes) -> bool:
    """Whether who asks has the answer of this tag (weak comparison, RFC 9110, 13.1.2)."""
    held = dict(scope["headers"]).get(b"if-none-match", b"")
    return tag[2:] in re.findall(rb'"[^"]*"', held)


def takes_gzip(scope: Scope) -> bool:
    """Whether who asks can unpack gzip (RFC 9110, 12.5.3)."""
    accepted = dict(scope["headers"]).get(b"accept-encoding", b"").lower()
    return re.search(rb"(?:^|[\s,])(gzip|\*)(?!\s*;\s*q=0(\.0*)?\s*(,|$))", accepted) is not None


async def ask(app: App, scope: Scope) -> Answer:
    """The whole answer of an application to a request without a body."""
    events: list[dict[str, Any]] = []
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()  # nobody leaves: others may wait for the answer too
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        events.append(event)

    await app(scope, receive, send)
    start, *parts = events
    headers = [(bytes(name), bytes(value)) for name, value in start.get("headers", ())]
    return Answer(start["status"], headers, b"".join(part.get("body", b"") for part in parts))


def finished(answer: Answer, tag: bytes, age: bytes) -> Answer:
    """An answer as it is kept: gzipped, with its ETag; one that may not be kept as it is."""
    said = {name.lower() for name, _ in answer.headers}
    refused = re.search(rb"no-store|no-cache|private", answer.header(b"cache-control"))
    if answer.status != 200 or b"set-cookie" in said or refused or len(answer.body) > LARGEST:
        return answer
    if not _TEXT.match(answer.header(b"content-type")) or b"content-encoding" in said:
        return answer
    headers = [pair for pair in answer.headers if pair[0].lower() not in _REPLACED]
    headers += [(b"etag", tag), (b"cache-control", age), (b"vary", b", ".join(_VARY))]
    # Level 5 takes half of the time of 9 and gives two hundredths more bytes (measured on tables).
    return Answer(200, headers, gzip.compress(answer.body, 5, mtime=0), is_packed=True)


async def send_answer(answer: Answer, scope: Scope, send: Any) -> None:
    """Send an answer as the client can read it; to HEAD only its headers."""
    headers, body = list(answer.headers), answer.body
    if answer.is_packed and takes_gzip(scope):
        headers.append((b"content-encoding", b"gzip"))
    elif answer.is_packed:
        body = gzip.decompress(body)
    if answer.status != 304:
        headers = [pair for pair in headers if pair[0].lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


class PageCache:
    """Answers by key, those that were not asked for the longest time gone when it is full."""

    def __init__(self, dress: str = "", room: int = KEPT_BYTES) -> None:
        """`dress` is the digest of what pages are made of besides the database, `room` what
        answers and their keys may weigh, in bytes."""
        self.dress = dress
        self.weight = 0
        self._room = room
        self._kept: OrderedDict[bytes, Answer] = OrderedDict()
        self._made: dict[bytes, asyncio.Future[Answer]] = {}

    async def answer(self, key: bytes, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer that is kept under `key`, else the one that `make` gives; several who ask
        at once wait for one. Kept is what is packed."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._made:
            self._made[key] = asyncio.ensure_future(make())
            self._made[key].add_done_callback(lambda made: self._keep(key, made))
        return await asyncio.shield(self._made[key])

    def _keep(self, key: bytes, made: asyncio.Future[Answer]) -> None:
        del self._made[key]
        if made.cancelled() or made.exception() or not made.result().is_packed:
            return
        self._kept[key] = made.result()
        self.weight += _weight(key, made.result())
        while self.weight > self._room:
            self.weight -= _weight(*self._kept.popitem(last=False))


def _weight(key: bytes, answer: Answer) -> int:
    """What an answer takes in memory; 400 bytes are Python's own."""
    headers = sum(len(name) + len(value) + 120 for name, value in answer.headers)
    return len(key) + len(answer.body) + headers + 400
