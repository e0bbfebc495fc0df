"""SHA256SUMS, as `sha256sum` writes and checks it."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAME = "SHA256SUMS"

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](?:\./)?(.+)")


def as_checksums(digests: Mapping[str, str]) -> str:
    """Return name → SHA-256 in hexadecimal as lines in the order of the names."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))


def read_checksums(text: str) -> dict[str, str]:
    """Return the lines of a SHA256SUMS as name → digest; other lines are passed over."""
    found = (_LINE.fullmatch(line) for line in text.splitlines())
    return {match[2]: match[1].lower() for match in found if match}
