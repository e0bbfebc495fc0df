"""What a worker does: files in, the rows of each out. Pure, and the same anywhere.

    SourceFile ─► RawFile ─► ParsedArticle ─► Converted ─► ProcessedArticle ─► FileRows
        read        parse          convert       normalize     withhold, index, rows

A chunk of files goes through together, so that what indexes texts may do many at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeVar

from clippings.database.entries import index
from clippings.database.rows import FileRows, rows_of
from clippings.markdown.conversion import to_markdown
from clippings.markdown.rendering import plain_text
from clippings.models import (
    SAME_ID,
    Conversion,
    Diagnostic,
    Outcome,
    ParsedArticle,
    Processed,
    ProcessedArticle,
    Quarantined,
    SourceFile,
    UnreadableArticle,
)
from clippings.reading.frontmatter import parse_article
from clippings.reading.identity import file_digest
from clippings.reading.language import detect
from clippings.reading.normalize import article_url, normalize_article
from clippings.reading.revisions import with_revisions
from clippings.reading.sources import read_bytes
from clippings.reading.time_limit import TookTooLong, time_limit
from clippings.reading.withholding import NOTHING_WITHHELD, Withholding, withhold
from clippings.search.folding import fold

MAX_BYTES = 64 * 2**20
"""No article is larger than this; what is, is quarantined with its first MAX_KEPT bytes."""

MAX_KEPT = 2**20

MAX_SECONDS = 120
"""Seconds of CPU time that one stage may take for one file: no known file takes one."""

_SAME_ID = SAME_ID.rstrip(":")


class RawFile(NamedTuple):
    """A file that was read."""

    path: str
    data: bytes


class Converted(NamedTuple):
    """An article with its body as Markdown, and the plain text of that."""

    parsed: ParsedArticle
    conversion: Conversion
    text: str


T = TypeVar("T", RawFile, ParsedArticle, Converted)
R = TypeVar("R")


def prepare_rows(
    sources: Sequence[SourceFile], withholding: Withholding = NOTHING_WITHHELD
) -> list[FileRows | None]:
    """Return the rows of each file; None for one that holds what it held.

    Never raises for bad input; an exception is a bug, and names the file.
    """
    processed = process_files(sources, withholding.split_categories)
    outcomes = [each and withhold(each, withholding) for each in processed]
    articles = [each for each in outcomes if isinstance(each, ProcessedArticle)]
    entries = iter(index([each.article for each in articles], [each.text for each in articles]))
    rows: list[FileRows | None] = []
    for was, outcome in zip(processed, outcomes, strict=True):
        if was is None or outcome is None:
            rows.append(None)
            continue
        entry = next(entries) if isinstance(outcome, ProcessedArticle) else None
        rows.append(rows_of(outcome, entry, _known_by(was)))
    return rows


def load_tables() -> None:
    """Make the tables that reading Chinese needs, before workers are forked, which then share
    them."""
    fold("國")
    detect("国國")


def process_files(
    sources: Sequence[SourceFile], split_categories: bool = True
) -> list[Processed | None]:
    """Read and process files, with their older versions; None for one that holds what it held."""
    raws = {source.path: _read_changed(source) for source in sources if not _has_versions(source)}
    processed = iter(process_articles([raw for raw in raws.values() if raw], split_categories))
    return [
        _process_versions(source, split_categories)
        if _has_versions(source)
        else raws[source.path] and next(processed)
        for source in sources
    ]


def process_articles(
    files: Sequence[RawFile | Quarantined], split_categories: bool = True
) -> list[Processed]:
    """Process some files, stage by stage: the code and the tables of one stage then stay in the
    processor's caches, which saves a fifth of the time against going file by file."""
    parsed = [_run(parse, file, file) for file in files]
    converted = [_run(convert, file, each) for file, each in zip(files, parsed, strict=True)]
    finish = partial(normalize, split_categories=split_categories)
    return [_run(finish, file, each) for file, each in zip(files, converted, strict=True)]


def read_file(source: SourceFile) -> RawFile | Quarantined:
    """Return the bytes of a file; one that cannot be read, or is too large, is quarantined."""
    try:
        data, size = read_bytes(source, MAX_BYTES + 1)
    except OSError as error:
        return _rejected(source.path, 0, b"", "unreadable", f"cannot be read: {error.strerror}")
    if len(data) > MAX_BYTES:
        message = f"larger than {MAX_BYTES >> 20} MiB; split it, or give it another ending"
        return _rejected(source.path, size, data[:MAX_KEPT], "too-large", message)
    if source.same_id:
        message = "an earlier path has the same number; rename the file"
        refused = _rejected(source.path, size, data[:MAX_KEPT], _SAME_ID, message)
        return replace(refused, digest=file_digest(data))
    return RawFile(source.path, data)


def parse(raw: RawFile) -> ParsedArticle | Quarantined:
    """Take a file apart into front matter and body."""
    try:
        return parse_article(raw.path, raw.data)
    except UnreadableArticle as error:
        trouble = Diagnostic("error", "read", error.code, error.message)
        return Quarantined(raw.path, len(raw.data), file_digest(raw.data), raw.data, (trouble,))


def convert(parsed: ParsedArticle) -> Converted:
    """Convert a body to Markdown."""
    conversion = to_markdown(parsed.body, base_url=article_url(parsed.front_matter))
    return Converted(parsed, conversion, plain_text(conversion.markdown))


def normalize(converted: Converted, split_categories: bool = True) -> ProcessedArticle:
    """Fill the columns of an article."""
    parsed, conversion, text = converted
    article, odd = normalize_article(parsed, conversion, text, split_categories)
    notes = (*parsed.diagnostics, *conversion.diagnostics, *odd)
    return ProcessedArticle(parsed.path, parsed.digest, parsed.encoding, article, text, notes)


def _has_versions(source: SourceFile) -> bool:
    return source.history is not None and not source.same_id


def _process_versions(source: SourceFile, split_categories: bool) -> Processed:
    assert source.history is not None  # else it has one version
    raws = (
        read_file(source._replace(location=version.location, history=None))
        for version in source.history.versions
    )
    processed = (process_articles([raw], split_categories)[0] for raw in raws)
    return with_revisions(source.history, processed)


def _read_changed(source: SourceFile) -> RawFile | Quarantined | None:
    raw = read_file(source)
    return None if source.known and source.known == _known_by(raw) else raw


def _known_by(file: RawFile | Outcome) -> str:
    """Return the digest by which the next build knows a file: SHA-256, or what hindered its
    reading."""
    if isinstance(file, RawFile):
        return file_digest(file.data)
    if not isinstance(file, Quarantined):
        return file.digest
    (why,) = file.diagnostics
    if file.digest and why.code != _SAME_ID:
        return file.digest
    return f"{why.code}:{file_digest(repr((why.message, file.size, file.content)).encode())}"


def _rejected(path: str, size: int, content: bytes, code: str, message: str) -> Quarantined:
    return Quarantined(path, size, "", content, (Diagnostic("error", "read", code, message),))


def _run(
    stage: Callable[[T], R | Quarantined], file: RawFile | Quarantined, work: T | Quarantined
) -> R | Quarantined:
    """Return what a stage makes of a file's work; what is quarantined stays so.

    Quarantines what takes longer than its share; re-raises a bug of ours with the file's name.
    """
    if isinstance(work, Quarantined):
        return work
    assert isinstance(file, RawFile)  # else the work would be the same Quarantined
    try:
        with time_limit(MAX_SECONDS):
            return stage(work)
    except TookTooLong:
        message = f"takes more than {MAX_SECONDS} seconds to read; please report the file"
        kept = file.data[:MAX_KEPT]
        refused = _rejected(file.path, len(file.data), kept, "took-too-long", message)
        return replace(refused, digest=file_digest(file.data))
    except MemoryError:  # the machine's trouble, and no bug
        raise
    except Exception as error:
        raise RuntimeError(f"a bug was met at {file.path}") from error
