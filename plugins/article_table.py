"""The table of articles for people: titles that lead to their pages, texts cut short, and the
columns that only programs read left out until they are asked for."""

from functools import wraps
from html import unescape
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl
from markupsafe import Markup, escape

from clippings.site import DATABASE, article_url

FOR_PROGRAMS = ("docid", "digest", "front_matter", "markdown", "image", "url", "updated", "day")
LONGEST = 80
"""Characters of a text that a cell shows."""

TEXTS = {"markdown", "front_matter", "summary", "message", "content"}


def passage(value):
    """What search_snippet gave, its marks kept; whatever else the SQL put there is text."""
    marked = str(escape(unescape(value)))
    return Markup(marked.replace("&lt;mark&gt;", "<mark>").replace("&lt;/mark&gt;", "</mark>"))


def shortened(value):
    text = " ".join(value.split())
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


@hookimpl
def render_cell(row, value, column, table, database, datasette):
    if database != DATABASE or not isinstance(value, str):
        return None
    if column == "title" and "id" in row.keys() and isinstance(row["id"], int):
        return Markup('<a href="{}">{}</a>').format(article_url(datasette, row["id"]), value or "—")
    if table is None and column == "snippet":
        return passage(value)
    if column in ("published", "updated"):
        return escape(value[:16].replace("T", " "))
    if column in TEXTS:
        return escape(shortened(value))
    return None


def with_readers_columns(query_string):
    """The query of a table page with the columns for programs hidden, unless it names columns."""
    asked = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    if any(name in ("_col", "_nocol") for name, _ in asked):
        return query_string
    hidden = urlencode([("_nocol", column) for column in FOR_PROGRAMS]).encode()
    return b"&".join(filter(None, (query_string, hidden)))


@hookimpl
def asgi_wrapper(datasette):
    def choose_columns(app):
        @wraps(app)
        async def with_columns(scope, receive, send):
            table = datasette.setting("base_url") + f"{DATABASE}/articles"
            if scope["type"] == "http" and scope["path"] in (table, f"/{DATABASE}/articles"):
                query_string = with_readers_columns(scope.get("query_string", b""))
                scope = {**scope, "query_string": query_string}
            await app(scope, receive, send)

        return with_columns

    return choose_columns
