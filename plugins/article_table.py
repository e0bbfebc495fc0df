"""The table of articles for people: titles that lead to their pages, texts cut short, and the
columns that only programs read left out until they are asked for."""

from collections.abc import Callable
from functools import wraps
from html import unescape
from sqlite3 import Row
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl
from datasette.app import Datasette
from markupsafe import Markup, escape

from clippings.site import DATABASE, App, Scope, article_url

FOR_PROGRAMS = ("docid", "digest", "front_matter", "markdown", "image", "url", "updated", "day")
LONGEST = 80
"""Characters of a text that a cell shows."""

TEXTS = {"markdown", "front_matter", "summary", "message", "content"}


def passage(value: str) -> Markup:
    """What search_snippet gave, its marks kept; whatever else the SQL put there is text."""
    marked = str(escape(unescape(value)))
    return Markup(marked.replace("&lt;mark&gt;", "<mark>").replace("&lt;/mark&gt;", "</mark>"))


def shortened(value: str) -> str:
    """The beginning of a text on one line."""
    text = " ".join(value.split())
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def linked_title(value: str, row: Row, datasette: Datasette) -> Markup:
    """The title as a link to its article."""
    return Markup('<a href="{}">{}</a>').format(article_url(datasette, row["id"]), value or "—")


@hookimpl
def render_cell(
    row: Row, value: Any, column: str, table: str | None, database: str, datasette: Datasette
) -> Markup | None:
    """How a value looks in a table of ours; None leaves it to Datasette."""
    if database != DATABASE or not isinstance(value, str):
        return None
    if column == "title" and "id" in row.keys() and isinstance(row["id"], int):  # noqa: SIM118
        return linked_title(value, row, datasette)
    if column == "snippet" and table is None:
        return passage(value)
    if column in ("published", "updated"):
        return escape(value[:16].replace("T", " "))
    return escape(shortened(value)) if column in TEXTS else None


def with_readers_columns(query_string: bytes) -> bytes:
    """The query of a table page with the columns for programs hidden, unless it names columns."""
    asked = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    if any(name in ("_col", "_nocol") for name, _ in asked):
        return query_string
    hidden = urlencode([("_nocol", column) for column in FOR_PROGRAMS]).encode()
    return b"&".join(filter(None, (query_string, hidden)))


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Choose the columns of the page of articles before Datasette reads the address."""
    table = f"{DATABASE}/articles"

    def choose_columns(app: App) -> App:
        @wraps(app)
        async def with_columns(scope: Scope, receive: Any, send: Any) -> None:
            addresses = (datasette.setting("base_url") + table, f"/{table}")
            if scope["type"] == "http" and scope["path"] in addresses:
                query_string = with_readers_columns(scope.get("query_string", b""))
                scope = {**scope, "query_string": query_string}
            await app(scope, receive, send)

        return with_columns

    return choose_columns
