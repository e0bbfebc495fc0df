"""What the browser is told to refuse: scripts that are not ours, guesses, and referrers.

Our pages allow no inline script. Datasette's own pages need theirs, so they get a policy that
allows it; article text is escaped or sanitised on both.
"""

from functools import wraps

from datasette import hookimpl

from clippings.site import DATABASE

SHARED = (
    "default-src 'self'; img-src http: https: data:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'; "
)
STRICT = SHARED + "script-src 'self'; style-src 'self'"
DATASETTES = SHARED + "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"


def policy(path, base_url, databases):
    """The Content-Security-Policy for a path: strict unless it is a page of Datasette's."""
    parts = ("/" + path.removeprefix(base_url)).lstrip("/").split("/")
    is_article = len(parts) > 2 and parts[:2] == [DATABASE, "articles"]
    is_datasettes = parts[0] == "-" or parts[0] in databases
    return DATASETTES if is_datasettes and not is_article else STRICT


@hookimpl
def asgi_wrapper(datasette):
    def secure(app):
        @wraps(app)
        async def with_headers(scope, receive, send):
            async def send_with_headers(event):
                if event["type"] == "http.response.start":
                    allowed = policy(
                        scope["path"], datasette.setting("base_url"), datasette.databases
                    )
                    event["headers"] = [
                        *event.get("headers", ()),
                        (b"content-security-policy", allowed.encode()),
                        (b"x-content-type-options", b"nosniff"),
                        (b"referrer-policy", b"no-referrer"),
                    ]
                await send(event)

            await app(scope, receive, send_with_headers)

        return with_headers

    return secure
