"""What cannot be answered, said in the reader's language: 400, 404, and 410 for what was withheld.

An article that the archive's owner keeps out has a tombstone at its address, which says why.
"""

import re
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Base400, NotFound, Request, Response
from datasette.views.base import DatasetteError

from clippings.site.addresses import DATABASE, Missing, archive, local_path
from clippings.site.error_pages import client_error_status, error_page
from clippings.site.preferences import translator_for

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
    if isinstance(exception, DatasetteError) and not request.path.endswith(".json"):
        # Of a query that took too long Datasette's message is a piece of a page.
        is_slow = exception.message_is_html
        message = translator_for(request)("error.503") if is_slow else str(exception)
        status = client_error_status(exception) or exception.status
        return error_page(datasette, request, status, message)
    if status := client_error_status(exception):
        return error_page(datasette, request, status, str(exception) or repr(exception))
    return refused(datasette, request, exception) if isinstance(exception, Base400) else None
