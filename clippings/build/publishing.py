"""A draft beside its target, swapped in whole or not at all.

The draft lives in a hidden folder next to the target (same file system, so that
`os.replace` is one step). The folder is locked while a build works in it; what a
killed build left there is removed by the next one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from clippings.dataset.checksums import NAME, read_checksums
from clippings.models import BuildError
from clippings.reading.identity import digest_of_file

_held: set[int] = set()
"""Descriptors of locks. A process that is forked closes them: a lock is its owner's alone."""


def _let_go() -> None:
    for lock in _held:
        os.close(lock)
    _held.clear()


os.register_at_fork(after_in_child=_let_go)


@contextlib.contextmanager
def draft_folder(target: Path) -> Iterator[Path]:
    """An empty, locked folder beside `target`, gone again when the block is left.

    Raises BuildError when another build of the same target is at work, and
    OSError when the target's folder cannot be written.
    """
    folder = target.with_name(f".{target.name}.draft")
    lock = _locked(folder)
    _held.add(lock)
    try:
        _empty(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _held.discard(lock)
        os.close(lock)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for the block, waiting for whoever holds it."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def publish(drafts: dict[Path, Path]) -> None:
    """Put each draft (key) in the place of its target (value), in this order.

    The bytes are on the disk before any name points at them, and the names are
    on the disk before this returns: after a power cut each target is the whole
    old file or the whole new one.
    """
    for draft in drafts:
        _sync(draft)
    for draft, target in drafts.items():
        os.replace(draft, target)
    for folder in {target.parent for target in drafts.values()}:
        _sync(folder)


def publish_folder(draft: Path, target: Path) -> None:
    """Put a draft folder, with all that is in it, in the place of the target folder.

    The old folder goes away with the draft's own. Between its going and the new one's coming
    there are two renames: whoever is killed there leaves no folder, never half of one.
    """
    for path in draft.iterdir():
        _sync(path)
    if target.exists():
        os.rename(target, draft.with_name("old"))
    os.rename(draft, target)
    _sync(target.parent)


def write_checksums(folder: Path) -> None:
    """Write SHA256SUMS over the files in a folder, read back."""
    lines = [f"{digest_of_file(path)}  {path.name}\n" for path in sorted(folder.iterdir())]
    (folder / NAME).write_text("".join(lines), "utf-8")


def check_replaceable(folder: Path) -> None:
    """Raise BuildError for a folder that holds what no earlier release wrote: all of it would be
    removed with the folder."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BuildError(f"{folder} is no folder; give a new one")
    sums = folder / NAME
    known = {NAME, *(read_checksums(sums.read_text("utf-8")) if sums.is_file() else ())}
    if foreign := {path.name for path in folder.iterdir()} - known:
        raise BuildError(
            f"{folder} holds {min(foreign)}, which no build wrote; nothing was touched. "
            "Give a new or empty folder, or that of an earlier build"
        )


def _locked(folder: Path) -> int:
    """Create and lock the folder; gives the descriptor that holds the lock."""
    while True:
        folder.mkdir(exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise BuildError(
                f"another build is writing {folder.parent / folder.name[1:-6]}; "
                "wait for it to end, or give another --output"
            ) from None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.stat(folder), os.fstat(descriptor)):
                return descriptor
        os.close(descriptor)  # its owner removed it between our mkdir and our lock


def _empty(folder: Path) -> None:
    for leftover in folder.iterdir():
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
