"""Names that never change: an article's number from its path, its digest from its text."""

from __future__ import annotations

import hashlib

ID_BITS = 53
"""Ids are exact in JavaScript's numbers, so JSON readers everywhere see the same id."""


def path_id(path: str) -> int:
    """The permanent number of a path: the first 53 bits of its BLAKE2b digest, never 0.

    A rebuild, another machine or another order of files gives the same number.
    """
    digest = hashlib.blake2b(path.encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - ID_BITS)) or 1


def file_digest(data: bytes) -> str:
    """SHA-256 of a file's bytes in hexadecimal, as `sha256sum` prints it."""
    return hashlib.sha256(data).hexdigest()


def text_digest(*parts: str) -> str:
    """BLAKE2b-128 of the parts of a text in hexadecimal; where one part ends matters."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=16).hexdigest()
