"""A reader's language and theme: from the address, a cookie, or what the browser says."""

from __future__ import annotations

from datasette.utils.asgi import Request

from clippings.site.i18n import LANGUAGES, Translator, accepted_language, translator

LANGUAGE_COOKIE = "clippings_lang"
THEME_COOKIE = "clippings_theme"

CHOICES = {
    "_lang": (LANGUAGE_COOKIE, tuple(LANGUAGES)),
    "_theme": (THEME_COOKIE, ("auto", "light", "dark")),
}
"""Argument of an address → (the cookie that keeps it, its values)."""

CHOSEN = "clippings.chosen"
"""Where the scope of a request says what is chosen by cookies, when it comes without them: a
mapping of cookie → value. A page that is kept for many readers is made from such a request."""


def chosen(request: Request, name: str) -> str | None:
    """Return which of CHOICES a reader asks for, or did before; None for neither."""
    cookie, values = CHOICES[name]
    kept = request.scope.get(CHOSEN, request.cookies)
    asked = request.args.get(name), kept.get(cookie)
    return next((value for value in asked if value in values), None)


def translator_for(request: Request | None) -> Translator:
    """Return the texts in the language of a request; without one, in the site's first."""
    if request is None:
        return translator(accepted_language(None))
    accepted = accepted_language(request.headers.get("accept-language"))
    return translator(chosen(request, "_lang") or accepted)


def theme_for(request: Request | None) -> str:
    """Return light, dark, or auto: the device decides."""
    return (request and chosen(request, "_theme")) or "auto"
