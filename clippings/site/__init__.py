"""What the pages of the site share, in modules that say what they are."""

# Until the other areas of this round are merged: the names that they import from here.
from clippings.site.addresses import (
    DATABASE,
    Missing,
    archive,
    article_url,
    browse_path,
    local_path,
)
from clippings.site.asgi import App, Headers, Scope, changing_headers
from clippings.site.listings import CARD
from clippings.site.preferences import (
    CHOSEN,
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    chosen,
    theme_for,
)
from clippings.site.preferences import translator_for as words_for
from clippings.site.templates import page, site_name, site_tagline, wanted_pictures

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
