"""Which part of a file a request gets: conditions and ranges of RFC 9110, decided on values.

method, headers, the file's size and tag ─► decide ─► Part(status, first, length)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII | re.IGNORECASE)
_TAGS = re.compile(r'(W/)?("[^"]*")')


class Part(NamedTuple):
    """200, 206, 304, 412 or 416, and the bytes that go with it."""

    status: int
    first: int = 0
    length: int = 0


def decide(method: str, headers: Mapping[str, str], size: int, tag: str) -> Part:
    """The part of a file of `size` bytes whose strong entity tag is `tag` (with its quotes).

    Several ranges at once are answered with the whole file, which section 14.2 allows: no
    program that resumes a download asks for them. So is a range of another file (If-Range).
    """
    if "if-match" in headers and not _has(tag, headers["if-match"], weak=False):
        return Part(412)
    if "if-none-match" in headers and _has(tag, headers["if-none-match"], weak=True):
        return Part(304)
    asked = _RANGE.fullmatch(headers.get("range", ""))
    unchanged = headers.get("if-range", tag).strip() == tag
    if method != "GET" or not asked or not unchanged or not any(asked.groups()):
        return Part(200, 0, size)
    return _part(asked[1], asked[2], size)


def _part(first: str, last: str, size: int) -> Part:
    if not first:  # the last so many bytes
        length = min(int(last), size)
        return Part(206, size - length, length) if length else Part(416)
    begin, end = int(first), min(int(last or size), size - 1)
    if last and int(last) < begin:
        return Part(200, 0, size)  # no range at all: to be passed over
    return Part(206, begin, end - begin + 1) if begin < size else Part(416)


def _has(tag: str, condition: str, *, weak: bool) -> bool:
    if condition.strip() == "*":
        return True
    return any(given == tag and (weak or not mark) for mark, given in _TAGS.findall(condition))
