"""The command `clippings`: an archive searched, and its words in context, in a terminal."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from os import environ

import click
from wcwidth import clip, rjust, width, wrap

from clippings.library import english, explain, open_file
from clippings.models import OpenError
from clippings.search.concordance import ORDERS as LINE_ORDERS
from clippings.search.concordance import Line, concordance
from clippings.search.passages import COLUMNS, Hit
from clippings.search.passages import search as find_passages
from clippings.search.query import Query, parse_query
from clippings.search.results import COUNTED, ORDERS
from clippings.search.snippets import Snippet
from clippings.search.suggestions import unknown_sources

MATCH = {"fg": "yellow", "bold": True}
INDENT = "  "
AT_LEAST_ONE = click.IntRange(min=1)

# Texts come from strangers: none of them moves the cursor or turns the line around.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


class Failure(click.ClickException):
    """What keeps the command from its work; its status differs from finding nothing, which is 1."""

    exit_code = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="clippings")
def main() -> None:
    """Read an archive of articles that build_db.py made."""
    if environ.get("NO_COLOR"):
        click.get_current_context().color = False


database_option = click.option(
    "-d",
    "--database",
    metavar="FILE|ADDRESS",
    default="clippings.db",
    envvar="CLIPPINGS_DATABASE",
    show_envvar=True,
    help="The database; one at an https:// address is downloaded once.",
)


def _understood(words: Sequence[str]) -> Query:
    """Return the query of an argument; what is to be said of it is said."""
    query = parse_query(" ".join(words))
    for note in query.notes:
        click.echo(_safe(explain(note)), err=True)
    return query


@contextmanager
def _reading(database: str) -> Iterator[sqlite3.Connection]:
    """Open a database for the block. Raises Failure where it cannot be had or read."""
    try:
        with closing(open_file(database)) as conn:
            yield conn
    except (OpenError, sqlite3.DatabaseError) as error:
        raise Failure(str(error)) from None


@main.command()
@click.argument("query", nargs=-1, required=True)
@database_option
@click.option("-n", "--limit", type=AT_LEAST_ONE, default=20, help="Articles to show at most.")
@click.option(
    "--order",
    type=click.Choice([*ORDERS]),
    help="What comes first.  [default: relevance; newest where the query has only filters]",
)
@click.option("--json", "form", flag_value="json", help="Write a JSON array.")
@click.option("--csv", "form", flag_value="csv", help="Write CSV with a header.")
def search(
    query: Sequence[str], database: str, limit: int, order: str | None, form: str | None
) -> None:
    """Search for QUERY in the language of the site (docs/search.md).

    A query that begins with a minus comes after `--`:
    clippings search -- -演习 北约

    Where fewer than three articles hold all of it, the closest follow.

    Exit status: 0 articles were found; 1 none holds all of it; 2 wrong usage, or
    a database that cannot be read.
    """
    parsed = _understood(query)
    with _reading(database) as conn:
        for note in unknown_sources(conn, parsed):
            click.echo(_safe(explain(note)), err=True)
        results = find_passages(conn, parsed, order or "", limit)
    found, exact, total = results.first(limit), len(results.hits), results.total
    if found and not exact:
        click.echo(english("search.closest"), err=True)
    rows = [hit.row for hit in found]
    if form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows((COLUMNS, *(row.values() for row in rows)))
    else:
        for hit in found:
            _show(hit)
    if not found:
        click.echo("Nothing was found.", err=True)
        sys.exit(1)
    more = "; --limit shows more" if exact < total else ""
    number = f"more than {COUNTED:,}" if total > COUNTED else f"{total:,}"
    if exact:
        click.echo(f"{exact} of {number} articles{more}", err=True)
    sys.exit(0 if exact else 1)


@main.command(name="concordance")
@click.argument("query", nargs=-1, required=True)
@database_option
@click.option("-n", "--limit", type=AT_LEAST_ONE, default=100, help="Lines to show at most.")
@click.option(
    "--sort",
    type=click.Choice([*LINE_ORDERS]),
    default="date",
    help="By date, source, or the text to the right or left of the word.",
)
def show_concordance(query: Sequence[str], database: str, limit: int, sort: str) -> None:
    """Show each place where the words of QUERY stand, with what is around it.

    Exit status: 0 there are lines; 1 there are none; 2 wrong usage, or a database
    that cannot be read.
    """
    parsed = _understood(query)
    columns = shutil.get_terminal_size((100, 24)).columns
    with _reading(database) as conn:
        found = concordance(conn, parsed, order=sort, limit=limit, width=columns // 2)
    if not found.lines:
        click.echo("Nothing was found.", err=True)
        sys.exit(1)
    for line in found.lines:
        click.echo(_aligned(line, columns))
    sample = f"; read were {found.read:,} of {found.found:,}" if found.read < found.found else ""
    articles = f"{found.articles:,} articles{sample}"
    click.echo(f"{len(found.lines)} of {found.occurrences:,} occurrences in {articles}", err=True)


def _aligned(line: Line, columns: int) -> str:
    """Return a line with its day before it and the word in the middle, `columns` wide: Chinese
    takes two columns a character."""
    left, word, right = map(_safe, line[:3])
    side = (columns - len("2022-01-11  ") - width(word)) // 2
    before = rjust(clip(left, max(0, width(left) - side)), side)
    after = clip(right, 0, side).rstrip()
    return f"{line.day or '':10}  {before}{click.style(word, fg='yellow', bold=True)}{after}"


def _show(hit: Hit) -> None:
    """Write for people: title, where it is from, and the passage with its matches coloured."""
    row = hit.article
    author = row["author"] if row["author"] != row["source"] else None
    holds = f"holds {' · '.join(hit.matched)}" if hit.matched else None
    byline = (holds, row["day"], row["source"], author, row["url"] or f"no. {row['id']}")
    _echo(_coloured(hit.title, bold=True))
    _echo(click.style(_safe(" · ".join(filter(None, byline))), dim=True), INDENT)
    _echo(_coloured(hit.passage), INDENT)
    click.echo()


def _coloured(cut: Snippet, **plain: bool) -> str:
    """Return a cut with its matches in colour; line breaks become spaces."""
    return "".join(
        click.style(_safe(piece), **(MATCH if marked else plain)) for piece, marked in cut.parts
    )


def _echo(text: str, indent: str = "") -> None:
    """Write a line: on a terminal wrapped to its width (Chinese takes two columns a character)
    and coloured unless NO_COLOR is set; elsewhere whole and plain."""
    if not sys.stdout.isatty():
        click.echo(indent + text)
        return
    columns = shutil.get_terminal_size().columns
    for line in wrap(text, columns, initial_indent=indent, subsequent_indent=indent):
        click.echo(line)


def _safe(text: str) -> str:
    return _UNSAFE.sub(" ", text)
