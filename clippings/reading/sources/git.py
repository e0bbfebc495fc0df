"""Files of a git repository at a revision, read without a checkout: `git+PATH[@REV][:FOLDER]`.

git only reads here: plumbing commands, no shell, nothing of its environment, no global
configuration, no network, and nothing that a repository's own configuration may start
(hooks, fsmonitor, textconv, remote helpers).
"""

from __future__ import annotations

import errno
import os
import subprocess
import weakref
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from clippings.models import BuildError, SourceFile
from clippings.reading.sources.names import (
    ARCHIVE_FILE,
    GIT,
    Keyed,
    PassedOver,
    article_below,
    as_text,
)

_SAFE = (
    "--no-pager --no-replace-objects -c core.fsmonitor=false -c core.hooksPath=/dev/null "
    "-c protocol.allow=never"
).split()
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_BLOCK = 2**20
_ORDINARY = b"100"
"""How the modes of ordinary files begin; links are 120000, submodules 160000."""


class Repository:
    """A repository and one of its revisions."""

    def __init__(self, source: str) -> None:
        """`source` as the user gave it. Raises BuildError where there is no such thing."""
        path, revision, self.folder = _parts(source.removeprefix(GIT))
        self.name = as_text(Path(path).resolve().name.removesuffix(".git"))
        dot_git = Path(path, ".git")
        self.directory = os.path.realpath(dot_git if dot_git.exists() else path)
        self.store = GIT + self.directory
        if revision.startswith("-"):
            raise BuildError(f"{source}: a revision does not begin with '-'")
        try:
            found = self.run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode("utf-8", "replace").strip()
            raise BuildError(f"{source}: {said or f'it has no revision {revision}'}") from None
        self.commit = found.decode().strip()

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start a git command on this repository, its output a pipe."""
        return _start(self.directory, *arguments, **options)

    def run(self, *arguments: str) -> bytes:
        """Return what a git command prints. Raises subprocess.CalledProcessError."""
        process = self.start(*arguments, stderr=subprocess.PIPE)
        output, errors = process.communicate()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, arguments, output, errors)
        return output

    def tree(self, passed_over: PassedOver) -> dict[str, str]:
        """Return path below the folder → blob id, of the articles in the revision."""
        listing = self.run("ls-tree", "-r", "-z", "--full-tree", self.commit)
        blobs = {}
        for entry in listing.split(b"\0")[:-1]:
            about, _, path = entry.partition(b"\t")
            mode, _, blob = about.split()
            if path == os.fsencode(self._path(ARCHIVE_FILE)):
                continue
            if name := article_below(os.fsdecode(path), self.folder, passed_over):
                if mode.startswith(_ORDINARY):
                    blobs[name] = blob.decode()
                else:
                    passed_over["link"] += 1
        return blobs

    def files(self, passed_over: PassedOver) -> Iterator[Keyed]:
        """Yield each article of the revision."""
        for path, blob in self.tree(passed_over).items():
            yield self.key(path), SourceFile(as_text(path), blob, blob, self.store)

    def key(self, path: str) -> str:
        """Return the name of a file at this revision, the same by whatever folder it is reached."""
        return f"{self.store}@{self.commit}:{self._path(path)}"

    def archive_file(self) -> bytes | None:
        """Return the content of archive.yml at the top of the folder; None: there is none."""
        try:
            return self.run("cat-file", "blob", f"{self.commit}:{self._path(ARCHIVE_FILE)}")
        except subprocess.CalledProcessError:
            return None

    def _path(self, below: str) -> str:
        """Return the path in the repository of what lies below the folder."""
        return "/".join(filter(None, (self.folder, below)))


def read_blob(store: str, location: str, limit: int) -> tuple[bytes, int]:
    """Return the first `limit` bytes of a blob, and how many it has. Raises OSError."""
    reader = _reader(store, os.getpid())
    try:
        return reader.read(location, limit)
    except OSError:
        _reader.cache_clear()  # whatever it says next would answer another question
        raise


class _BlobReader:
    """One `git cat-file --batch`, asked for one blob after another."""

    def __init__(self, directory: str) -> None:
        pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        process = _start(directory, "cat-file", "--batch", **pipes)
        assert process.stdin and process.stdout
        self._ask: IO[bytes] = process.stdin
        self._answer: IO[bytes] = process.stdout
        self._end = weakref.finalize(self, _end, process)

    def read(self, blob: str, limit: int) -> tuple[bytes, int]:
        self._ask.write(f"{blob}\n".encode())
        self._ask.flush()
        kind, size = self._heading(blob)
        data = self._answer.read(min(size, limit))
        left = size - len(data)
        while left and (skipped := len(self._answer.read(min(left, _BLOCK)))):
            left -= skipped
        if left or self._answer.read(1) != b"\n" or kind != b"blob":
            raise OSError(errno.EIO, f"git object {blob} is damaged")
        return data, size

    def _heading(self, blob: str) -> tuple[bytes, int]:
        match self._answer.readline().split():
            case [_, kind, size]:
                return kind, int(size)
            case _:
                raise OSError(errno.EIO, f"git object {blob} is missing or damaged")


@lru_cache(maxsize=4)
def _reader(store: str, process: int) -> _BlobReader:
    """Return a reader for a repository and process: pipes are not shared with a forked worker."""
    return _BlobReader(store.removeprefix(GIT))


def _end(process: subprocess.Popen[bytes]) -> None:
    with process:  # closes the pipes, which ends git, and waits
        pass


def _start(directory: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", *_SAFE, f"--git-dir={directory}", *arguments]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE} | options
    try:
        return subprocess.Popen(command, env=kept | _ENVIRONMENT, **pipes)
    except FileNotFoundError:
        raise BuildError("git is not installed, and a git+ source needs it") from None


def _parts(source: str) -> tuple[str, str, str]:
    """Return PATH, REV, FOLDER of PATH[@REV][:FOLDER]; the longest PATH that is a folder counts."""
    cuts = [len(source), *(at for at in range(len(source) - 1, 0, -1) if source[at] in "@:")]
    for cut in cuts:
        if os.path.isdir(source[:cut]):
            rest = source[cut:]
            revision, _, folder = rest.removeprefix("@").partition(":")
            return source[:cut], revision or "HEAD", folder.strip("/")
    raise BuildError(f"{GIT}{source}: no such folder; write {GIT}PATH[@REV][:FOLDER]")
