"""What fsspec opens by a URL, with the extra `remote`: `https://…`, `s3://…` and more, also chains
such as `zip://::simplecache::https://…`."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from clippings.models import BuildError, SourceFile
from clippings.reading.sources.names import Keyed, PassedOver, article_below, as_text, source_name

MAX_FOLDERS = 100_000
"""Folders listed of one URL: a server may make up new ones for ever."""

_CHANGES = ("ETag", "etag", "LastModified", "last_modified", "mtime", "updated")
"""What file systems call that which changes with a file."""


def files_at(url: str, passed_over: PassedOver) -> Iterator[Keyed]:
    """Yield each article below a URL, or the one file."""
    files, root = _file_system(url)
    with _told(url):
        about = files.info(root)
    if about["type"] != "directory" and not url.endswith("/"):
        name = unquote(source_name(url))
        yield f"{url}#{root}", SourceFile(as_text(name), root, _stamp(files, about), url)
        return
    base = f"{root.rstrip('/')}/" if root else ""
    with _told(url):
        for found in _walk(files, root, base):
            name = unquote(urlsplit(found["name"][len(base) :]).path)
            if path := article_below(name, "", passed_over):
                location = found["name"]
                file = SourceFile(as_text(path), location, _stamp(files, found), url)
                is_chain = "::" in url  # where what lies inside has no address of its own
                yield url + location if is_chain else files.unstrip_protocol(location), file


def read_url(store: str, location: str, limit: int) -> tuple[bytes, int]:
    """Return the first `limit` bytes of a file, and how many it has. Raises OSError."""
    files, _ = _file_system(store)
    try:
        with files.open(location, "rb") as file:
            data = cast("bytes", file.read(limit))
            return data, max(getattr(file, "size", None) or 0, len(data))
    except Exception as error:  # each protocol's library has errors of its own
        raise OSError(errno.EIO, str(error) or type(error).__name__) from error


def _walk(files: Any, root: str, base: str) -> Iterator[dict[str, Any]]:
    """Yield what is said of each file below `base`: a listing may also name what lies elsewhere."""
    seen = {root, base}
    folders = [root]
    for folder in folders:
        for entry in files.ls(folder, detail=True):
            name = entry["name"]
            if not name.startswith(base) or name in seen or ".." in name.split("/"):
                continue
            seen.add(name)
            if entry["type"] == "file":
                yield entry
            elif entry["type"] == "directory":
                folders.append(name)
        if len(folders) > MAX_FOLDERS:
            raise ValueError(f"more than {MAX_FOLDERS} folders")


def _file_system(url: str) -> tuple[Any, str]:
    """Return fsspec's file system for a URL, and the URL as a path in it. Raises BuildError."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise BuildError(f"{url}: a URL needs the extra: pip install '.[remote]'") from None
    with _told(url):
        files, root = url_to_fs(url)
    return files, str(root)


@contextlib.contextmanager
def _told(url: str) -> Iterator[None]:
    """Raise BuildError, naming the URL, for whatever a protocol's library says in the block."""
    try:
        yield
    except ImportError as error:
        raise BuildError(f"{url}: {error}; pip install '.[remote]' has the usual ones") from error
    except FileNotFoundError as error:
        raise BuildError(
            f"{url}: nothing answers there, or it lists no files; an archive there is "
            "zip://::simplecache::URL, a repository is cloned and given as git+PATH"
        ) from error
    except Exception as error:  # each protocol's library has errors of its own
        raise BuildError(f"{url}: {error or type(error).__name__}") from error


def _stamp(files: Any, about: dict[str, Any]) -> str:
    """Return address, size and what changes with the file; empty where nothing does."""
    changes = next((about[name] for name in _CHANGES if about.get(name)), "")
    address = files.unstrip_protocol(about["name"])
    return f"{about.get('size')}-{changes}-{address}" if changes else ""
