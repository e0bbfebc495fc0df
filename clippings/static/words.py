"""The search of a static copy: the archive's own index, in files of which a query fetches few.

    articles_fts ─► each term with the places where it stands ─► shards ─► words/0.bin, 1.bin, …
    articles     ─► id and length of each article             ─► words/articles.bin
    the first term of each shard, how letters fold            ─► words/index.json

static/copy-index.js reads them. Every .bin is gzip: servers pack what they know, and not these.
Numbers are variable-length (LEB128). A shard holds, for each of its terms, in order: the length
of its name and the name, the length of its places and the places: for each article that has it
the distance of its docid from the one before, their number, and as distances too their places,
offset × 16 + column.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from clippings.dataset.tables import Connection
from clippings.search import folding_table
from clippings.search.folding import CJK

COLUMNS = "body title summary author section source feed tags facts".split()
"""The columns of articles_fts, in their order."""

SIZE = 32 * 1024
"""Bytes at which a shard is full; a term is never cut."""

_TERMS = "create virtual table temp.terms using fts5vocab('main', 'articles_fts', 'instance')"
# In the order of the index: of the terms, and for each of the docids.
_PLACES = "select term, doc, col, offset from temp.terms"
# The size of each column is a number of the same kind.
_ARTICLES = """
    select docid, articles.id, sz from articles join articles_fts_docsize d on d.id = docid
    order by docid
"""


def write_words(conn: Connection, folder: Path, on_term: Callable[[int], None]) -> None:
    """Write the files to a new folder; `on_term` hears how many terms are written."""
    folder.mkdir()
    conn.execute(_TERMS)
    first_terms = []
    for number, (first, shard) in enumerate(_shards(_terms(conn, on_term))):
        first_terms.append(first)
        _write(folder / f"{number}.bin", shard)
    lengths = bytearray()
    last = 0
    for docid, key, sizes in conn.execute(_ARTICLES):
        lengths += _number(docid - last) + _number(key) + _number(sum(_numbers(sizes)))
        last = docid
    _write(folder / "articles.bin", lengths)
    index = {
        "terms": first_terms,
        "columns": COLUMNS,
        "cjk": CJK,
        "folded": dict(folding_table()),
    }
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    (folder / "index.json").write_text(text, "utf-8")


def _terms(conn: Connection, on_term: Callable[[int], None]) -> Iterator[tuple[str, bytes]]:
    """Each term with its places."""
    columns = {name: number for number, name in enumerate(COLUMNS)}
    for done, (term, rows) in enumerate(groupby(conn.execute(_PLACES), itemgetter(0))):
        on_term(done)
        places = bytearray()
        last = 0
        for docid, found in groupby(rows, itemgetter(1)):
            here = sorted(offset << 4 | columns[column] for _, _, column, offset in found)
            places += _number(docid - last) + _number(len(here)) + _distances(here)
            last = docid
        yield term, bytes(places)


def _shards(terms: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """The terms put together into shards, each with its first term."""
    first, shard = "", bytearray()
    for term, places in terms:
        if len(shard) >= SIZE:
            yield first, bytes(shard)
            shard = bytearray()
        first = first if shard else term
        name = term.encode()
        shard += _number(len(name)) + name + _number(len(places)) + places
    if shard:
        yield first, bytes(shard)


def _distances(rising: Iterable[int]) -> bytes:
    last, found = 0, bytearray()
    for each in rising:
        found += _number(each - last)
        last = each
    return bytes(found)


def _number(value: int) -> bytes:
    """A whole number as LEB128: seven bits a byte, the lowest first."""
    if value < 128:
        return _SMALL[value]
    found = bytearray()
    while value >= 128:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


_SMALL = [bytes([value]) for value in range(128)]


def _numbers(blob: bytes) -> Iterator[int]:
    """The numbers of a blob of FTS5's: seven bits a byte, the highest first."""
    value = 0
    for byte in blob:
        value = value << 7 | byte & 127
        if byte < 128:
            yield value
            value = 0


def _write(path: Path, data: bytes | bytearray) -> None:
    path.write_bytes(gzip.compress(data, 9, mtime=0))
