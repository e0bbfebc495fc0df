"""A reader's language and theme: from the address, a cookie, or what the browser says."""

from __future__ import annotations

from datasette.utils.asgi import Request

from clippings.site.i18n import LANGUAGES, Translator, choose_language, translator

LANGUAGE_COOKIE = "clippings_lang"
THEME_COOKIE = "clippings_theme"
THEMES = ("auto", "light", "dark")

CHOICES = {"_lang": (LANGUAGE_COOKIE, tuple(LANGUAGES)), "_theme": (THEME_COOKIE, THEMES)}
"""Argument of an address → (the cookie that keeps it, its values)."""

CHOSEN = "clippings.chosen"
"""Where the scope of a request says what is chosen by cookies, when it comes without them: a
mapping of cookie → value. A page that is kept for many readers is made from such a request."""


def chosen(request: Request, cookie: str) -> str | None:
    """Return what a reader chose, as a cookie keeps it; None for nothing."""
    kept: str | None = request.scope.get(CHOSEN, request.cookies).get(cookie)
    return kept


def translator_for(request: Request | None) -> Translator:
    """Return the texts in the language of a request; without one, in the site's first."""
    if request is None:
        return translator(choose_language(None, None, None))
    kept = chosen(request, LANGUAGE_COOKIE)
    accepted = request.headers.get("accept-language")
    return translator(choose_language(request.args.get("_lang"), kept, accepted))


def theme_for(request: Request | None) -> str:
    """Return light, dark, or auto: the device decides."""
    wanted: tuple[str | None, ...] = ("auto",)
    if request is not None:
        wanted = (request.args.get("_theme"), chosen(request, THEME_COOKIE), "auto")
    return next(theme for theme in wanted if theme in THEMES)
