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
from clippings.dataset.encoding import FORMATS
from clippings.dataset.formats import citation, croissant, datapackage
from clippings.dataset.tables import open_readonly, read_table
from clippings.models import BuildError

T = TypeVar("T")

OnRows = Callable[[str, int], None]
"""Called with progress: the file that is written, and its rows (of the database: MiB) so far."""

TABLES = {
    "articles": "select * from articles order by docid",
    "placements": "select * from placements order by id",
    "links": "select * from links order by article, position",
    "images": "select * from images order by article, position",
    "tags": "select * from tags order by tag, article",
    "stories": "select * from stories order by article",
}
"""The tables that a release holds as Parquet, each with its rows in their order."""

PARTITIONS = {
    "articles": "select substr(day, 1, 7), * from articles order by docid",
    **{
        table: f"select substr(day, 1, 7), {table}.* from articles cross join {table}"
        f" on {table}.article = articles.id order by docid, {table}.{order}"
        for table, order in (
            ("placements", "id"),
            ("links", "position"),
            ("images", "position"),
            ("tags", "tag"),
            ("stories", "story"),
        )
    },
}
"""Table → its rows behind the month of their article, month by month: docid is the order of
publication, and the join goes from the articles to each table's index on them."""

NO_MONTH = "__HIVE_DEFAULT_PARTITION__"
"""What Hive, Spark, DuckDB and Arrow call the partition of those that have no value."""

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
        files = tuple(
            _write(draft / name, pieces, media_type, table, rows)
            for name, media_type, table, rows, pieces in _data_files(database, conn, on_rows)
        )
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
        for table, sql in PARTITIONS.items():
            columns = read_table(conn, table, {}).columns
            rows = _counted(conn.execute(sql), table, on_rows)
            for month, of_month in groupby(rows, key=itemgetter(0)):
                place = draft / table / f"month={month or NO_MONTH}" / f"{table}.parquet"
                place.parent.mkdir(parents=True)
                values = (row[1:] for row in of_month)
                _write(place, FORMATS["parquet"].encode(columns, values))
        written = write_checksums(draft)
        publish_folder(draft, folder)
    return written


def _data_files(
    database: Path, conn: sqlite3.Connection, on_rows: OnRows
) -> Iterator[tuple[str, str, str | None, int | None, Iterator[bytes]]]:
    """Yield name, media type, table, rows and pieces of each data file."""
    whole, zstd = "application/vnd.sqlite3", "application/zstd"
    parquet, markdown = FORMATS["parquet"], FORMATS["zip"]
    name = f"{DATABASE}.db"
    yield name, whole, None, None, _counted(_pieces(database), name, on_rows)
    name = f"{DATABASE}.db.zst"
    yield name, zstd, None, None, _compressed(_counted(_pieces(database), name, on_rows))
    for table, sql in TABLES.items():
        about = read_table(conn, table, {})
        name = f"{table}.parquet"
        rows = _counted(conn.execute(sql), name, on_rows)
        yield name, parquet.media_type, table, about.rows, parquet.encode(about.columns, rows)
    articles = read_table(conn, "articles", {})
    name = "articles.jsonl.zst"
    rows = _counted(conn.execute(TABLES["articles"]), name, on_rows)
    lines = FORMATS["jsonl"].encode(articles.columns, rows)
    yield name, zstd, "articles", articles.rows, _compressed(lines)
    name = "articles-markdown.zip"
    cursor = conn.cursor()
    cursor.row_factory = sqlite3.Row
    rows = _counted(cursor.execute(f"{markdown.articles} order by docid"), name, on_rows)
    yield name, markdown.media_type, "articles", articles.rows, markdown.encode((), rows)


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
