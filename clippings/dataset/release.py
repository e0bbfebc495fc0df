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
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from clippings.build.publishing import (
    check_replaceable,
    draft_folder,
    publish_folder,
    write_checksums,
)
from clippings.dataset.description import DATABASE, File, describe
from clippings.dataset.encoding import FORMATS
from clippings.dataset.formats import DESCRIPTIONS, dataset_card, description_file
from clippings.dataset.tables import Table, open_readonly, read_table
from clippings.models import BuildError

OnBytes = Callable[[str, int], None]
"""Hears of progress: the file that is written, and its bytes so far."""

Content = tuple[str, str, Iterable[bytes], Table | None]
"""A file to write: its name, media type, content, and the table whose rows it holds."""

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
    database: Path, folder: Path, metadata: Mapping[str, Any], on_bytes: OnBytes
) -> tuple[File, ...]:
    """Write the release of `database` to `folder`, whole or not at all; return its data files.

    `metadata` is the content of metadata.yml. Raises BuildError where pyarrow or zstandard are
    missing, and where `folder` holds anything that is no release.
    """
    if missing := [name for name in ("pyarrow", "zstandard") if find_spec(name) is None]:
        raise BuildError(
            f"--release needs {' and '.join(missing)}, which the extra `release` installs: "
            "pip install '.[release]'"
        )
    check_replaceable(folder)
    with draft_folder(folder) as drafts, closing(open_readonly(database)) as conn:
        draft = drafts / "new"
        draft.mkdir()
        files = tuple(_write(draft, each, on_bytes) for each in _contents(database, conn))
        description = describe(conn, metadata, files)
        for name in DESCRIPTIONS:
            text = description_file(name, description, description.home_url or "./", "")
            (draft / name).write_text(text, "utf-8")
        (draft / "README.md").write_text(dataset_card(description), "utf-8")
        write_checksums(draft)
        publish_folder(draft, folder)
    return files


def _contents(database: Path, conn: sqlite3.Connection) -> Iterator[Content]:
    """Yield the database, as it is and compressed; each table as Parquet; and the articles as
    JSON Lines and Markdown too."""
    yield f"{DATABASE}.db", "application/vnd.sqlite3", _pieces(database), None
    yield f"{DATABASE}.db.zst", ZSTD, _compressed(_pieces(database)), None
    tables = {name: read_table(conn, name, {}) for name in TABLES}
    for name, table in tables.items():
        yield f"{name}.parquet", FORMATS["parquet"].media_type, _rows(conn, table, "parquet"), table
    articles = tables["articles"]
    yield "articles.jsonl.zst", ZSTD, _compressed(_rows(conn, articles, "jsonl")), articles
    zipped = _rows(conn, articles, "zip")
    yield "articles-markdown.zip", FORMATS["zip"].media_type, zipped, articles


def _rows(conn: sqlite3.Connection, table: Table, ending: str) -> Iterator[bytes]:
    """Return the rows of a table, in the order of publication of their articles, in a format."""
    form, cursor = FORMATS[ending], conn.cursor()
    sql = f"""
        select {table.name}.* from articles cross join {table.name}
        on {table.name}.article = articles.id order by docid, {table.name}.{TABLES[table.name]}
    """
    if table.name == "articles":
        sql = f"{form.articles or 'select * from articles'} order by docid"
    if form.articles:
        cursor.row_factory = sqlite3.Row
    return form.encode(table.columns, cursor.execute(sql))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_PIECE), b"")


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    import zstandard

    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


def _write(folder: Path, content: Content, on_bytes: OnBytes) -> File:
    """Write a file; return what there is to say of it."""
    name, media_type, pieces, table = content
    digest, size = hashlib.sha256(), 0
    on_bytes(name, 0)
    with (folder / name).open("xb") as file:
        for piece in pieces:
            digest.update(piece)
            size += file.write(piece)
            on_bytes(name, size)
    about = (table.name, table.rows) if table else (None, None)
    return File(name, media_type, size, digest.hexdigest(), *about)
