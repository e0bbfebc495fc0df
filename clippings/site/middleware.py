"""What every request passes on its way to Datasette, in this order (plugins/middleware.py):

security headers       what the browser is told to refuse, on every answer
canonical address      one spelling, and no parameters that a page does not read
snapshot, page cache   pinned to one state of the database; a kept page is sent at once
choices                a language or a theme that the address asks for is kept in a cookie
validation, limits     400, 405, 413, 429; what a stranger composed runs in the worker
prefix                 base_url is taken off
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from datasette.app import Datasette
from datasette.utils.asgi import Response

from clippings.site import pages
from clippings.site.addresses import DATABASE, local_path
from clippings.site.asgi import App, Headers, Scope, changing_headers
from clippings.site.error_pages import Refusals
from clippings.site.i18n import LANGUAGES
from clippings.site.limits import (
    Receive,
    Send,
    TooManyRequests,
    cost_of,
    limits_for,
    read_body,
    streaming,
)
from clippings.site.live_database import LiveDatabase, Snapshot, is_composed
from clippings.site.page_cache import (
    FOREVER,
    PAGE,
    Answer,
    Key,
    fetch,
    is_cacheable,
    not_modified,
    send_answer,
    to_keep,
)
from clippings.site.preferences import LANGUAGE_COOKIE, THEME_COOKIE, THEMES
from clippings.site.validation import canonical_path, validate_query

Handler = Callable[[App, Scope, Receive, Send], Awaitable[None]]


def served(datasette: Datasette) -> LiveDatabase:
    """Return the archive."""
    database: LiveDatabase = datasette.databases[DATABASE]
    return database


def middleware(handle: Handler) -> Callable[[App], App]:
    """Make an ASGI middleware of what handles requests; the rest is none of its business."""

    def wrap(app: App) -> App:
        @wraps(app)
        async def handled(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return await app(scope, receive, send)
            await handle(app, scope, receive, send)

        return handled

    return wrap


# ── security headers ─────────────────────────────────────────────────────────────────────────
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


def security_headers(datasette: Datasette) -> Callable[[App], App]:
    """Set the headers on every answer, in the place of what else sets them."""

    def secure(scope: Scope, headers: Headers) -> Headers:
        parts = local_path(datasette, scope["path"])[1:].split("/")
        is_article = len(parts) > 2 and parts[:2] == [DATABASE, "articles"]
        is_datasettes = parts[0] == "-" or parts[0] in datasette.databases
        policy = RELAXED if is_datasettes and not is_article else STRICT
        ours = {**ALWAYS, b"content-security-policy": policy.encode()}
        return [*(pair for pair in headers if pair[0].lower() not in ours), *ours.items()]

    return lambda app: changing_headers(app, secure)


# ── canonical address ────────────────────────────────────────────────────────────────────────


def canonical_address(datasette: Datasette) -> Callable[[App], App]:
    """Redirect to the one address of a page, so that caches and limits know it; 404 for what is
    no address. Cookies that are no text are left out."""
    refusals = Refusals(datasette)

    async def handle(app: App, scope: Scope, receive: Receive, send: Send) -> None:
        await datasette.invoke_startup()  # where nobody has: a test, a notebook
        sent = scope.get("raw_path") or quote(scope["path"]).encode()
        raw_path = sent.partition(b"?")[0]
        path = local_path(datasette, raw_path.decode("latin-1"))
        canonical = canonical_path(path, datasette.databases)
        if canonical is None or not raw_path.startswith(b"/") or raw_path[1:2] in (b"/", b"\\"):
            answer = await refusals.refuse(scope, 404, "")
            await answer.asgi_send(send)
            return
        query = scope["query_string"].decode("latin-1")
        wanted = known_parameters(canonical, query)
        if canonical != path or wanted is not None:
            query = query if wanted is None else wanted
            address = datasette.urls.path(canonical) + (f"?{query}" if query else "")
            await Response.redirect(address).asgi_send(send)
            return
        headers = [pair for pair in scope["headers"] if pair[0] != b"cookie" or is_text(pair[1])]
        await app({**scope, "raw_path": raw_path, "headers": headers}, receive, send)

    return middleware(handle)


def known_parameters(path: str, query: str) -> str | None:
    """Return the query string of a page of ours without the parameters that it does not read;
    None: it reads all of them."""
    page = pages.find(path)
    if not query or page is None or page.parameters is None:
        return None
    known = {*page.parameters, *pages.CHOICES}
    pairs = parse_qsl(query, keep_blank_values=True)
    wanted = [pair for pair in pairs if pair[0] in known]
    return None if wanted == pairs else urlencode(wanted)


def is_text(header: bytes) -> bool:
    """Whether the value of a header is UTF-8."""
    try:
        header.decode()
    except UnicodeDecodeError:
        return False
    return True


# ── snapshot and page cache ──────────────────────────────────────────────────────────────────


def snapshots_and_cache(datasette: Datasette) -> Callable[[App], App]:
    """Pin each request to a snapshot, and answer with a kept page where there is one."""

    async def kept(app: App, scope: Scope, snapshot: Snapshot) -> Answer | None:
        live, path = served(datasette), local_path(datasette, scope["raw_path"].decode("latin-1"))
        if not is_cacheable(scope, path, snapshot.counts):
            return None
        key = Key.of(scope)
        tag = key.tag(live.pages.fingerprint, snapshot.hash)
        if unchanged := not_modified(scope, tag):
            return unchanged

        async def make() -> Answer:
            with live.pinned():  # who asked first may be gone before it is made
                answer = await fetch(app, key.anonymous(scope))
            return to_keep(answer, tag, FOREVER if path.startswith("/static/") else PAGE)

        answer = await live.pages.get(tag, make)
        # What is not kept was made for somebody without cookies, or gives one: it is asked anew.
        is_anyones = b"cookie" not in dict(scope["headers"]) and not answer.header(b"set-cookie")
        return answer if answer.is_gzipped or is_anyones else None

    async def handle(app: App, scope: Scope, receive: Receive, send: Send) -> None:
        live = served(datasette)
        await live.refresh()
        with live.pinned() as snapshot:
            answer = await kept(app, scope, snapshot)
            if answer is None:
                return await app(scope, receive, send)
            await send_answer(answer, scope, send)

    return middleware(handle)


# ── choices ──────────────────────────────────────────────────────────────────────────────────

CHOICES = {"_lang": (LANGUAGE_COOKIE, tuple(LANGUAGES)), "_theme": (THEME_COOKIE, THEMES)}
YEAR = 365 * 24 * 3600


def choices(datasette: Datasette) -> Callable[[App], App]:
    """Keep the choices that an address makes; each answer depends on them."""
    path = datasette.setting("base_url")

    def cookies(scope: Scope) -> Iterator[tuple[bytes, bytes]]:
        for name, value in parse_qsl(scope["query_string"].decode("latin-1")):
            cookie, allowed = CHOICES.get(name, ("", ()))
            if value in allowed:
                kept = f"{cookie}={value}; Path={path}; Max-Age={YEAR}; SameSite=Lax"
                yield b"set-cookie", kept.encode("latin-1")

    def with_choices(scope: Scope, headers: Headers) -> Headers:
        return [*headers, (b"vary", b"Accept-Language, Cookie"), *cookies(scope)]

    return lambda app: changing_headers(app, with_choices)


# ── validation and limits ────────────────────────────────────────────────────────────────────

READING = {"GET", "HEAD", "OPTIONS"}


class Refused(NamedTuple):
    """Why a request does not reach Datasette."""

    status: int
    message: str


def refusal(datasette: Datasette, scope: Scope, path: str) -> Refused | None:
    """Return what is wrong with a request; None: nothing that can be told from outside."""
    database = datasette.databases.get(path[1:].partition("/")[0].partition(".")[0])
    takes_posts = path.startswith("/-/") or (database is not None and database.is_mutable)
    if scope["method"] not in READING and not takes_posts:
        return Refused(405, "Nothing is written here")
    wrong = validate_query(scope["query_string"].decode("latin-1"))
    return Refused(400, wrong) if wrong else None


def validation_and_limits(datasette: Datasette) -> Callable[[App], App]:
    """Refuse what makes no sense, and let what costs take its turn."""
    limits = limits_for(datasette.setting("num_sql_threads"))
    refusals = Refusals(datasette)

    async def limited(app: App, scope: Scope, receive: Receive, send: Send) -> None:
        path = local_path(datasette, scope["raw_path"].decode("latin-1"))
        parameters = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        cost = cost_of(path, parameters, served(datasette).snapshot.counts)
        if cost == "free":
            return await app(scope, receive, send)
        token = is_composed.set(cost in ("sql", "other"))
        try:
            async with limits[cost].entered():
                if cost != "stream" and not path.endswith(".csv"):
                    return await app(scope, receive, send)
                async with streaming(limits[cost], receive, send) as send_pieces:
                    await app(scope, receive, send_pieces)
        finally:
            is_composed.reset(token)

    async def handle(app: App, scope: Scope, receive: Receive, send: Send) -> None:
        refused = refusal(datasette, scope, local_path(datasette, scope["path"]))
        if refused is None and scope["method"] not in READING:
            body = await read_body(receive)
            refused = Refused(413, "The request is too large") if body is None else None
            receive = body or receive
        if refused:
            answer = await refusals.refuse(scope, *refused)
            await answer.asgi_send(send)
            return
        try:
            await limited(app, scope, receive, send)
        except TooManyRequests:
            await (await refusals.too_many_requests(scope)).asgi_send(send)

    return middleware(handle)


# ── prefix ───────────────────────────────────────────────────────────────────────────────────
# Datasette answers below base_url and without it, but makes links of its tables and queries twice
# below it where the proxy passes the prefix on. So it is taken off before Datasette sees it.


def without_prefix(datasette: Datasette) -> Callable[[App], App]:
    """Ask Datasette without the prefix."""
    prefix = datasette.setting("base_url")

    async def handle(app: App, scope: Scope, receive: Receive, send: Send) -> None:
        if prefix != "/" and scope["path"].startswith(prefix):
            cut = {name: scope[name][len(prefix) - 1 :] for name in ("path", "raw_path")}
            scope = {**scope, **cut}
        await app(scope, receive, send)

    return middleware(handle)
