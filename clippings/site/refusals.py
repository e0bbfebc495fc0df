"""The answers to requests that Datasette does not get to see, and to what went wrong in it."""

from __future__ import annotations

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.site import page, words_for
from clippings.site.guard import Receive, Scope

RETRY_AFTER = 5
"""Seconds; a query runs for two at most."""


async def problem(datasette: Datasette, request: Request, status: int, message: str) -> Response:
    """The answer to a request that is refused: a page of ours, or JSON where that was asked."""
    if request.path.endswith(".json"):
        about = {"ok": False, "error": message, "status": status, "title": None}
        return Response.json(about, status=status)
    say = words_for(request)
    known = f"error.{status}"
    title = say(known if known in say.strings else "error.other")
    context = {"status": status, "title": title, "message": message}
    return await page(datasette, request, "problem.html", context, status)


async def refuse(
    datasette: Datasette, scope: Scope, receive: Receive, status: int, message: str
) -> Response:
    """An answer in place of Datasette's; no form of ours posts, so it needs no token."""
    request = Request({**scope, "csrftoken": lambda: ""}, receive)
    return await problem(datasette, request, status, message)


class BusyAnswers:
    """The answers 429, each made once: a crowd is no time for making pages."""

    def __init__(self, datasette: Datasette) -> None:
        self._datasette = datasette
        self._made: dict[tuple[str, str], Response] = {}

    async def answer(self, scope: Scope, receive: Receive) -> Response:
        """The answer in the reader's language, of the kind that was asked for."""
        say = words_for(Request(scope, receive))
        path = "/busy.json" if scope["path"].endswith(".json") else "/busy"
        if (say.code, path) not in self._made:
            anyones = {**scope, "path": path, "raw_path": path.encode(), "headers": []}
            anyones["query_string"] = f"_lang={say.code}".encode()
            response = await refuse(self._datasette, anyones, receive, 429, say("error.busy"))
            response.headers["Retry-After"] = str(RETRY_AFTER)
            self._made[say.code, path] = response
        return self._made[say.code, path]
