"""Releasing one finished database as files that people take away, with how to check them.

    clippings.db ─► clippings.db, clippings.db.zst          whole
                 ─► articles.parquet, links.parquet, …      typed tables
                 ─► articles.jsonl.zst, articles-markdown.zip
                 ─► datapackage.json, croissant.json, CITATION.cff, README.md (for
                     Hugging Face), SHA256SUMS

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
from clippings.dataset.formats import citation, croissant, datapackage, dataset_card
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


def _rows_of(table: str) -> str:
    """Return the SELECT of a table's rows in the order of publication of their articles."""
    if table == "articles":
        return "select * from articles order by docid"
    return f"""
        select {table}.* from articles cross join {table} on {table}.article = articles.id
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
            rows = cursor.execute(_rows_of(table))
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
    (folder / "README.md").write_text(dataset_card(description), "utf-8")


def _need(option: str, *modules: str) -> None:
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise BuildError(
            f"{option} needs {' and '.join(missing)}, which the extra `release` installs: "
            "pip install '.[release]'"
        )
