"""The reader's language and theme.

`?_lang=en` and `?_theme=dark` answer in that way at once and are kept in a cookie for a year,
so both switches are plain links. Templates get `t` (the translator), `theme` and `choice`.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request
from jinja2 import Environment

from clippings.site.asgi import App, Headers, Scope, changing_headers
from clippings.site.i18n import LANGUAGES
from clippings.site.preferences import CHOICES, theme_for, translator_for

YEAR = 365 * 24 * 3600


def preferences(request: Request | None) -> dict[str, Any]:
    """Return what templates get to know of the reader; without a request, of any reader."""

    def choice(name: str, value: str) -> str:
        """Return this page's address with another choice: a query string, so it fits any prefix."""
        kept = [] if request is None else parse_qsl(request.query_string, keep_blank_values=True)
        pairs = [pair for pair in kept if pair[0] not in CHOICES] + [(name, value)]
        return "?" + urlencode(pairs)

    t = translator_for(request)
    found = {"t": t, "theme": theme_for(request), "choice": choice, "languages": LANGUAGES}
    return {**found, "say": t}  # `say` until search.html and the feeds have `t`


def cookies(path: str, scope: Scope) -> Iterator[tuple[bytes, bytes]]:
    """Yield the headers that keep what the address asks for, for the pages below a path."""
    for name, value in parse_qsl(scope.get("query_string", b"").decode("latin-1")):
        cookie, allowed = CHOICES.get(name, ("", ()))
        if value in allowed:
            kept = f"{cookie}={value}; Path={path}; Max-Age={YEAR}; SameSite=Lax"
            yield b"set-cookie", kept.encode("latin-1")


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    """Translate the error pages too, which Datasette renders without our variables."""
    env.globals.update(preferences(None))


@hookimpl
def extra_template_vars(request: Request | None) -> dict[str, Any]:
    """Translate every page for its reader."""
    return preferences(request)


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Keep the choices that an address makes; each answer depends on them."""

    def with_choices(scope: Scope, headers: Headers) -> Headers:
        kept = cookies(datasette.setting("base_url"), scope)
        return [*headers, (b"vary", b"Accept-Language, Cookie"), *kept]

    return lambda app: changing_headers(app, with_choices)
