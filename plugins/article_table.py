"""Tables for people: titles that lead to their articles, dates to read, texts cut short."""

from html import unescape
from sqlite3 import Row
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from markupsafe import Markup, escape

from clippings.site import DATABASE, article_url

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
        return escape(value[:16].replace("T", " ").removesuffix(" 00:00"))
    return escape(shortened(value)) if column in TEXTS else None
