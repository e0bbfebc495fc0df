"""The site below a prefix: what `--setting base_url /archive/` says, whatever the proxy does.

Datasette answers below the prefix and without it, but makes links of its tables and queries twice
below it where the proxy passes the prefix on. So it is taken off before Datasette sees it.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import StartupError, path_with_replaced_args
from datasette.utils.asgi import Request

from clippings.site import DATABASE, App, Scope

FOLDERS = {DATABASE, *"- a day downloads export feed month section source static tag year".split()}
"""First parts of the site's own addresses: Datasette would take one for the prefix, once more."""


def below(scope: Scope, prefix: str) -> Scope:
    """A request as it is without the prefix: its path, decoded and as it was sent."""
    raw = scope.get("raw_path") or scope["path"].encode()
    if not scope["path"].startswith(prefix):
        return scope
    path = scope["path"][len(prefix) - 1 :]
    return {**scope, "path": path, "raw_path": raw[len(prefix) - 1 :]}


@hookimpl
def startup(datasette: Datasette) -> None:
    """Refuse a prefix with which no link could be right."""
    prefix = datasette.setting("base_url")
    if not re.fullmatch(r"/([\w.~-]+/)*", prefix, re.ASCII):
        raise StartupError(f"base_url is {prefix!r}; it begins and ends with a slash: /archive/")
    if prefix.strip("/") in FOLDERS:
        raise StartupError(f"base_url {prefix} is an address of the site itself; choose another")


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Any]:
    """Mend the one link in Datasette's templates that leaves the prefix out: more of a facet."""

    def replaced(request: Request, args: Any, path: str | None = None) -> str:
        return datasette.urls.path(path_with_replaced_args(request, args, path))  # type: ignore[no-any-return]

    return {"path_with_replaced_args": replaced}


@hookimpl(tryfirst=True)  # innermost
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Ask Datasette without the prefix."""
    prefix = datasette.setting("base_url")

    def wrap(app: App) -> App:
        @wraps(app)
        async def answered(scope: Scope, receive: Any, send: Any) -> None:
            is_below = scope["type"] == "http" and prefix != "/"
            await app(below(scope, prefix) if is_below else scope, receive, send)

        return answered

    return wrap
