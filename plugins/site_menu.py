"""The main menu: the places of the site. Another plugin adds its own by the same hook."""

from datasette import hookimpl

from clippings.site import DATABASE, words_for


@hookimpl(tryfirst=True)
def menu_links(datasette, request):
    say = words_for(request)
    urls = datasette.urls
    return [
        {"href": urls.path("/archive"), "label": say("nav.archive")},
        {"href": urls.path("/sources"), "label": say("nav.sources")},
        {"href": urls.database(DATABASE), "label": say("nav.data")},
    ]
