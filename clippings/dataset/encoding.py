"""Writing rows as a file, in pieces: CSV, JSON Lines, Parquet, Markdown in a zip, bibliographies.

    columns, rows ─► FORMATS["csv"].encode ─► bytes, bytes, …

Each encoder holds a row at most (a zip keeps its table of contents besides, Parquet holds a row
group), and gives the same bytes for the same rows. Dates are text in CSV and JSON, as
the database has them, and dates in Parquet. Bytes are base64 in CSV and JSON.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import yaml

from clippings.dataset.bibliography import as_bibtex, as_csl, as_ris
from clippings.dataset.tables import Column, parquet_columns

if TYPE_CHECKING:
    import pyarrow

Row = Any
"""A row as sqlite3 gives it: a tuple, or a sqlite3.Row where the names of its columns count."""

Encoder = Callable[[Sequence[Column], Iterable[Row]], Iterator[bytes]]

GROUP_BYTES = 8 * 2**20
"""Bytes of text in a row group of Parquet."""

GROUP_ROWS = 50_000
"""Rows of a row group at most."""

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the ending of its files, their media type and the encoder.

    `articles` is the SELECT of what it holds of articles, whose encoder then takes rows of type
    sqlite3.Row; a WHERE and an order may follow. '' where it holds the rows of any table.
    """

    ending: str
    media_type: str
    encode: Encoder
    articles: str = ""


def encode_csv(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield RFC 4180 in UTF-8 with a line of names; null is an empty field."""
    writer = csv.writer(_Echo())
    yield writer.writerow([column.name for column in columns]).encode()
    for row in rows:
        yield writer.writerow([_as_text(value) for value in row]).encode()


def encode_excel_csv(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield the same behind a byte order mark, without which Excel takes UTF-8 for a code page."""
    yield b"\xef\xbb\xbf"
    yield from encode_csv(columns, rows)


def encode_jsonl(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield an object a line, in UTF-8."""
    names = [column.name for column in columns]
    dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for row in rows:
        yield (dump(dict(zip(names, map(_as_text, row), strict=True))) + "\n").encode()


def encode_parquet(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield Parquet with typed columns, compressed by Zstandard.

    Moments are wall clocks without a zone, as they stand in the file; where the text states an
    offset it is kept in a column `…_offset` beside it (`+00:00`; null: none stated).
    """
    from pyarrow import parquet

    sink = _Sink()
    schema = _schema(columns)
    with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in _row_groups(rows):
            writer.write_table(_arrow_table(columns, group, schema))
            yield sink.taken()
    yield sink.taken()


def encode_markdown(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield a zip with a Markdown file an article: 2022/01/2022-01-11-<id>.md, undated/<id>.md.

    Names come from the day and the number alone, so that no title can lead out of the folder that
    the zip is unpacked to.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for article in rows:
            entry = zipfile.ZipInfo(file_name(article), _ZIP_EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, markdown_file(article))
            yield sink.taken()
    yield sink.taken()


def each_as(entry: Callable[[Mapping[str, Any]], str]) -> Encoder:
    """Return the encoder that writes the entry of each article, one after the other."""
    return lambda columns, rows: (entry(article).encode() for article in rows)


def encode_csl_json(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield a JSON array with an item an article, each on a line of its own."""
    before = "[\n"
    for article in rows:
        yield (before + json.dumps(as_csl(article), ensure_ascii=False)).encode()
        before = ",\n"
    yield b"[]\n" if before == "[\n" else b"\n]\n"


def joined(pieces: Iterable[bytes], size: int = 256 * 1024) -> Iterator[bytes]:
    """Yield the same bytes in pieces of at least `size`, but for the last."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= size:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def file_name(article: Mapping[str, Any]) -> str:
    """Return the name of an article's Markdown file."""
    day, number = article["day"], article["id"]
    return f"{day[:4]}/{day[5:7]}/{day}-{number}.md" if day else f"undated/{number}.md"


def markdown_file(article: Mapping[str, Any]) -> str:
    """Return an article with clean front matter, which builds again into the same columns."""
    levels = [article[name] or "" for name in ("section", "source", "feed")]
    while levels and not levels[-1]:
        levels.pop()
    header = {
        "title": article["title"],
        "date": article["published"],
        "updated": article["updated"],
        "categories": levels,
        "author": article["author"],
        "tags": json.loads(article["tags"]),
        "lang": article["language"],
        "url": article["url"],
        "image": article["image"],
        "clippings_id": article["id"],
    }
    known = {name: value for name, value in header.items() if value}
    text = yaml.dump(known, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=10**6)
    return f"---\n{text}---\n\n{article['markdown'].strip()}\n"


_MARKDOWN = """
    select id, title, published, updated, section, source, feed, author, language, url, image,
      (select json_group_array(tag) from tags where article = articles.id) as tags, day, markdown
    from articles
"""
# :articles is the address of the site's articles, for those that have none of their own;
# :accessed is the day of the export.
_CITED = """
    select id, title, author, source, language, day, coalesce(url, :articles || id) as url,
      :accessed as accessed
    from articles
"""

FORMATS = {
    each.ending: each
    for each in (
        Format("csv", "text/csv; charset=utf-8", encode_csv),
        Format("excel.csv", "text/csv; charset=utf-8", encode_excel_csv),
        Format("jsonl", "application/jsonl; charset=utf-8", encode_jsonl),
        Format("parquet", "application/vnd.apache.parquet", encode_parquet),
        Format("zip", "application/zip", encode_markdown, articles=_MARKDOWN),
        Format("bib", "application/x-bibtex", each_as(as_bibtex), articles=_CITED),
        Format("ris", "application/x-research-info-systems", each_as(as_ris), articles=_CITED),
        Format(
            "csl.json", "application/vnd.citationstyles.csl+json", encode_csl_json, articles=_CITED
        ),
    )
}
"""Ending → format; Parquet where pyarrow is installed (the extra `release`)."""
if find_spec("pyarrow") is None:
    del FORMATS["parquet"]


class _Echo:
    """A file whose `write`, and so csv's `writerow`, returns what is written."""

    def write(self, text: str) -> str:
        return text


class _Sink(io.RawIOBase):
    """A file that is only written, and emptied between writes. It cannot be sought in."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        """Return that it is."""
        return True

    def write(self, data: Any) -> int:
        """Keep the bytes until they are taken; return their number."""
        self._held += bytes(data)
        return memoryview(data).nbytes

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        data = bytes(self._held)
        self._held.clear()
        return data


def _row_groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows in lists of some megabytes each; none is empty."""
    group: list[Row] = []
    weight = 0
    for row in rows:
        group.append(row)
        weight += sum(len(value) if isinstance(value, (str, bytes)) else 8 for value in row)
        if weight >= GROUP_BYTES or len(group) >= GROUP_ROWS:
            yield group
            group, weight = [], 0
    if group:
        yield group


def _as_text(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _schema(columns: Sequence[Column]) -> pyarrow.Schema:
    import pyarrow

    types = {
        "integer": pyarrow.int64(),
        "number": pyarrow.float64(),
        "text": pyarrow.string(),
        "bytes": pyarrow.binary(),
        "date": pyarrow.date32(),
        "datetime": pyarrow.timestamp("s"),
    }
    return pyarrow.schema(
        [(column.name, types[column.kind]) for column in parquet_columns(columns)]
    )


def _arrow_table(
    columns: Sequence[Column], rows: Sequence[Row], schema: pyarrow.Schema
) -> pyarrow.Table:
    import pyarrow

    values: list[Sequence[Any]] = []
    for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
        if column.kind == "datetime":
            values.append([cell and datetime.fromisoformat(cell[:19]) for cell in cells])
            values.append([(cell and cell[19:]) or None for cell in cells])
        elif column.kind == "date":
            values.append([cell and date.fromisoformat(cell) for cell in cells])
        else:
            values.append(cells)
    arrays = [pyarrow.array(v, field.type) for v, field in zip(values, schema, strict=True)]
    return pyarrow.Table.from_arrays(arrays, schema=schema)
