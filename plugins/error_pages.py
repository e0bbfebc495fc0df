"""What cannot be answered, said in the reader's language: 400, 404, and 410 for what was withheld.

An article that the archive's owner keeps out has a tombstone at its address, which says why.
"""

import re
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Base400, NotFound, Request, Response

from clippings.site.addresses import DATABASE, Missing, archive, local_path
from clippings.site.error_pages import error_page
from clippings.site.preferences import translator_for
from clippings.site.validation import client_error_status

GONE = 410
WITHHELD = "select reason from withheld where id = ? and what = 'article'"
ARTICLE = re.compile(rf"/(?:a|{DATABASE}/articles)/(?P<id>[0-9]{{1,18}})(?P<suffix>\.[a-z]+)?")


async def tombstone(datasette: Datasette, request: Request) -> Response | None:
    """Return the page, or for programs the JSON, of an article that was withheld; None: it was
    not."""
    asked = ARTICLE.fullmatch(local_path(datasette, request.path))
    if not asked:
        return None
    withheld = (await archive(datasette).execute(WITHHELD, [int(asked["id"])])).first()
    if withheld is None:
        return None
    t = translator_for(request)
    title, why = t("article.withheld"), t.pick(withheld[0]) or t("article.withheld_why")
    message = f"{title}: {why}" if request.path.endswith(".json") else why
    return await error_page(datasette, request, GONE, message, title)


async def refused(datasette: Datasette, request: Request, exception: Base400) -> Response | None:
    """Return the page for what Datasette or a page of ours refused; None: Datasette's JSON."""
    if isinstance(exception, NotFound) and (found := await tombstone(datasette, request)):
        return found
    if request.path.endswith(".json"):
        return None
    message = translator_for(request)(str(exception)) if isinstance(exception, Missing) else ""
    return await error_page(datasette, request, exception.status, message)


@hookimpl(tryfirst=True)
def handle_exception(datasette: Datasette, request: Request, exception: Exception) -> Any:
    """Answer what is the client's fault; the rest is for Datasette and its log."""
    if status := client_error_status(exception):
        return error_page(datasette, request, status, str(exception) or repr(exception))
    return refused(datasette, request, exception) if isinstance(exception, Base400) else None


async def encoded(datasette: Datasette, request: Request) -> Response:
    """Answer an address that nothing of ours knows and that no table of Datasette's can have.

    Left alone, Datasette would first send its reader on to the same address in tilde-encoding.
    """
    return await error_page(datasette, request, 404, "")


async def with_slash(datasette: Datasette, request: Request) -> Response:
    """Forgive a slash too many; Datasette, which does so too, would forget base_url."""
    path = datasette.urls.path(local_path(datasette, request.path).rstrip("/"))
    query = f"?{request.query_string}" if request.query_string else ""
    return Response.redirect(path + query)


# After the pages of the site, whose addresses may be percent-encoded.
@hookimpl(trylast=True)
def register_routes() -> list[tuple[str, Any]]:
    """Register addresses with a slash too many, and percent-encoded ones but those of files."""
    return [(r"^/[^?]+/$", with_slash), (r"^/(?!static/|-/)[^?]*%", encoded)]
