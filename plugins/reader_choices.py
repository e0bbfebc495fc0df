"""The reader's language and theme: from the address, a cookie, or what the browser says.

`?_lang=en` and `?_theme=dark` answer in that way at once and are kept in a cookie for a year,
so both switches are plain links. Templates get `say` (the words), `theme` and `choice`.
"""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl
from datasette.utils.asgi import Request
from jinja2 import Environment

from clippings.site import theme_for, words_for
from clippings.site.i18n import LANGUAGES
from clippings.site.pages import CHOICES


def choices_of(request: Request | None) -> dict[str, Any]:
    """What templates get to know of the reader; without a request, of any reader."""

    def choice(name: str, value: str) -> str:
        """The address of this page with another choice: a query string, so it fits any prefix."""
        kept = [] if request is None else parse_qsl(request.query_string, keep_blank_values=True)
        pairs = [pair for pair in kept if pair[0] not in CHOICES] + [(name, value)]
        return "?" + urlencode(pairs)

    say = words_for(request)
    return {"say": say, "theme": theme_for(request), "choice": choice, "languages": LANGUAGES}


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    """Give the words to the error pages too, which Datasette renders without our variables."""
    env.globals.update(choices_of(None))


@hookimpl
def extra_template_vars(request: Request | None) -> dict[str, Any]:
    """Give every page the words of its reader."""
    return choices_of(request)
