"""SHA256SUMS of a release, as `sha256sum` writes and checks it."""

from __future__ import annotations

NAME = "SHA256SUMS"


def read_checksums(text: str) -> dict[str, str]:
    """Return the lines of a SHA256SUMS as name → digest."""
    lines = (line.partition("  ") for line in text.splitlines())
    return {name: digest for digest, _, name in lines if name}
