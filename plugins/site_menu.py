"""The main menu: the places of the site. Another plugin adds its own by the same hook."""

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

from clippings.site import DATABASE, words_for


@hookimpl(tryfirst=True)
def menu_links(datasette: Datasette, request: Request | None) -> list[dict[str, str]]:
    """Lead to the ways of browsing, and to the data."""
    say = words_for(request)
    urls = datasette.urls
    return [
        {"href": urls.path("/archive"), "label": say("nav.archive")},
        {"href": urls.path("/sources"), "label": say("nav.sources")},
        {"href": urls.database(DATABASE), "label": say("nav.data")},
    ]
