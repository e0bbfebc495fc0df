"""Names that never change: an article's number from its path, its digest from its text."""

from __future__ import annotations

import hashlib
import platform
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

ID_BITS = 53
"""Ids are exact in JavaScript's numbers, so JSON readers everywhere see the same id."""


def path_id(path: str) -> int:
    """Return the permanent number of a path: the first 53 bits of its BLAKE2b digest, never 0.

    A rebuild, another machine or another order of files gives the same number.
    """
    digest = hashlib.blake2b(path.encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - ID_BITS)) or 1


def file_digest(data: bytes) -> str:
    """Return SHA-256 of a file's bytes in hexadecimal, as `sha256sum` prints it."""
    return hashlib.sha256(data).hexdigest()


def digest_of_file(path: Path) -> str:
    """Return SHA-256 of a file of any size. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


CONVERTERS = ("turbohtml", "markdownify", "pyromark", "python-frontmatter", "PyYAML", "opencc")
"""Packages whose version may change what an article becomes."""

_NOT_CONVERTING = ("site",)


@cache
def program() -> Mapping[str, str]:
    """Return all that decides what a file becomes, name by name: our own code, the packages that
    convert, Python's version, its Unicode. Where it is the same, bytes give the same rows."""
    package = Path(__file__).parents[1]
    sources = (f for kind in ("*.py", "*.sql") for f in package.rglob(kind))
    ours = sorted(f for f in sources if f.relative_to(package).parts[0] not in _NOT_CONVERTING)
    code = hashlib.sha256(b"".join(f.read_bytes() for f in ours)).hexdigest()[:16]
    packages = {name: version(name) for name in CONVERTERS}
    unicode = unicodedata.unidata_version
    return {"clippings": code, "Python": platform.python_version(), "Unicode": unicode, **packages}


def program_version() -> str:
    """Return a digest of that."""
    return text_digest(*(word for part in program().items() for word in part))


def text_digest(*parts: str) -> str:
    """Return BLAKE2b-128 of the parts of a text in hexadecimal; where one part ends matters."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=16).hexdigest()
