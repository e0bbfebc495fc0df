"""What the pages of the site share: where the archive is, and how a page of ours is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import wraps
from typing import Any
from urllib.parse import quote, urlencode

from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import NotFound, Request, Response

from clippings.site.compatibility import described
from clippings.site.i18n import Wording, choose_language, wording
from clippings.site.listings import CARD

__all__ = [
    "CARD",
    "CHOSEN",
    "DATABASE",
    "LANGUAGE_COOKIE",
    "THEMES",
    "THEME_COOKIE",
    "App",
    "Headers",
    "Missing",
    "Scope",
    "archive",
    "article_url",
    "browse_path",
    "changing_headers",
    "chosen",
    "local_path",
    "page",
    "site_name",
    "site_tagline",
    "theme_for",
    "wanted_pictures",
    "words_for",
]

DATABASE = "clippings"
"""The name under which Datasette serves clippings.db; metadata.yml uses it too."""

LANGUAGE_COOKIE = "clippings_lang"
"""Where a reader's choice of language is kept."""

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "clippings_theme"

CHOSEN = "clippings.chosen"
"""Where the scope of a request says what is chosen by cookies, when it comes without them: a
mapping of cookie → value. A page that is kept for many readers is made from such a request."""

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


WHAT_IS_SHOWN = ("q", "before", "after", "page")
"""Arguments of an address that make it another page, not the same in another dress."""


class Missing(NotFound):  # type: ignore[misc]
    """What is not there. Raised with a key of the words, so that the page says it in them."""


def archive(datasette: Datasette) -> Database:
    """The database of articles."""
    return datasette.get_database(DATABASE)


def article_url(datasette: Datasette, article: int) -> str:
    """The address of an article's page, below the site's base_url."""
    return f"{datasette.setting('base_url')}{DATABASE}/articles/{article}"


def local_path(datasette: Datasette, path: str) -> str:
    """The path of a request as the site knows it, without base_url, which may be gone already."""
    return "/" + path.removeprefix(datasette.setting("base_url")).lstrip("/")


def chosen(request: Request, cookie: str) -> str | None:
    """What a reader chose, as a cookie keeps it; None: nothing."""
    kept: str | None = request.scope.get(CHOSEN, request.cookies).get(cookie)
    return kept


def words_for(request: Request | None) -> Wording:
    """The words in the language of a request; without one (no page asked) the site's first."""
    if request is None:
        return wording(choose_language(None, None, None))
    kept = chosen(request, LANGUAGE_COOKIE)
    accepted = request.headers.get("accept-language")
    return wording(choose_language(request.args.get("_lang"), kept, accepted))


def theme_for(request: Request | None) -> str:
    """light, dark, or auto: the device decides."""
    wanted: tuple[str | None, ...] = ("auto",)
    if request is not None:
        wanted = (request.args.get("_theme"), chosen(request, THEME_COOKIE), "auto")
    return next(theme for theme in wanted if theme in THEMES)


def site_name(datasette: Datasette, say: Wording) -> str:
    """What the archive is called: the title of metadata.yml, or a word of ours."""
    return say.pick(described(datasette).get("title")) or say("site.name")


def site_tagline(datasette: Datasette, say: Wording) -> str:
    """What the archive is: the description of metadata.yml, or words of ours."""
    return say.pick(described(datasette).get("description")) or say("site.tagline")


def browse_path(kind: str, name: str) -> str:
    """The path of a browse page: ("source", "示例日报") → /source/%E7%A4%BA…; no base_url yet."""
    return f"/{kind}/{quote(name, safe='')}"


def wanted_pictures(datasette: Datasette) -> bool:
    """Whether article pictures are shown, or only linked (`pictures: links` in metadata.yml)."""
    settings = datasette.plugin_config(DATABASE) or {}
    return bool(settings.get("pictures", "show") != "links")


def canonical_path(datasette: Datasette, request: Request) -> str:
    """The path of a request with those of its arguments that say what is shown, not how."""
    path = datasette.urls.path(local_path(datasette, request.path))
    wanted = [(name, request.args[name]) for name in WHAT_IS_SHOWN if name in request.args]
    return str(path) + ("?" + urlencode(wanted) if wanted else "")


async def page(
    datasette: Datasette,
    request: Request,
    template: str,
    context: dict[str, Any],
    status: int = 200,
) -> Response:
    """One of our pages: a template that extends `page.html`, with what it shows.

    Its one address for others to know it by is given to it as `canonical`.
    """
    canonical = datasette.absolute_url(request, canonical_path(datasette, request))
    html = await datasette.render_template(
        template, {"canonical": canonical, **context}, request=request
    )
    return Response.html(html, status=status)


def changing_headers(app: App, change: Callable[[Scope, Headers], Headers]) -> App:
    """An ASGI application that answers as `app` does, with the headers that `change` makes."""

    @wraps(app)
    async def changed(scope: Scope, receive: Any, send: Any) -> None:
        async def send_changed(event: MutableMapping[str, Any]) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = change(scope, list(event.get("headers", ())))
            await send(event)

        await app(scope, receive, send_changed)

    return changed
