"""The way from a folder of articles to clippings.db.

sources
  │ find_articles      SourceFile: sorted paths
  ▼ plan               which of them are to be read, which are gone
  │ prepare_rows       parse ─► convert ─► normalize ─► withhold ─► index ─► rows, on any worker
  ▼ map                the same order, bounded in flight
  │ Spool              rows as bytes, until it is known where they go
  ▼ ArchiveWriter      tables and full-text index │ find_similar for the whole archive, meanwhile
  │ check
  ▼ publish            fsync, os.replace
clippings.db
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clippings.build.executors import Mapper
from clippings.build.publishing import draft_folder
from clippings.build.state import is_whole, known_files
from clippings.database.inspect import (
    accounting_of,
    disk_errors,
    entries_used,
    quarantined_in,
    told_by,
)
from clippings.models import (
    SAME_ID,
    AboutRows,
    BuildError,
    BuildResult,
    Changes,
    FileState,
    Plan,
    SourceFile,
)
from clippings.reading.identity import path_id, program_version
from clippings.reading.sources import ARTICLE_SUFFIXES, find_articles
from clippings.reading.withholding import NOTHING_WITHHELD, Withholding

SHOWN = 10
"""Quarantined files that an error message names."""

OnFile = Callable[[int, int], None]
"""Hears of progress: files done, files to read."""


def build(
    sources: Sequence[Path | str],
    target: Path,
    run_map: Mapper,
    max_quarantined: float,
    on_file: OnFile,
    *,
    withholding: Withholding = NOTHING_WITHHELD,
    about: AboutRows = (),
    history: bool = False,
    fresh: bool = False,
) -> BuildResult:
    """Build `target` from the articles below `sources` and publish it.

    `run_map` spreads the work; `max_quarantined` is the share of the files seen,
    0.0 to 1.0, above which nothing is published; `on_file` hears of progress as
    (files done, files to read); `withholding` says what is kept out, `about` what the
    owner says of the archive; with `history`, git sources give every article that ever
    was. What the last build of `target` did is not done again, unless `fresh`. Beside the
    target, `inspect-data.json` tells Datasette that the database is immutable, and the
    state file tells the next build what this one did. Raises BuildError, and OSError where
    the target's folder cannot be written; the old database then stays.
    """
    target = target.resolve()
    if target.exists() and not target.is_file():
        raise BuildError(f"{target} is no regular file; a database cannot take its place")
    articles, found = find_articles(sources, history)
    passed_over = tuple(sorted(found.items()))
    if not articles:
        kinds = " ".join(sorted(ARTICLE_SUFFIXES))
        where = ", ".join(map(str, sources))
        raise BuildError(f"no article found in {where}; articles end in {kinds}")
    with draft_folder(target) as folder, disk_errors(target):
        version = f"{program_version()} {withholding.digest} {history}"
        known = None if fresh else known_files(target, version)
        todo = plan(articles, known or {})
        if known and (todo.read or todo.gone) and not is_whole(target):
            known, todo = None, plan(articles, {})
        changes, read = Changes(), 0
        recount = known is not None and told_by(target) != (passed_over, about)
        if known is None or todo.read or todo.gone or recount:
            from clippings.build.draft import Draft  # loads all that converts

            with Draft(folder, target, known) as draft:
                by_path = {each.path: each for each in articles}
                read = draft.load(todo, by_path, withholding, run_map, on_file)
                files_seen = len(articles)
                del articles, by_path, known, todo  # of large archives the rest can use the room
                if draft.is_changed or recount:
                    changes = draft.write(files_seen, passed_over, about)
                    _hold_to_limit(draft.database, max_quarantined)
                    draft.publish(version, changes)
                draft.publish_state()
        _hold_to_limit(target, max_quarantined)  # also where there was nothing to do
        return BuildResult(accounting_of(target), changes, read, entries_used(target))


def plan(articles: Sequence[SourceFile], known: Mapping[str, FileState]) -> Plan:
    """Decide what to read: what is new, or has another stamp than it had, or none at all; and
    what has another file's number now, or no longer has."""
    read = []
    there = {article.path for article in articles}
    first = {path_id(article.path): article.path for article in reversed(articles)}
    same_id = there.difference(first.values())  # once in ten million archives, or on purpose
    for article in articles:
        last = known.get(article.path)
        collides = article.path in same_id
        if last is None or last.digest.startswith(SAME_ID) != collides:
            read.append(article._replace(same_id=collides))
        elif not article.stamp or article.stamp != last.stamp:
            read.append(article._replace(same_id=collides, known=last.digest))
    return Plan(tuple(read), tuple(sorted(known.keys() - there)))


def _hold_to_limit(database: Path, limit: float) -> None:
    accounting = accounting_of(database)
    if accounting.quarantined_share <= limit:
        return
    quarantined = quarantined_in(database, SHOWN)
    more = accounting.quarantined - len(quarantined)
    raise BuildError(
        f"{accounting.quarantined} of {accounting.files_seen} files cannot become articles, "
        f"above the limit of {limit:.1%}; nothing was published. Mend or move them, "
        "or raise --max-quarantined:\n"
        + "\n".join(f"  {reason}" for reason in quarantined)
        + (f"\n  and {more} more" if more > 0 else "")
    )
