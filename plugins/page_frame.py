"""What surrounds every page: its language and theme, the site's name and its menu.

Templates get `t` (the translator), `theme`, `choice` (links that change either: `?_lang=en` and
`?_theme=dark` answer in that way at once and are kept in a cookie), and addresses of files.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request
from jinja2 import Environment

from clippings.site.addresses import DATABASE, browse_path, picture_address
from clippings.site.answers import in_turns, site_name, wanted_pictures
from clippings.site.compatibility import described
from clippings.site.i18n import LANGUAGES
from clippings.site.preferences import CHOICES, theme_for, translator_for


def asset_url(datasette: Datasette, name: str) -> str:
    """Return the address of a file in static/, which changes when the file does; '' when the site
    is served without it."""
    for mount, folder in datasette.static_mounts:
        file = Path(folder) / name
        if mount == "static" and file.is_file():
            version = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
            return str(datasette.urls.path(f"/static/{quote(name)}?{version}"))
    return ""


def summary_beside(title: str, summary: str | None) -> str:
    """Return what a summary says beside its title, whatever marks either has; '' for nothing."""
    text = summary or ""
    known = [letter for letter in title if letter.isalnum()]
    places = [place for place, letter in enumerate(text) if letter.isalnum()]
    if not known or [text[place] for place in places[: len(known)]] != known[: len(places)]:
        return text
    if len(places) <= len(known):
        return ""
    rest = text[places[len(known) - 1] + 1 :]
    return text if rest[0].isalnum() else rest.lstrip(' 。.，,:：;；-–—|_！!？?…"”’』」》】）)]\n')


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> dict[str, Any]:
    """Return what every template gets to know: the reader's language and theme (without a request,
    any reader's), what the site calls itself, and whether pictures are shown."""

    def choice(name: str, value: str) -> str:
        """Return this page's address with another choice: a query string, so it fits any prefix."""
        kept = [] if request is None else parse_qsl(request.query_string, keep_blank_values=True)
        pairs = [pair for pair in kept if pair[0] not in CHOICES] + [(name, value)]
        return "?" + urlencode(pairs)

    t = translator_for(request)
    return {
        "t": t,
        "theme": theme_for(request),
        "choice": choice,
        "languages": LANGUAGES,
        "site_name": site_name(datasette, t),
        "site_tagline": t.pick(described(datasette).get("description")) or t("site.tagline"),
        "pictures": wanted_pictures(datasette),
    }


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    """Give them to the error pages too, which Datasette renders without our variables."""
    env.filters["in_turns"] = in_turns
    env.globals.update(
        asset=partial(asset_url, datasette),
        picture=partial(picture_address, root=datasette.setting("base_url")),
        browse=lambda kind, name: datasette.urls.path(browse_path(kind, name)),
        summary_beside=summary_beside,
        **extra_template_vars(datasette, None),
    )


@hookimpl(tryfirst=True)
def menu_links(datasette: Datasette, request: Request | None) -> list[dict[str, str]]:
    """Lead to the ways of browsing, and to the data. Other plugins add theirs by the same hook."""
    t = translator_for(request)
    urls = datasette.urls
    return [
        {"href": urls.path("/archive"), "label": t("nav.archive")},
        {"href": urls.path("/sources"), "label": t("nav.sources")},
        {"href": urls.database(DATABASE), "label": t("nav.data")},
        {"href": urls.path("/trends"), "label": t("nav.trends")},
    ]
