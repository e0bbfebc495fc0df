"""What stands at the address of an article that its archive's owner keeps out: 410, and why."""

import re
from collections.abc import Awaitable

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import NotFound, Request, Response

from clippings.site import DATABASE, archive, local_path, page, words_for

GONE = 410
REASON = "select reason from withheld where id = ? and what = 'article'"
ADDRESS = re.compile(rf"/(?:a|{DATABASE}/articles)/(?P<id>[0-9]{{1,18}})(?P<suffix>\.[a-z]+)?")


async def tombstone(datasette: Datasette, request: Request, key: int) -> Response | None:
    """The page, or for programs the JSON, of an article that was withheld; None: it was not."""
    withheld = (await archive(datasette).execute(REASON, [key])).first()
    if withheld is None:
        return None
    say = words_for(request)
    title = say("article.withheld")
    message = say.pick(withheld[0]) or say("article.withheld_why")
    if request.path.endswith(".json"):
        about = {"ok": False, "error": f"{title}: {message}", "status": GONE, "title": title}
        return Response.json(about, status=GONE)
    context = {"status": GONE, "title": title, "message": message}
    return await page(datasette, request, "problem.html", context, GONE)


@hookimpl(tryfirst=True)  # before the page of what was never there
def handle_exception(
    datasette: Datasette, request: Request, exception: Exception
) -> Awaitable[Response | None] | None:
    """Tell what was taken out from what never was there."""
    path = local_path(datasette, request.path)
    asked = ADDRESS.fullmatch(path) if isinstance(exception, NotFound) else None
    return tombstone(datasette, request, int(asked["id"])) if asked else None
