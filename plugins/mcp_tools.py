"""The archive for a program that asks: tools of the MCP server at /-/mcp (the extra `mcp`).

datasette-mcp has the server, and calls the hook here. A request to it counts towards the limits of
other plugins' pages; what a tool reads is bounded as on the site's own pages.
"""

from __future__ import annotations

from collections.abc import Callable
from sqlite3 import Connection
from typing import Any, Literal, TypeVar

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Response

from clippings.dataset.bibliography import as_bibtex, as_line, entry
from clippings.search.concordance import concordance
from clippings.search.passages import ABOUT, search
from clippings.search.query import parse_query
from clippings.search.trends import MOST_TERMS, Question, read_trends
from clippings.site.addresses import article_url
from clippings.site.answers import TooSlow, visit

T = TypeVar("T")
FoundOrder = Literal["relevance", "newest", "oldest"]
LineOrder = Literal["date", "right", "left", "source"]

MOST = 100  # results of a tool
PAGE = 8_000  # characters of an article's page
MOST_PERIODS = 120
ARTICLE = f"select {ABOUT}, markdown from articles where id = ?"
STORY = """
    select id, title, source, day from articles where id in (select article from stories
      where story = (select story from stories where article = ?)) order by docid
"""


class Tools:
    """What a program may ask. Docstrings are what it is told of each tool."""

    def __init__(self, datasette: Datasette) -> None:
        self._datasette = datasette

    async def _ask(self, read: Callable[[Connection], T]) -> T:
        """Read from the archive; what is wrong with the question is said to the program."""
        from mcp.server.mcpserver.exceptions import ToolError

        try:
            return await visit(self._datasette, read)
        except (TooSlow, LookupError) as error:
            raise ToolError(*error.args) from None

    async def _article(self, key: int) -> dict[str, Any]:
        def read(conn: Connection) -> dict[str, Any]:
            if row := conn.execute(ARTICLE, [key]).fetchone():
                return dict(row)
            raise LookupError(f"there is no article {key}; `search` gives ids")

        return await self._ask(read)

    async def search(
        self, query: str, order: FoundOrder | None = None, limit: int = 10
    ) -> dict[str, Any]:
        """Search the archive of articles; `read` reads what is found.

        Words are looked for in title, summary, author and text; Chinese needs no spaces between
        words. 核战争 北约: both; "…": exactly this; 北约 OR 华约: either; -演习: without; nucle*:
        beginnings; title: author: source: section: feed: tag: in a field, source:"知乎" the whole
        name; date:2022, date:2022-01, date:2022-01..2022-03, date:>2021; lang:zh;
        has:image|video|audio|table|code. `matched` is null for articles that hold all of it; the
        closest follow where those are few.
        """
        parsed, most = parse_query(query), max(1, min(limit, MOST))

        def read(conn: Connection) -> dict[str, Any]:
            found = search(conn, parsed, order or "", most)
            return {"total": found.total, "found": [hit.row for hit in found.first(most)]}

        return await self._ask(read)

    async def read(self, id: int, page: int = 1) -> dict[str, Any]:
        """Read an article as Markdown, in pages of 8,000 characters."""
        row = await self._article(id)
        start = (max(page, 1) - 1) * PAGE
        pages = -(-len(row["markdown"]) // PAGE)
        shown = row["markdown"][start : start + PAGE]
        return {**row, "markdown": shown, "page": page, "pages": pages}

    async def trends(
        self,
        terms: list[str],
        by: Literal["day", "month", "year"] = "month",
        measure: Literal["count", "share", "rate"] = "count",
        source: str = "",
    ) -> dict[str, Any]:
        """Count the articles of each period that speak of each of up to six terms (queries).

        `share` is percent of the period's articles, `rate` occurrences in a million characters.
        """
        question = Question(tuple(terms[:MOST_TERMS]), (), by, measure, source)
        found = await self._ask(lambda conn: read_trends(conn, question, MOST_PERIODS))
        return {
            "periods": found.timeline.names,
            "articles": found.everything.counts,
            "terms": dict(zip(question.terms, found.lines, strict=True)),
        }

    async def concordance(
        self, query: str, order: LineOrder = "date", page: int = 1, near: str = ""
    ) -> dict[str, Any]:
        """Show each occurrence of the words of a query with the text around it, 100 a page.

        `right` and `left` sort by the text after and before. `near`: only those with this word
        within five characters or words. `read` of the `found` articles were read.
        """
        parsed, offset = parse_query(query), (max(page, 1) - 1) * MOST
        found = await self._ask(
            lambda conn: concordance(
                conn, parsed, order=order, near=near, offset=offset, limit=MOST
            )
        )
        return {**found._asdict(), "lines": [line._asdict() for line in found.lines]}

    async def near_duplicates(self, id: int) -> dict[str, Any]:
        """List the articles of one story: nearly the same text, retitled, syndicated or added to,
        the earliest first."""
        rows = await self._ask(lambda conn: conn.execute(STORY, [id]).fetchall())
        return {"articles": [dict(row) for row in rows]}

    async def cite(self, id: int) -> dict[str, Any]:
        """Cite an article, after GB/T 7714 and as BibTeX."""
        cited = entry(await self._article(id), article_url(self._datasette, id))
        return {"citation": as_line(cited), "bibtex": as_bibtex(cited).strip()}


def without_sessions(mcp: Any) -> None:
    """Let a server answer each POST by itself, and no other method.

    A session would be kept for whoever asks, and read the database that it began with; a GET would
    hold its place among the requests for as long as it likes.
    """
    make = mcp.streamable_http_app

    def make_stateless(**options: Any) -> Any:
        answer_post = make(**options, stateless_http=True)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["method"] == "POST":
                await answer_post(scope, receive, send)
            else:
                refusal = Response.text("Ask by POST", status=405, headers={"allow": "POST"})
                await refusal.asgi_send(send)

        return app

    mcp.streamable_http_app = make_stateless


@hookimpl
def register_mcp_tools(datasette: Datasette, mcp: Any) -> None:
    """Add our tools to datasette-mcp's server."""
    from mcp.types import ToolAnnotations

    without_sessions(mcp)
    ours = Tools(datasette)
    read_only = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    for tool in (
        ours.search,
        ours.read,
        ours.trends,
        ours.concordance,
        ours.near_duplicates,
        ours.cite,
    ):
        mcp.add_tool(tool, annotations=read_only)
