"""What is not there, said in the reader's language and in the dress of the site."""

from collections.abc import Awaitable
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Base400, NotFound, Request, Response

from clippings.site import Missing, local_path, page, words_for


async def problem(datasette: Datasette, request: Request, exception: Base400) -> Response:
    """The page of a request that cannot be answered, under the status that it has."""
    say = words_for(request)
    known = f"error.{exception.status}"
    context = {
        "status": exception.status,
        "title": say(known if known in say.strings else "error.other"),
        "message": say(str(exception)) if isinstance(exception, Missing) else "",
    }
    return await page(datasette, request, "problem.html", context, exception.status)


async def encoded(datasette: Datasette, request: Request) -> Response:
    """An address that nothing of ours knows and that no table of Datasette's can have.

    Left alone, Datasette would first send its reader on to the same address in tilde-encoding.
    """
    if request.path.endswith(".json"):
        return Response.json({"ok": False, "error": "Not found", "status": 404}, status=404)
    return await problem(datasette, request, NotFound("no such address"))


async def with_slash(datasette: Datasette, request: Request) -> Response:
    """A slash too many is forgiven; Datasette, which does so too, would forget base_url."""
    path = datasette.urls.path(local_path(datasette, request.path).rstrip("/"))
    query = f"?{request.query_string}" if request.query_string else ""
    return Response.redirect(path + query)


@hookimpl
def handle_exception(
    datasette: Datasette, request: Request, exception: Exception
) -> Awaitable[Response] | None:
    """Answer people with a page of ours; programs get Datasette's JSON, faults its own page."""
    if isinstance(exception, Base400) and not request.path.endswith(".json"):
        return problem(datasette, request, exception)
    return None


# After the pages of the site, whose addresses may be percent-encoded.
@hookimpl(trylast=True)
def register_routes() -> list[tuple[str, Any]]:
    """Addresses with a slash too many, and percent-encoded ones, except those of files."""
    return [(r"^/[^?]+/$", with_slash), (r"^/(?!static/|-/)[^?]*%", encoded)]
