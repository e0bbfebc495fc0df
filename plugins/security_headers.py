"""What the browser is told to refuse: scripts that are not ours, guesses, and referrers.

Our pages allow no inline script. Datasette's own pages need theirs, so they get a policy that
allows it; article text is escaped or sanitised on both.
"""

from collections.abc import Callable, Container

from datasette import hookimpl
from datasette.app import Datasette

from clippings.site import DATABASE, App, Headers, Scope, changing_headers, local_path

SHARED = (
    "default-src 'self'; img-src http: https: data:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'; "
)
STRICT = SHARED + "script-src 'self'; style-src 'self'"
DATASETTES = SHARED + "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
UNUSED = "camera geolocation microphone payment usb browsing-topics".split()
"""What no page asks the browser for, and no script that slipped in shall."""
ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"permissions-policy": ", ".join(f"{name}=()" for name in UNUSED).encode(),
}


def policy(path: str, databases: Container[str]) -> str:
    """The Content-Security-Policy for a path below base_url: strict but for Datasette's pages."""
    parts = path[1:].split("/")
    is_article = len(parts) > 2 and parts[:2] == [DATABASE, "articles"]
    is_datasettes = parts[0] == "-" or parts[0] in databases
    return DATASETTES if is_datasettes and not is_article else STRICT


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Set the headers on every answer, in the place of what else sets them."""

    def secure(scope: Scope, headers: Headers) -> Headers:
        allowed = policy(local_path(datasette, scope["path"]), datasette.databases)
        ours = {**ALWAYS, b"content-security-policy": allowed.encode()}
        return [*(pair for pair in headers if pair[0].lower() not in ours), *ours.items()]

    return lambda app: changing_headers(app, secure)
