"""The way from a folder of articles to clippings.db.

sources
  │ find_articles      SourceFile: sorted paths
  ▼
  │ process_file       reads the bytes                       ┐
  │ process_article    parse ─► convert ─► normalize         │ on any worker
  │ rows_of            what each table gets of it            ┘
  ▼ map                in order, bounded in flight
  │ ArchiveWriter      stage, copy, index, check: one writer
  ▼ publish            fsync, os.replace
clippings.db
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from clippings.database import ArchiveWriter, disk_errors, inspect_data
from clippings.errors import BuildError, UnreadableArticle
from clippings.executors import Mapper
from clippings.frontmatter import parse_article
from clippings.identity import file_digest
from clippings.markdown import to_markdown
from clippings.models import (
    Accounting,
    Article,
    Diagnostic,
    IndexTokens,
    Outcome,
    Placed,
    Quarantined,
    SourceFile,
)
from clippings.normalize import article_url, normalize_article, opening
from clippings.publishing import draft_folder, publish
from clippings.rendering import plain_text
from clippings.rows import FileRows, rows_of
from clippings.search import facts, fold, index_folded, index_labels, index_text
from clippings.sources import ARTICLE_SUFFIXES, find_articles
from clippings.stories import sketch

MAX_BYTES = 64 * 2**20
"""No article is larger than this; what is, is quarantined with its first MAX_KEPT bytes."""

MAX_KEPT = 2**20


SHOWN = 10
"""Quarantined files that an error message names."""


def build(
    sources: Sequence[Path],
    target: Path,
    run_map: Mapper,
    max_quarantined: float,
    on_file: Callable[[int, int], None],
) -> Accounting:
    """Build `target` from the articles below `sources` and publish it.

    `run_map` spreads the work; `max_quarantined` is the share of the files seen,
    0.0 to 1.0, above which nothing is published; `on_file` hears of progress as
    (files done, files in all). Beside the target, `inspect-data.json` tells
    Datasette that the database is immutable. Raises BuildError, and OSError
    where the target's folder cannot be written; the old database then stays.
    """
    articles = find_articles(sources)
    if not articles:
        kinds = " ".join(sorted(ARTICLE_SUFFIXES))
        where = ", ".join(map(str, sources))
        raise BuildError(f"no article found in {where}; articles end in {kinds}")
    with draft_folder(target) as folder, disk_errors(target):
        draft, scratch, inspect = (folder / name for name in ("draft", "scratch", "inspect"))
        writer = ArchiveWriter(draft, scratch)
        try:
            quarantined = list(_load(writer, run_map(prepare_rows, articles), articles, on_file))
            accounting = writer.finish(len(articles))
        finally:
            writer.close()
        _hold_to_limit(accounting, max_quarantined, quarantined)
        about = {target.stem: {"file": target.name, **inspect_data(draft)}}
        inspect.write_text(json.dumps(about, indent=1, sort_keys=True))
        publish({draft: target, inspect: target.with_name("inspect-data.json")})
    return accounting


def prepare_rows(source: SourceFile) -> FileRows:
    """Everything a worker does for one file. A bug of ours is re-raised with the file's name."""
    try:
        return rows_of(process_file(source))
    except MemoryError:  # the machine's trouble, not the file's
        raise
    except Exception as error:
        raise RuntimeError(f"a bug was met at {source.path}") from error


def process_file(source: SourceFile) -> Outcome:
    """Read one file and process it; a file that cannot be read is quarantined."""
    try:
        with open(source.location, "rb") as file:
            data = file.read(MAX_BYTES + 1)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        trouble = Diagnostic("error", "read", "unreadable", f"cannot be read: {error.strerror}")
        return Quarantined(source.path, 0, "", b"", (trouble,))
    if len(data) > MAX_BYTES:
        message = f"larger than {MAX_BYTES >> 20} MiB; split it, or give it another ending"
        trouble = Diagnostic("error", "read", "too-large", message)
        return Quarantined(source.path, size, "", data[:MAX_KEPT], (trouble,))
    return process_article(source.path, data)


def process_article(path: str, data: bytes) -> Outcome:
    """Bytes → an article, or a quarantined file with the reason.

    Pure: the same path and bytes give the same outcome anywhere. Never raises
    for bad input; an exception is a bug, and names the file.
    """
    try:
        parsed = parse_article(path, data)
    except UnreadableArticle as error:
        trouble = Diagnostic("error", "read", error.code, error.message)
        return Quarantined(path, len(data), file_digest(data), data, (trouble,))
    conversion = to_markdown(parsed.body, base_url=article_url(parsed.front_matter))
    text = plain_text(conversion.markdown)
    folded = fold(text)
    article, field_diagnostics = normalize_article(parsed, conversion, text)
    return Placed(
        path=path,
        digest=parsed.digest,
        encoding=parsed.encoding,
        article=article,
        tokens=_tokens(article, text, folded),
        sketch=sketch(fold(article.title), folded),
        diagnostics=(*parsed.diagnostics, *conversion.diagnostics, *field_diagnostics),
    )


def _tokens(article: Article, text: str, folded: str) -> IndexTokens:
    # A summary that is only how the text begins would count each of its words twice.
    own_summary = "" if article.summary == opening(text) else article.summary
    return IndexTokens(
        title=index_text(article.title),
        summary=index_text(own_summary),
        author=index_text(article.author or ""),
        body=index_folded(folded),
        tags=index_labels(article.tags),
        facts=facts(article.published, article.language, article.features),
    )


def _load(
    writer: ArchiveWriter,
    results: Iterable[FileRows],
    articles: Sequence[SourceFile],
    on_file: Callable[[int, int], None],
) -> Iterator[str]:
    """Stage all results; yields why each quarantined file is there."""
    for done, rows in enumerate(results, 1):
        writer.add(rows)
        on_file(done, len(articles))
        if rows.digest is None:
            path, *_, message = rows.tables["diagnostics"][-1]
            yield f"{path}: {message}"


def _hold_to_limit(accounting: Accounting, limit: float, quarantined: Sequence[str]) -> None:
    if accounting.quarantined_share <= limit:
        return
    more = len(quarantined) - SHOWN
    raise BuildError(
        f"{accounting.quarantined} of {accounting.files_seen} files cannot become articles, "
        f"above the limit of {limit:.1%}; nothing was published. Mend or move them, "
        "or raise --max-quarantined:\n"
        + "\n".join(f"  {reason}" for reason in quarantined[:SHOWN])
        + (f"\n  and {more} more" if more > 0 else "")
    )
