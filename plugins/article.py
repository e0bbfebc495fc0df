"""The article page: Datasette's row page of `articles`, made to be read.

/clippings/articles/<id>   the page; with .md, .txt or .ris behind it, the article as a file
/a/<id>                    its short link; also for the id of any place that it was found in
"""

from __future__ import annotations

import json
import re
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Mapping, Sequence
from sqlite3 import Connection
from typing import Any

import yaml
from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import NotFound, Request, Response
from markupsafe import Markup

from clippings.dataset.bibliography import as_bibtex, as_line, as_ris, entry
from clippings.markdown.rendering import plain_text
from clippings.site.addresses import (
    DATABASE,
    Missing,
    archive,
    article_url,
    picture_address,
    site_root,
    web_address,
)
from clippings.site.answers import wanted_pictures
from clippings.site.article_body import contents, minutes, page_html
from clippings.site.highlight import mark_hits
from clippings.site.listings import CARD
from clippings.site.pages import Page, Route, routes
from clippings.site.preferences import translator_for

ARTICLE = "select * from articles where id = ?"
OF_AN_ARTICLE = {
    "tags": "select tag from tags where article = :id order by tag",
    "placements": "select path, section, source, feed from placements where article = :id"
    " order by id = :id desc, path",
    "revisions": "select date, revisions.title, changes, path from revisions"
    " join placements on placements.id = placement where revisions.article = :id"
    " order by date desc, placement, position desc limit 200",
    "links": "select url, host, max(text) as text from links"
    " where article = :id and host is not null and url like 'http%'"
    " group by url order by min(position) limit 60",
    "reports": "select severity, stage, code, message from diagnostics where article = :id",
    "withheld": "select reason from withheld where id = :id",
    "identical": "select id, title, source, day, language from articles where id in"
    " (select article from stories where story = (select story from stories where article = :id))"
    " and id <> :id order by docid limit 60",
    "related": f"select {CARD} from related join articles on articles.id = related.other"
    " where related.article = :id order by related.position limit 6",
    "images": "select count(*) as n, max(url = :image) as has_lead from images where article = :id",
}
"""What the page shows besides the article itself; each served by an index."""

NEIGHBOUR = """
    select id, title, language from articles where {0} = :{0} and docid {1} :docid
    order by docid {2} limit 1
"""
ARTICLE_OF = """
    select id from articles where id = :id
    union all select article from placements where id = :id limit 1
"""
Row = Mapping[str, Any]


def news_article(article: Row, address: str, image: str | None) -> dict[str, Any]:
    """Return what search engines are told of an article: schema.org's NewsArticle."""
    author, source = article["author"] or article["source"], article["source"]
    found = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article["title"],
        "description": article["summary"],
        "datePublished": article["published"],
        "dateModified": article["updated"],
        "inLanguage": article["language"],
        "articleSection": article["section"],
        "author": {"@type": "Organization", "name": author} if author else None,
        "publisher": {"@type": "Organization", "name": source} if source else None,
        "image": image,
        "url": address,
        "isBasedOn": article["url"],
    }
    return {key: value for key, value in found.items() if value}


def read_article(conn: Connection, key: int) -> dict[str, Any] | None:
    """Return everything the page shows of an article, from one visit; None for no such article."""
    row = conn.execute(ARTICLE, [key]).fetchone()
    if row is None:
        return None
    article = dict(row)
    found = {name: conn.execute(sql, article).fetchall() for name, sql in OF_AN_ARTICLE.items()}
    within = "source" if article["source"] else "section"
    for name, side, order in (("earlier", "<", "desc"), ("later", ">", "asc")):
        found[name] = conn.execute(NEIGHBOUR.format(within, side, order), article).fetchall()
    return {"article": article, "within": article[within], **found}


async def article_vars(datasette: Datasette, request: Request, key: int) -> dict[str, Any]:
    """Return the template variables of an article's page."""
    found = await archive(datasette).execute_fn(lambda conn: read_article(conn, key))
    if found is None:
        return {}
    article = found["article"]
    title = article["title"]
    body = page_html(
        article["markdown"],
        translator_for(request),
        pictures=wanted_pictures(datasette),
        prefix=datasette.setting("base_url"),
        title=title,
    )
    if asked := request.args.get("q"):
        at = request.args.get("at") or ""
        body = await to_thread(mark_hits, body, asked, at)  # of a long body not in the event loop
    here = datasette.absolute_url(request, article_url(datasette, article["id"]))
    image = web_address(picture_address(article["image"], site_root(datasette, request)))
    cited = entry(article, here)
    return {
        **found,
        "body": Markup(body),
        "contents": contents(body),
        "minutes": minutes(article["characters"], article["language"]),
        "front_matter": json.loads(article["front_matter"]),
        "here": here,
        "original": web_address(article["url"]),
        "social_picture": image,
        "citations": (as_line(cited), as_bibtex(cited).strip()),
        "news_article": news_article(article, here, image),
    }


def is_article(database: str | None, table: str | None, view_name: str | None) -> bool:
    """Return whether a page is that of one article."""
    return (database, table, view_name) == (DATABASE, "articles", "row")


def markdown_file(row: Row, address: str) -> str:
    """Return the article as it could be built again: its own front matter and its body."""
    front_matter = json.loads(row["front_matter"])
    header = yaml.safe_dump(front_matter, allow_unicode=True, sort_keys=False)
    return f"---\n{header}---\n\n{row['markdown'].strip()}\n"


def text_file(row: Row, address: str) -> str:
    """Return the article as plain text: title, where it is from, the words of its body."""
    byline = " · ".join(filter(None, (row["source"], row["author"], row["published"], row["url"])))
    return "\n\n".join(filter(None, (row["title"], byline, plain_text(row["markdown"])))) + "\n"


def ris_file(row: Row, address: str) -> str:
    """Return the article's entry for a reference manager."""
    return as_ris(entry(row, address))


FILES = (
    ("md", markdown_file, "text/markdown"),
    ("txt", text_file, "text/plain"),
    ("ris", ris_file, "application/x-research-info-systems"),
)
"""(ending, made by, content type) of an article's files."""


def article_file(make: Callable[[Row, str], str], content_type: str) -> Callable[..., Response]:
    """Return Datasette's renderer for a format; of anything but an article there is no file."""

    def render(
        datasette: Datasette,
        request: Request,
        rows: Sequence[Row],
        database: str,
        table: str | None,
        view_name: str,
    ) -> Response:
        if not is_article(database, table, view_name):
            raise NotFound("Only an article has this format")
        here = datasette.absolute_url(request, article_url(datasette, rows[0]["id"]))
        text = make(rows[0], here).encode("utf-8", "replace")
        return Response(text, content_type=f"{content_type}; charset=utf-8")

    return render


async def short_link(datasette: Datasette, request: Request) -> Response:
    """Lead from /a/<id> to the article with that id, or to that which it is a place of."""
    found = await archive(datasette).execute(ARTICLE_OF, {"id": int(request.url_vars["id"])})
    article = found.first()
    if article is None:
        raise Missing("article.unknown")
    return Response.redirect(article_url(datasette, article[0]))


@hookimpl
def extra_template_vars(
    datasette: Datasette,
    request: Request,
    database: str | None,
    table: str | None,
    view_name: str | None,
) -> Awaitable[dict[str, Any]] | dict[str, Any]:
    """Give the row page of an article what it needs to be read."""
    known = is_article(database, table, view_name)
    key = re.fullmatch(r"\d{1,18}", request.url_vars["pks"]) if known else None
    return article_vars(datasette, request, int(key.group())) if key else {}


@hookimpl
def register_output_renderer() -> list[dict[str, Any]]:
    """Add the files to Datasette's own formats."""
    return [
        {"extension": ending, "render": article_file(make, type_), "can_render": is_article}
        for ending, make, type_ in FILES
    ]


@hookimpl
def register_routes() -> list[Route]:
    """Add the short links."""
    return routes(Page(r"^/a/(?P<id>\d{1,18})$", short_link))
