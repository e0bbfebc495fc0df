"""The article page: Datasette's row page of `articles`, made to be read."""

import json
import re
from urllib.parse import urlsplit

from datasette import hookimpl
from datasette.utils.asgi import Response
from markupsafe import Markup

from clippings import reading
from clippings.site import (
    CARD,
    DATABASE,
    Missing,
    archive,
    article_url,
    wanted_pictures,
    words_for,
)

ARTICLE = "select * from articles where id = ?"
OF_AN_ARTICLE = {
    "tags": "select tag from tags where article = :id order by tag",
    "placements": "select path, section, source, feed from placements where article = :id"
    " order by id = :id desc, path",
    "links": "select url, host, max(text) as text from links"
    " where article = :id and host is not null group by url order by min(position) limit 60",
    "reports": "select severity, stage, code, message from diagnostics where article = :id",
    "earlier": "select id, title, language from articles"
    " where source = :source and docid < :docid order by docid desc limit 1",
    "later": "select id, title, language from articles"
    " where source = :source and docid > :docid order by docid limit 1",
    "lead": "select count(*) as shown from images where article = :id and url = :image",
}
"""What the page shows besides the article itself; each served by an index."""

RELATED = f"""
    select {CARD} from related join articles on articles.id = related.other
    where related.article = :id order by related.position limit 6
"""
ARTICLE_OF = """
    select id from articles where id = :id
    union all select article from placements where id = :id limit 1
"""


def read_article(conn, key):
    """Everything the page shows of an article, in one visit to the database; None: no such."""
    row = conn.execute(ARTICLE, [key]).fetchone()
    if row is None:
        return None
    article = dict(row)
    found = {name: conn.execute(sql, article).fetchall() for name, sql in OF_AN_ARTICLE.items()}
    has_related = conn.execute("select 1 from sqlite_master where name = 'related'").fetchone()
    related = conn.execute(RELATED, article).fetchall() if has_related else []
    return {"article": article, "related": related, **found}


def absolute_picture(datasette, request, image):
    """The lead picture's address for other sites to fetch; None where there is none."""
    if image and image.startswith("/") and not image.startswith("//"):
        return datasette.absolute_url(request, datasette.urls.path(image))
    return image if image and urlsplit(image).scheme in ("http", "https") else None


async def article_vars(datasette, request, key):
    """The template variables of an article's page."""
    found = await archive(datasette).execute_fn(lambda conn: read_article(conn, key))
    if found is None:
        return {}
    article = found["article"]
    body = reading.page_html(
        article["markdown"],
        pictures=wanted_pictures(datasette),
        prefix=datasette.setting("base_url"),
        word=words_for(request)("picture"),
    )
    here = datasette.absolute_url(request, article_url(datasette, article["id"]))
    image = absolute_picture(datasette, request, article["image"])
    return {
        **found,
        "body": Markup(body),
        "contents": reading.contents(body),
        "minutes": reading.minutes(article["characters"], article["language"]),
        "front_matter": json.loads(article["front_matter"]),
        "here": here,
        "social_picture": image,
        "citation": reading.cite(article, article["url"] or here),
        "bibtex": reading.bibtex(article, article["url"] or here),
        "news_article": Markup(reading.news_article(article, here, image)),
    }


async def short_link(datasette, request):
    """/a/<id> → the page of the article with that id, or of the article that it was placed in."""
    key = int(request.url_vars["id"])
    found = (await archive(datasette).execute(ARTICLE_OF, {"id": key})).first()
    if found is None:
        raise Missing("article.unknown")
    suffix = request.url_vars["suffix"] or ""
    return Response.redirect(article_url(datasette, found["id"]) + suffix)


@hookimpl
def extra_template_vars(datasette, request, database, table, view_name):
    is_article = (database, table, view_name) == (DATABASE, "articles", "row")
    key = re.fullmatch(r"\d{1,18}", request.url_vars["pks"]) if is_article else None
    return article_vars(datasette, request, int(key.group())) if key else {}


@hookimpl
def register_routes():
    return [(r"^/a/(?P<id>\d{1,18})(?P<suffix>\.(?:md|txt|json))?$", short_link)]
