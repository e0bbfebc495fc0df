"""Every version of every article that a git history ever held, the removed ones too.

Each commit that wrote a file gives one version of it; a merge gives one only where its
file matches that of no parent (`git diff-tree -c`). Where branches went side by side, their
versions follow one another (`--topo-order`), and the revision's tree says which is the newest.
A renamed file is a new file: identical texts become placements of one article anyway.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator
from typing import IO

from clippings.models import BuildError, History, SourceFile, Version
from clippings.reading.sources.git import Repository
from clippings.reading.sources.names import Keyed, PassedOver, article_below, as_text

_BLOCK = 2**20
_COMPARE = "diff-tree --stdin -r -z -c --root --raw --no-renames --no-abbrev".split()


def files_of_history(repository: Repository, passed_over: PassedOver) -> Iterator[Keyed]:
    """Yield each article that ever was, with its history.

    Holds the listing in memory, never contents. What the revision has beside them is passed over.
    Raises BuildError for a shallow clone.
    """
    if repository.run("rev-parse", "--is-shallow-repository").strip() == b"true":
        raise BuildError(
            f"{repository.store}: a shallow clone, its history is cut off; "
            "`git fetch --unshallow` gets the rest"
        )
    living = repository.tree(passed_over)
    for path, written in _versions(repository).items():
        if history := _history(written, living.get(path)):
            newest = history.versions[0].location
            stamp = hashlib.sha256(repr(history).encode()).hexdigest()[:32]
            file = SourceFile(as_text(path), newest, stamp, repository.store, history)
            yield repository.key(path), file


def _history(written: list[Version], living: str | None) -> History | None:
    """Return the history of one path from all that commits did to it, the newest first.

    A removal is a version without a location; `living` is the blob in the revision's tree.
    """
    versions: list[Version] = []
    for version in filter(lambda version: version.location, written):
        if versions and versions[-1].location == version.location:
            versions.pop()  # the same bytes again: they were there from the earlier commit on
        versions.append(version)
    if not versions:
        return None
    if living:  # a merge may have taken the version of a branch that is listed later
        at = [version.location for version in versions].index(living)
        versions.insert(0, versions.pop(at))
    removals = (version.date for version in written if not version.location)
    removed = None if living else next(removals, versions[0].date)
    return History(tuple(versions), removed)


def _versions(repository: Repository) -> dict[str, list[Version]]:
    """Return path → what each commit made of it, the newest first."""
    commits = repository.start("rev-list", "--topo-order", repository.commit)
    compare = repository.start(*_COMPARE, "--format=%H %aI", stdin=commits.stdout)
    assert commits.stdout and compare.stdout
    commits.stdout.close()  # diff-tree alone reads it now
    versions = defaultdict(list)
    commit = date = ""
    uncounted = PassedOver()  # each commit names a file again
    with commits, compare:
        for token in (tokens := _tokens(compare.stdout)):
            record = token.lstrip(b"\n")
            if record.startswith(b":"):
                path = article_below(os.fsdecode(next(tokens)), repository.folder, uncounted)
                if path:
                    versions[path].append(Version(_blob(record), commit, date))
            elif record:
                commit, _, date = record.decode().partition(" ")
                date = date.replace("Z", "+00:00")  # as some versions of git write it
    if commits.returncode or compare.returncode:
        raise BuildError(f"{repository.store}: git could not read all of the history; try git fsck")
    return versions


def _blob(record: bytes) -> str:
    """Return the blob of a raw record, of one parent or of several; empty: no ordinary file."""
    parents = len(record) - len(record.lstrip(b":"))
    fields = record.lstrip(b":").split()
    mode, blob = fields[parents], fields[2 * parents + 1]
    return blob.decode() if mode.startswith(b"100") else ""


def _tokens(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while block := stream.read(_BLOCK):
        *whole, rest = (rest + block).split(b"\0")
        yield from whole
