"""The answers to what went wrong: a page in the reader's language, or JSON where that was asked."""

from __future__ import annotations

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.site.asgi import Scope
from clippings.site.limits import RETRY_AFTER
from clippings.site.preferences import translator_for
from clippings.site.templates import page


async def error_page(
    datasette: Datasette, request: Request, status: int, message: str, title: str = ""
) -> Response:
    """Return the answer to a request that failed, under its status."""
    t = translator_for(request)
    if request.path.endswith(".json"):
        about = {"ok": False, "error": message, "status": status, "title": title or None}
        return Response.json(about, status=status)
    known = f"error.{status}"
    title = title or t(known if known in t.strings else "error.other")
    context = {"status": status, "title": title, "message": message}
    return await page(datasette, request, "problem.html", context, status)


class Refusals:
    """Answers in place of Datasette's. Each 429 is made once: a crowd is no time for pages."""

    def __init__(self, datasette: Datasette) -> None:
        self._datasette = datasette
        self._busy: dict[tuple[str, bool], Response] = {}

    async def refuse(self, scope: Scope, status: int, message: str) -> Response:
        """Return an answer; no form of it posts, so it needs no token."""
        request = Request({**scope, "csrftoken": lambda: ""}, None)
        return await error_page(self._datasette, request, status, message)

    async def too_many_requests(self, scope: Scope) -> Response:
        """Return the answer 429 in the reader's language, of the kind that was asked for."""
        t, is_json = translator_for(Request(scope, None)), scope["path"].endswith(".json")
        if (t.code, is_json) not in self._busy:
            path = "/busy.json" if is_json else "/busy"
            anyones = {**scope, "path": path, "raw_path": path.encode(), "headers": []}
            anyones["query_string"] = f"_lang={t.code}".encode()
            response = await self.refuse(anyones, 429, t("error.busy"))
            response.headers["Retry-After"] = str(RETRY_AFTER)
            self._busy[t.code, is_json] = response
        return self._busy[t.code, is_json]
