"""Tables for people: titles that lead to their articles, dates to read, texts cut short."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import unescape
from sqlite3 import Row
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import to_css_class
from jinja2 import Environment
from markupsafe import Markup, escape

from clippings.site import DATABASE, article_url

LONGEST = 80
"""Characters of a text that a cell shows."""

LOOKED_AT = 1000
"""Characters of a text among which they are looked for: it may begin with white space."""

FOR_PROGRAMS = set("docid digest front_matter markdown image url updated day".split())
"""Columns of articles that are shown when columns are asked for."""

TEXTS = {"markdown", "front_matter", "summary", "message", "content"}


def passage(value: str) -> Markup:
    """What search_snippet gave, its marks kept; whatever else the SQL put there is text."""
    marked = str(escape(unescape(value)))
    return Markup(marked.replace("&lt;mark&gt;", "<mark>").replace("&lt;/mark&gt;", "</mark>"))


def shortened(value: str) -> str:
    """The beginning of a text on one line."""
    text = " ".join(value[:LOOKED_AT].split())
    return text if len(text) <= LONGEST and len(value) <= LOOKED_AT else text[:LONGEST] + "…"


def linked_title(value: str, row: Row, datasette: Datasette) -> Markup:
    """The title as a link to its article."""
    address = escape(article_url(datasette, row["id"]))
    return Markup(f'<a href="{address}">{escape(value or "—")}</a>')


@lru_cache(maxsize=1000)
def opening(column: str, kind: str) -> str:
    """The tag that opens a cell, as Datasette's own template writes it."""
    return f'<td class="col-{escape(to_css_class(column))} type-{escape(kind)}">'


def cells(row: Iterable[Mapping[str, Any]], columns: Iterable[Mapping[str, Any]]) -> Markup:
    """The cells of a row in those columns, as one string; a loop of the template awaits five
    for each."""
    shown = {column["name"] for column in columns}
    return Markup(
        "".join(
            f"{opening(cell['column'], cell['value_type'])}{escape(cell['value'])}</td>"
            for cell in row
            if cell["column"] in shown
        )
    )


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    """Give `cells` to Datasette's template of a table (datasette_words.py calls it there)."""
    env.globals.update(cells=cells, for_programs=FOR_PROGRAMS)


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
