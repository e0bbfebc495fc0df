"""Datasette's pages of tables, queries and rows, in the reader's language.

Their templates are ours (database.html, table.html, query.html, row.html); this file has what they
call, and how values look: titles lead to their articles, names and days to their lists.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from functools import partial
from html import unescape
from sqlite3 import Row
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.filters import Filters
from datasette.utils import to_css_class
from datasette.utils.asgi import BadRequest, Request
from jinja2 import Environment
from markupsafe import Markup, escape

from clippings.site.addresses import DATABASE, article_url, browse_path
from clippings.site.chart import without_gaps
from clippings.site.compatibility import SQL_PAGE, described_database, described_table
from clippings.site.examples import examples
from clippings.site.i18n import Translator

LONGEST = 80
"""Characters of a text that a cell shows."""

LOOKED_AT = 1000
"""Characters of a text among which they are looked for: it may begin with white space."""

FOR_PROGRAMS = set("docid digest front_matter markdown image url updated day".split())
"""Columns of articles that are shown when columns are asked for."""

TEXTS = {"markdown", "front_matter", "summary", "message", "content"}
LISTED = {
    **{kind: re.compile(r".+") for kind in ("section", "source", "feed", "tag")},
    "day": re.compile(r"\d{4}-\d\d-\d\d"),
    "month": re.compile(r"\d{4}-\d\d"),
}
"""Column whose values are lists of ours → what a value is like."""

EMPTY = {None, "", "\xa0", Markup("&nbsp;")}
"""Values of a cell in which nothing stands."""

ASKED = {"host": "who_cites", "code": "repaired_files"}
"""Column → the ready query that says where a value is, by a parameter of the column's name."""

LINK = Markup('<a href="{}">{}</a>')

BINARY = re.compile(r"&lt;Binary:&nbsp;([\d,]+)&nbsp;bytes?&gt;")
"""What Datasette shows of a value that is no text."""

QUESTIONS = ("longest_reads", "sources", "cited_hosts", "mentions_by_month", "repaired")
"""Ready queries to begin with."""


def passage(value: str) -> Markup:
    """Return what search_snippet gave, its marks kept; whatever else the SQL put there is text."""
    marked = str(escape(unescape(value)))
    return Markup(marked.replace("&lt;mark&gt;", "<mark>").replace("&lt;/mark&gt;", "</mark>"))


def shortened(value: str) -> str:
    """Return the beginning of a text on one line."""
    text = " ".join(value[:LOOKED_AT].split())
    return text if len(text) <= LONGEST and len(value) <= LOOKED_AT else text[:LONGEST] + "…"


def language_name(t: Translator, code: str) -> str:
    """Return what a language is called in the reader's: zh-Hans → 简体中文."""
    return str(t.strings["languages"].get(code, code))


def shown_value(t: Translator, column: str, value: Any) -> Markup:
    """Return a value in the reader's language, as far as it is not data."""
    if value in EMPTY:
        return Markup("")
    text = escape(language_name(t, str(value)) if column == "language" else value)
    return Markup(BINARY.sub(lambda size: t("table.bytes", int(size[1].replace(",", ""))), text))


def cell(t: Translator, column: str, value: Any) -> str:
    """Return a cell that names its column too, for a phone shows a row as a card."""
    name, classes = escape(t.name(column)), f"col-{escape(to_css_class(column))}"
    if str(value).isdecimal():
        classes += " number"
    return f'<td class="{classes}" data-label="{name}">{shown_value(t, column, value)}</td>'


def shown_columns(
    columns: Sequence[Mapping[str, Any]], rows: Iterable[Iterable[Mapping[str, Any]]]
) -> list[Mapping[str, Any]]:
    """Return the columns that are shown unasked: what people read, where something stands in it."""
    filled = {each["column"] for row in rows for each in row if each["value"] not in EMPTY}
    return [each for each in columns if each["name"] in filled - FOR_PROGRAMS]


def table_cells(
    t: Translator, row: Iterable[Mapping[str, Any]], columns: Iterable[Mapping[str, Any]]
) -> Markup:
    """Return the cells of a table's row in those columns, as one string: a loop of the template
    would await five for each."""
    shown = {column["name"] for column in columns}
    cells = (cell(t, each["column"], each["value"]) for each in row if each["column"] in shown)
    return Markup("".join(cells))


def query_cells(t: Translator, row: Iterable[Any], columns: Iterable[str]) -> Markup:
    """Return the cells of a query's row."""
    pairs = zip(columns, row, strict=True)
    return Markup("".join(cell(t, column, value) for column, value in pairs))


def conditions(
    t: Translator, filters: Filters, search: str, sort: str | None, sort_desc: str | None
) -> str:
    """Return which rows a table shows, and in which order: 来源 = 知乎，按发表次序倒序."""
    operators = {key: (display, alone) for key, display, alone in filters.lookups()}
    parts = [t("table.searched", text=search)] if search else []
    for column, lookup, value in filters.selections():
        operator, alone = operators.get(lookup, (lookup, False))
        parts.append(f"{t.name(column)} {t.name(operator)} {'' if alone else value}".strip())
    if sort or sort_desc:
        key = "table.sorted" if sort else "table.sorted_down"
        parts.append(t(key, column=t.name(sort or sort_desc or "")))
    return (", " if t.code == "en" else "，").join(parts)


def kept_arguments(request: Request, *without: str) -> list[tuple[str, str]]:
    """Return the arguments of an address but those, for the hidden fields of a form."""
    given = parse_qsl(request.query_string, keep_blank_values=True)
    return [(name, value) for name, value in given if name not in without]


def uses(sql: str, tables: Sequence[str]) -> bool:
    """Return whether a query reads one of those tables."""
    return bool(tables) and bool(re.search(rf"\b(?:from|join) (?:{'|'.join(tables)})\b", sql))


def counts_by_month(columns: Sequence[str], rows: Iterable[Any]) -> list[tuple[str, int]]:
    """Return (month or year, articles) of a query that has such columns, from the first month to
    the last; what anyone's SQL calls a month and is none is left out."""
    if not {"month", "articles"} <= set(columns):
        return []
    month, articles = columns.index("month"), columns.index("articles")
    plain = [(Markup(row[month]).striptags(), str(row[articles])) for row in rows]
    is_month = LISTED["month"].fullmatch
    return without_gaps({name: int(n) for name, n in plain if is_month(name) and n.isdecimal()})


@hookimpl
def filters_from_request(request: Request, table: str) -> None:
    """Refuse `?_search_title=`: Datasette compares the index, which counts by docid, with
    articles.id, and would find nothing. Refuse facets of whole texts: a page of them is large,
    and each is there once."""
    asked = next((key for key in request.args if key.startswith("_search_")), None)
    if asked and table == "articles":
        field, value = asked.removeprefix("_search_"), request.args[asked]
        raise BadRequest(f"Search a column by the query: ?_search={field}:{value}")
    facets = {
        word
        for key in request.args
        if key.startswith("_facet")
        for value in request.args.getlist(key)
        for word in re.findall(r"\w+", value)
    }
    if texts := facets & TEXTS:
        raise BadRequest(f"{min(texts)} has whole texts; a facet counts values that come again")


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    """Give the functions to our templates of Datasette's pages."""
    env.globals.update(
        about=partial(described_table, datasette, DATABASE),
        about_database=partial(described_database, datasette),
        conditions=conditions,
        counts_by_month=counts_by_month,
        examples=partial(examples, datasette),
        kept_arguments=kept_arguments,
        language_name=language_name,
        query_cells=query_cells,
        questions=QUESTIONS,
        shown_columns=shown_columns,
        shown_value=shown_value,
        sql_page=SQL_PAGE,
        table_cells=table_cells,
        uses=uses,
    )


async def after_others(shown: Markup) -> Markup:
    """Return a cell once others were answered: Datasette awaits it among a page's thousands."""
    await asyncio.sleep(0)
    return shown


@hookimpl
def render_cell(
    row: Row, value: Any, column: str, table: str | None, database: str, datasette: Datasette
) -> Coroutine[None, None, Markup] | Markup | str | None:
    """Return how a value looks in a table of ours; None leaves it to Datasette."""
    if database != DATABASE:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if not isinstance(value, str):
        return None
    if column == "title" and "id" in row.keys() and isinstance(row["id"], int):  # noqa: SIM118
        return after_others(LINK.format(article_url(datasette, row["id"]), value or "—"))
    if column in LISTED and LISTED[column].fullmatch(value):
        return LINK.format(datasette.urls.path(browse_path(column, value)), value)
    if column in ASKED and value:
        query = datasette.urls.query(DATABASE, ASKED[column])
        return LINK.format(f"{query}?{urlencode({column: value})}", value)
    if column == "snippet" and table is None:
        return passage(value)
    if column in ("published", "updated"):
        return escape(value[:16].replace("T", " ").removesuffix(" 00:00"))
    return escape(shortened(value)) if column in TEXTS else None
