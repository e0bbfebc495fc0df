"""The archive for a program that asks: tools of the MCP server at /-/mcp (the extra `mcp`).

datasette-mcp has the server, and calls the hook here. A request to it counts towards the limits of
other plugins' pages; what a tool reads is bounded as on the site's own pages.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from sqlite3 import Connection
from typing import Any, Literal, TypeVar

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Response

from clippings.dataset.bibliography import as_bibtex, as_line
from clippings.markdown.rendering import plain_text
from clippings.search import Query, find, parse_query, snippet
from clippings.search.concordance import concordance as read_concordance
from clippings.search.trends import Question, read_trends
from clippings.site.addresses import article_url
from clippings.site.answers import TooSlow, visit

T = TypeVar("T")
FoundOrder = Literal["relevance", "newest", "oldest"]
LineOrder = Literal["date", "right", "left", "source"]

MOST = 100  # results of a tool
PAGE = 8_000  # characters of an article's page
MOST_PERIODS = 120
LANGUAGE = """
Words are looked for in title, summary, author and text; Chinese needs no spaces between words.
核战争 北约: both; "…": exactly this; 北约 OR 华约: either; -演习: without; nucle*: beginnings;
title: author: source: section: feed: tag: in a field, source:"知乎" the whole name;
date:2022, date:2022-01, date:2022-01..2022-03, date:>2021; lang:zh;
has:image|video|audio|table|code.
"""
ARTICLE = "select * from articles where id = ?"
FOUND = """
    select docid, id, title, source, day, language, url, markdown from articles
    where docid in (select value from json_each(?))
"""
STORY = """
    select id, title, source, day from articles where id in (select article from stories
      where story = (select story from stories where article = :id)) order by docid
"""


def read_found(conn: Connection, query: Query, order: str, limit: int) -> dict[str, Any]:
    """Return the articles that a query finds, and the closest where few hold all of it."""
    results = find(conn, query, order, limit)
    held = results.closest.matched
    docids = [*results.docids, *held]
    rows = {row["docid"]: dict(row) for row in conn.execute(FOUND, [json.dumps(docids)])}
    for docid, row in rows.items():
        near = results.closest.query if docid in held else query
        row["passage"] = snippet(plain_text(row.pop("markdown")), near).text
        row["holds_only"] = held.get(docid)
    return {"total": results.total, "found": [rows[docid] for docid in docids]}


def without_sessions(mcp: Any) -> None:
    """Answer each POST by itself, and no other method.

    A session would be kept for whoever asks, and read the database that it began with; a GET would
    hold its place among the requests for as long as it likes.
    """
    make = mcp.streamable_http_app

    def app_of(**options: Any) -> Any:
        inner = make(**options, stateless_http=True)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            is_refused = scope["type"] == "http" and scope["method"] != "POST"
            refusal = Response.text("Ask by POST", status=405, headers={"allow": "POST"})
            await (refusal.asgi_send(send) if is_refused else inner(scope, receive, send))

        return app

    mcp.streamable_http_app = app_of


class Tools:
    """What a program may ask. `error` is the exception that tells it what is wrong."""

    def __init__(self, datasette: Datasette, error: type[Exception]) -> None:
        self._datasette, self._error = datasette, error

    async def _ask(self, read: Callable[[Connection], T]) -> T:
        try:
            return await visit(self._datasette, read)
        except TooSlow as error:
            raise self._error(str(error)) from None

    async def _article(self, key: int) -> dict[str, Any]:
        row = await self._ask(lambda conn: conn.execute(ARTICLE, [key]).fetchone())
        if row is None:
            raise self._error(f"there is no article {key}; `search` gives ids")
        return dict(row)

    async def search(
        self, query: str, order: FoundOrder | None = None, limit: int = 10
    ) -> dict[str, Any]:
        """Search the archive of articles; `read` reads what is found."""
        parsed = parse_query(query)
        usual: FoundOrder = "relevance" if parsed.terms else "newest"
        return await self._ask(
            lambda conn: read_found(conn, parsed, order or usual, max(1, min(limit, MOST)))
        )

    async def read(self, id: int, page: int = 1) -> dict[str, Any]:
        """Read an article as Markdown, in pages of 8,000 characters."""
        row = await self._article(id)
        known = ("title", "published", "source", "section", "author", "language", "url")
        start = (max(page, 1) - 1) * PAGE
        return {
            **{name: row[name] for name in known},
            "page": page,
            "pages": -(-len(row["markdown"]) // PAGE),
            "markdown": row["markdown"][start : start + PAGE],
        }

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
        question = Question(tuple(terms[:6]), (), by, measure, source)
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
        found = await self._ask(
            lambda conn: read_concordance(
                conn,
                parse_query(query),
                order=order,
                near=near,
                offset=(max(page, 1) - 1) * MOST,
            )
        )
        return {**found._asdict(), "lines": [line._asdict() for line in found.lines]}

    async def near_duplicates(self, id: int) -> dict[str, Any]:
        """List the articles of one story: nearly the same text, retitled, syndicated or added to,
        the earliest first."""
        rows = await self._ask(lambda conn: conn.execute(STORY, {"id": id}).fetchall())
        return {"articles": [dict(row) for row in rows]}

    async def cite(self, id: int) -> dict[str, Any]:
        """Cite an article, after GB/T 7714 and as BibTeX."""
        row = await self._article(id)
        row |= {
            "url": row["url"] or article_url(self._datasette, id),
            "accessed": date.today().isoformat(),
        }
        return {"citation": as_line(row), "bibtex": as_bibtex(row).strip()}


@hookimpl
def register_mcp_tools(datasette: Datasette, mcp: Any) -> None:
    """Add our tools to datasette-mcp's server."""
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp.types import ToolAnnotations

    without_sessions(mcp)
    tools = Tools(datasette, ToolError)
    read_only = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    named = (tools.read, tools.trends, tools.concordance, tools.near_duplicates, tools.cite)
    for tool in (tools.search, *named):
        about = f"{tool.__doc__}\n{LANGUAGE}" if tool == tools.search else tool.__doc__
        mcp.add_tool(tool, description=about, annotations=read_only)
