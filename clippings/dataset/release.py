"""Releasing one finished database as files that people take away, with how to check them.

    clippings.db ─► clippings.db, clippings.db.zst          whole
                 ─► articles.parquet, links.parquet, …      typed tables
                 ─► articles.jsonl.zst, articles-markdown.zip
                 ─► datapackage.json, croissant.json, CITATION.cff, SHA256SUMS

Everything is written beside the folder and swapped in at the end. The same database gives the
same bytes, with the same versions of pyarrow, zstandard and zlib.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from importlib.util import find_spec
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from clippings.build.publishing import (
    check_replaceable,
    draft_folder,
    publish_folder,
    write_checksums,
)
from clippings.dataset.description import DATABASE, Description, File, describe
from clippings.dataset.encoding import FORMATS, Format, Row
from clippings.dataset.formats import citation, croissant, datapackage
from clippings.dataset.tables import open_readonly, read_table
from clippings.models import BuildError

T = TypeVar("T")

OnRows = Callable[[str, int], None]
"""Called with progress: the file that is written, and its rows (of the database: MiB) so far."""

TABLES = {
    "articles": "docid",
    "placements": "id",
    "links": "position",
    "images": "position",
    "tags": "tag",
    "stories": "story",
}
"""The tables that are written as Parquet, each with the order of its rows within an article."""

NO_MONTH = "__HIVE_DEFAULT_PARTITION__"
"""What Hive, Spark, DuckDB and Arrow call the partition of those that have no value."""

ZSTD = "application/zstd"

_PIECE = 2**20
_LEVEL = 9  # of Zstandard: 100 MB a second, and close to the smallest


def release(
    database: Path, folder: Path, metadata: Mapping[str, Any], on_rows: OnRows
) -> tuple[File, ...]:
    """Write the release of `database` to `folder`, whole or not at all; return its data files.

    `metadata` is the content of metadata.yml. Raises BuildError where pyarrow or zstandard are
    missing, and where `folder` holds anything that is no release.
    """
    _need("--release", "pyarrow", "zstandard")
    check_replaceable(folder)
    with draft_folder(folder) as drafts, closing(open_readonly(database)) as conn:
        draft = drafts / "new"
        draft.mkdir()
        files = (*_database_files(draft, database, on_rows), *_table_files(draft, conn, on_rows))
        _write_descriptions(draft, describe(conn, metadata, files))
        write_checksums(draft)
        publish_folder(draft, folder)
    return files


def partitions(database: Path, folder: Path, on_rows: OnRows) -> int:
    """Write the tables as Parquet by month: <table>/month=2022-01/<table>.parquet.

    Undated articles are in the partition NO_MONTH. Returns the number of files; raises as
    `release` does.
    """
    _need("--parquet", "pyarrow")
    check_replaceable(folder)
    with draft_folder(folder) as drafts, closing(open_readonly(database)) as conn:
        draft = drafts / "new"
        for table in TABLES:
            columns = read_table(conn, table, {}).columns
            rows = _counted(conn.execute(_rows_by_month(table)), table, on_rows)
            for month, of_month in groupby(rows, key=itemgetter(0)):
                place = draft / table / f"month={month or NO_MONTH}" / f"{table}.parquet"
                place.parent.mkdir(parents=True)
                _write(place, FORMATS["parquet"].encode(columns, (row[1:] for row in of_month)))
        written = write_checksums(draft)
        publish_folder(draft, folder)
    return written


def _rows_by_month(table: str) -> str:
    """Return the SELECT of a table's rows behind the month of their article, month by month.

    docid is the order of publication; the join goes from the articles to the table's index on them.
    """
    if table == "articles":
        return "select substr(day, 1, 7), * from articles order by docid"
    return f"""
        select substr(day, 1, 7), {table}.* from articles
        cross join {table} on {table}.article = articles.id
        order by docid, {table}.{TABLES[table]}
    """


def _database_files(folder: Path, database: Path, on_rows: OnRows) -> Iterator[File]:
    """Write the database, as it is and compressed."""
    path = folder / f"{DATABASE}.db"
    pieces = _counted(_pieces(database), path.name, on_rows)
    yield _write(path, pieces, "application/vnd.sqlite3")
    path = folder / f"{DATABASE}.db.zst"
    pieces = _counted(_pieces(database), path.name, on_rows)
    yield _write(path, _compressed(pieces), ZSTD)


def _table_files(folder: Path, conn: sqlite3.Connection, on_rows: OnRows) -> Iterator[File]:
    """Write each table as Parquet, and the articles as JSON Lines and Markdown too."""

    def write(name: str, table: str, form: Format, media_type: str = "") -> File:
        about, cursor = read_table(conn, table, {}), conn.cursor()
        if form.articles:
            cursor.row_factory = sqlite3.Row
            rows: Iterable[Row] = cursor.execute(f"{form.articles} order by docid")
        else:
            rows = (row[1:] for row in cursor.execute(_rows_by_month(table)))
        pieces = form.encode(about.columns, _counted(rows, name, on_rows))
        if name.endswith(".zst"):
            pieces = _compressed(pieces)
        return _write(folder / name, pieces, media_type or form.media_type, table, about.rows)

    for table in TABLES:
        yield write(f"{table}.parquet", table, FORMATS["parquet"])
    yield write("articles.jsonl.zst", "articles", FORMATS["jsonl"], ZSTD)
    yield write("articles-markdown.zip", "articles", FORMATS["zip"])


def _counted(items: Iterable[T], name: str, on_rows: OnRows) -> Iterator[T]:
    """Yield the items, reporting the first, which says that it begins, and each thousandth."""
    for number, item in enumerate(items):
        if number % 1000 == 0:
            on_rows(name, number)
        yield item


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_PIECE), b"")


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    import zstandard

    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


def _write(
    path: Path,
    pieces: Iterable[bytes],
    media_type: str = "",
    table: str | None = None,
    rows: int | None = None,
) -> File:
    """Write a file; return what there is to say of it."""
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        for piece in pieces:
            digest.update(piece)
            size += file.write(piece)
    return File(path.name, media_type, size, digest.hexdigest(), table, rows)


def _write_descriptions(folder: Path, description: Description) -> None:
    home = description.home_url or "./"
    for name, make in (("datapackage.json", datapackage), ("croissant.json", croissant)):
        text = json.dumps(make(description, home, ""), ensure_ascii=False, indent=1)
        (folder / name).write_text(text + "\n", "utf-8")
    (folder / "CITATION.cff").write_text(citation(description, home), "utf-8")


def _need(option: str, *modules: str) -> None:
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise BuildError(
            f"{option} needs {' and '.join(missing)}, which the extra `release` installs: "
            "pip install '.[release]'"
        )
