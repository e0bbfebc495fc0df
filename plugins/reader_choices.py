"""The reader's language and theme: from the address, a cookie, or what the browser says.

`?_lang=en` and `?_theme=dark` answer in that way at once and are kept in a cookie for a year,
so both switches are plain links. Templates get `say` (the words), `theme` and `choice`.
"""

from functools import wraps
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl

from clippings.site import LANGUAGE_COOKIE, words_for
from clippings.wording import LANGUAGES

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "clippings_theme"
CHOICES = {"_lang": (LANGUAGE_COOKIE, tuple(LANGUAGES)), "_theme": (THEME_COOKIE, THEMES)}
YEAR = 365 * 24 * 3600


def theme_for(request):
    """light, dark, or auto: the device decides."""
    wanted = ("auto",)
    if request is not None:
        wanted = (request.args.get("_theme"), request.cookies.get(THEME_COOKIE), "auto")
    return next(theme for theme in wanted if theme in THEMES)


def choices_made(scope):
    """The Set-Cookie headers for what the address asks to keep."""
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"))
    for name, value in query:
        cookie, allowed = CHOICES.get(name, ("", ()))
        if value in allowed:
            made = f"{cookie}={value}; Path=/; Max-Age={YEAR}; SameSite=Lax"
            yield b"set-cookie", made.encode("latin-1")


def choices_of(request):
    """What templates get to know of the reader; without a request, of any reader."""

    def choice(name, value):
        """The address of this page with another choice: a query string, so it fits any prefix."""
        kept = [] if request is None else parse_qsl(request.query_string, keep_blank_values=True)
        pairs = [pair for pair in kept if pair[0] not in CHOICES] + [(name, value)]
        return "?" + urlencode(pairs)

    say = words_for(request)
    return {"say": say, "theme": theme_for(request), "choice": choice, "languages": LANGUAGES}


@hookimpl
def prepare_jinja2_environment(env):
    env.globals.update(choices_of(None))  # Datasette renders its error pages without our variables


@hookimpl
def extra_template_vars(request):
    return choices_of(request)


@hookimpl
def asgi_wrapper():
    def keep_choices(app):
        @wraps(app)
        async def with_cookies(scope, receive, send):
            async def send_with_cookies(event):
                if event["type"] == "http.response.start":
                    vary = (b"vary", b"Accept-Language, Cookie")
                    event["headers"] = [*event.get("headers", ()), vary, *choices_made(scope)]
                await send(event)

            await app(scope, receive, send_with_cookies)

        return with_cookies

    return keep_choices
