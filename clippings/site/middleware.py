"""What every request passes on its way to Datasette:

security headers ─► one spelling of the address, else 302 or 404
  ─► pinned to a snapshot of the database ─► a kept page is sent at once
  ─► choices kept in a cookie ─► 405, 400, 413 ─► limit of its cost, or 429 ─► base_url taken off
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Container
from contextlib import suppress
from functools import partial
from urllib.parse import parse_qsl, quote, urlencode

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.site import pages
from clippings.site.addresses import DATABASE, canonical_path, local_path
from clippings.site.asgi import App, Headers, Receive, Scope, Send, changing_headers
from clippings.site.error_pages import error_page, too_many_requests
from clippings.site.limits import (
    MAX_PAUSING,
    PAUSE,
    ConcurrencyLimit,
    TooManyRequests,
    cost_of,
    limits_for,
    read_body,
)
from clippings.site.live_database import LiveDatabase, is_composed
from clippings.site.page_cache import (
    FOREVER,
    PAGE,
    KeptPage,
    etag,
    is_cacheable,
    is_held,
    make_page,
    send_not_modified,
    send_page,
)
from clippings.site.preferences import CHOICES

READING = {"GET", "HEAD", "OPTIONS"}
YEAR = 365 * 24 * 3600

# Our pages allow no inline script. Datasette's own pages need theirs, so they get a policy that
# allows it; article text is escaped or sanitised on both.
SHARED = (
    "default-src 'self'; img-src http: https: data:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'; "
)
STRICT = SHARED + "script-src 'self'; style-src 'self'"
RELAXED = SHARED + "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
UNUSED = "camera geolocation microphone payment usb browsing-topics".split()
"""What no page asks the browser for, and no script that slipped in shall."""
ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"permissions-policy": ", ".join(f"{name}=()" for name in UNUSED).encode(),
}


class Middleware:
    """The ASGI application around Datasette's."""

    def __init__(self, datasette: Datasette, app: App) -> None:
        self._datasette, self._app = datasette, app
        self._limits = limits_for(datasette.setting("num_sql_threads"))
        self._pausing = ConcurrencyLimit(MAX_PAUSING, 0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; what is none, such as the start of the server, is Datasette's."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        await self._datasette.invoke_startup()  # where nobody has: a test, a notebook
        sent = (scope.get("raw_path") or quote(scope["path"]).encode()).partition(b"?")[0]
        headers = [
            (name, value.decode("utf-8", "ignore").encode()) for name, value in scope["headers"]
        ]
        scope = {**scope, "raw_path": sent, "headers": headers}
        path, query = self._local(scope), scope["query_string"].decode("latin-1")
        send = changing_headers(send, partial(self._secured, path))
        is_here = re.match(rb"/(?![/\\])", sent)  # no `GET http://other.example/`, no `//other`
        address = self._canonical(path, query) if is_here else None
        if not address or (scope["method"] in READING and not _may_be_there(address[0])):
            return await self._refuse(scope, send, 404)
        if address != (path, query):
            target = self._datasette.urls.path(address[0])
            target += f"?{address[1]}" if address[1] else ""
            await Response.redirect(target).asgi_send(send)
            return
        try:
            await self._visit(scope, receive, send)
        except TooManyRequests:
            await self._turn_away(scope, send)

    def _local(self, scope: Scope) -> str:
        """Return the path of a request below base_url, percent-encoded as it was sent."""
        return local_path(self._datasette, scope["raw_path"].decode("latin-1"))

    def _secured(self, path: str, headers: Headers) -> Headers:
        """Set the security headers, in the place of what else sets them."""
        parts = path[1:].split("/")
        is_article = len(parts) > 2 and parts[:2] == [DATABASE, "articles"]
        is_datasettes = parts[0] == "-" or parts[0] in self._datasette.databases
        policy = RELAXED if is_datasettes and not is_article else STRICT
        ours = {**ALWAYS, b"content-security-policy": policy.encode()}
        return [*(pair for pair in headers if pair[0].lower() not in ours), *ours.items()]

    def _canonical(self, path: str, query: str) -> tuple[str, str] | None:
        """Return the one spelling of an address: its path and query; None for none of ours."""
        found = canonical_path(path, self._datasette.databases)
        if found is None:
            return None
        live: LiveDatabase = self._datasette.databases[DATABASE]
        return _not_streamed(found, pages.known_query(found, query), live.snapshot.counts)

    async def _visit(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from one snapshot of the database, with a kept page where there is one."""
        live: LiveDatabase = self._datasette.databases[DATABASE]
        await live.refresh()
        with live.pinned() as snapshot:
            path = self._local(scope)
            if not is_cacheable(scope, path, snapshot.counts):
                return await self._ask(scope, receive, send)
            tag = etag(scope, live.pages.token, snapshot.hash)
            if is_held(scope, tag):
                return await send_not_modified(tag, send)

            async def make() -> KeptPage | None:
                with live.pinned():  # who asked first may be gone before it is made
                    age = FOREVER if path.startswith("/static/") else PAGE
                    return await make_page(self._ask, scope, tag, age)

            if page := await live.pages.get(tag, make):
                await send_page(page, scope, send)
            else:
                await self._ask(scope, receive, send)

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what makes no sense, and let what costs take its turn."""
        send = changing_headers(send, partial(self._with_choices, scope))
        path = self._local(scope)
        if scope["method"] not in READING:
            if not self._takes_posts(path):
                return await self._refuse(scope, send, 405, "Nothing is written here")
            form = dict(scope["headers"]).get(b"content-type", b"")
            if form.startswith(b"multipart/") and b"; boundary=" not in form:  # asgi-csrf breaks
                return await self._refuse(scope, send, 400, "The form has no boundary")
            body = await read_body(receive)
            if body is None:
                return await self._refuse(scope, send, 413, "The request is too large")
            receive = body
        await self._limited(path, scope, receive, send)

    async def _turn_away(self, scope: Scope, send: Send) -> None:
        """Tell whoever asks that too many do, after a while."""
        with suppress(TooManyRequests):
            async with self._pausing.entered():
                await asyncio.sleep(PAUSE)
        await too_many_requests(Request(scope, None)).asgi_send(send)

    def _with_choices(self, scope: Scope, headers: Headers) -> Headers:
        """Keep the language and theme that an address asks for; each answer depends on them."""
        cookies = []
        for name, value in parse_qsl(scope["query_string"].decode("latin-1")):
            cookie, allowed = CHOICES.get(name, ("", ()))
            if value in allowed:
                path = self._datasette.setting("base_url")
                kept = f"{cookie}={value}; Path={path}; Max-Age={YEAR}; SameSite=Lax"
                cookies.append((b"set-cookie", kept.encode("latin-1")))
        return [*headers, (b"vary", b"Accept-Language, Cookie"), *cookies]

    def _takes_posts(self, path: str) -> bool:
        database = self._datasette.databases.get(path[1:].partition("/")[0].partition(".")[0])
        return path.startswith("/-/") or (database is not None and bool(database.is_mutable))

    async def _limited(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        parameters = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        tables = self._datasette.databases[DATABASE].snapshot.counts
        cost = cost_of(path, parameters, tables)
        scope = self._without_prefix(scope)
        if cost == "free":
            return await self._app(scope, receive, send)
        token = is_composed.set(cost in ("sql", "other"))
        try:
            async with self._limits[cost].entered():
                await self._app(scope, receive, send)
        finally:
            is_composed.reset(token)

    def _without_prefix(self, scope: Scope) -> Scope:
        """Take base_url off: Datasette answers below it and without it, but makes links of its
        tables and queries twice below it where the proxy passes the prefix on."""
        prefix = self._datasette.setting("base_url")
        if prefix == "/" or not scope["path"].startswith(prefix):
            return scope
        cut = {name: scope[name][len(prefix) - 1 :] for name in ("path", "raw_path")}
        return {**scope, **cut}

    async def _refuse(self, scope: Scope, send: Send, status: int, message: str = "") -> None:
        request = Request({**scope, "csrftoken": lambda: ""}, None)  # no form of the page posts
        answer = await error_page(self._datasette, request, status, message)
        await answer.asgi_send(send)


def _may_be_there(path: str) -> bool:
    """Return whether anything may stand at a path: Datasette's names have no percent in them."""
    return "%" not in path or path.startswith(("/static/", "/-/")) or pages.find(path) is not None


def _not_streamed(path: str, query: str, tables: Container[str]) -> tuple[str, str]:
    """Return what to ask for instead of a CSV with `_stream`, with which Datasette would page
    through a table for as long as its visitor reads: the export of the table, made by pieces."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not path.startswith(f"/{DATABASE}/") or "_stream" not in dict(pairs):
        return path, query
    table = path.removeprefix(f"/{DATABASE}/").removesuffix(".csv")
    rest = urlencode([pair for pair in pairs if pair[0] not in ("_stream", "_size")])
    return (f"/export/{table}.csv" if table in tables else path), rest
