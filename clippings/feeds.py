"""Articles as feeds: one of the newest, and behind it the whole archive in parts (RFC 5005).

    an FTS5 expression ─► matching ─► cut ─► read_part ─► entries ─► Atom (a template)
                                                                  └► json_feed
"""

from __future__ import annotations

import json
import mimetypes
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from clippings.timeline import Timeline, matching, read_timeline

SIZE = 50
"""Articles of the newest feed and of a part."""

LONG_AGO = "1970-01-01T00:00:00Z"
"""What feeds say of an article without a date: Atom wants one."""

_ENTRIES = """
    select id, title, summary, author, source, published, updated, language, url, image, markdown,
      (select json_group_array(tag) from tags where article = a.id) as tags,
      (select json_group_array(json_array(section, source, feed)) from placements
       where article = a.id) as places
    from articles a where docid in (select value from json_each(?))
    order by docid desc
"""
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d)?)?(Z|[+-]\d\d:\d\d)?")
_LOCAL = re.compile(r"(?<=\s)(href|src)=\"/(?!/)")
_WEB = re.compile(r"https?://", re.I)
# XML 1.0, 2.2: these cannot be written in it, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Part:
    """Some articles of a feed, newest first, and the names of the parts around them.

    `name` is "" for the newest articles, which change; the others are named by their year and
    place in it, such as 2022.3, and are `complete`.
    """

    name: str
    rows: Sequence[sqlite3.Row]
    older: str | None
    newer: str | None


def cut(docids: Sequence[int], years: Timeline) -> dict[str, Sequence[int]]:
    """Cut the sorted docids of a feed into parts that stay: `SIZE` of one year, the oldest first.

    A part that a new article would still be put into is left out: its articles are among the
    newest. So a part changes only when an article is added among or before its own, that year.
    """
    begin = years.edges[0] if years.edges else len(docids) and docids[-1] + 1
    undated = [docid for docid in docids if docid < begin]
    spans = chain([("undated", undated)], zip(years.names, years.cut(docids)))
    parts = {
        f"{year}.{start // SIZE + 1}": span[start : start + SIZE]
        for year, span in spans
        for start in range(0, len(span), SIZE)
    }
    newest = years.names[-1] if years.names else "undated"
    return {
        name: part
        for name, part in parts.items()
        if len(part) == SIZE or not name.startswith(f"{newest}.")
    }


def read_part(conn: sqlite3.Connection, match: str, name: str = "") -> Part | None:
    """Read a part of the feed of all articles that an FTS5 expression finds.

    None where there is no such part, or nothing is found.
    """
    docids = matching(conn, match)
    parts = cut(docids, read_timeline(conn, "year", limit=10_000))
    names = list(parts)
    if not docids or (name and name not in parts):
        return None
    shown = parts[name] if name else docids[-SIZE:]
    rows = conn.execute(_ENTRIES, [json.dumps(list(shown))]).fetchall()
    if not name:
        return Part(name, rows, names[-1] if len(docids) > SIZE else None, None)
    place = names.index(name)
    newer = names[place + 1] if place + 1 < len(names) else None
    return Part(name, rows, names[place - 1] if place else None, newer)


def entry(row: Mapping[str, Any], root: str, body: Callable[[str], str]) -> dict[str, Any]:
    """What a feed says of an article.

    `root` is the absolute address of the site, with a slash at its end; `body` makes safe HTML
    of Markdown. Addresses below the site become absolute, others than of the web are left out.
    """
    image = re.sub(r"^/(?!/)", root, row["image"] or "")
    published = instant(row["published"])
    return {
        "id": row["id"],
        "title": row["title"],
        "address": f"{root}clippings/articles/{row['id']}",
        "original": row["url"] if _WEB.match(row["url"] or "") else None,
        "summary": row["summary"],
        "html": _LOCAL.sub(rf'\1="{root}', body(row["markdown"])),
        "author": row["author"] or row["source"],
        "published": published,
        "updated": instant(row["updated"]) or published or LONG_AGO,
        "language": row["language"],
        "image": image if _WEB.match(image) else None,
        "image_type": mimetypes.guess_type(image)[0],
        "names": [name for name in chain(*json.loads(row["places"])) if name],
        "tags": json.loads(row["tags"]),
    } | {"categories": _categories(row)}


def instant(moment: str | None) -> str | None:
    """An ISO 8601 date of ours as RFC 3339 wants it: with a time of day and a zone.

    The clock stays as written. Where the file states no zone, or no time, `Z` and midnight
    stand in: the date then reads as it was written for everyone who does not shift it.
    """
    found = _MOMENT.fullmatch(moment or "")
    if not found:
        return None
    day, clock, seconds, zone = found.groups()
    return f"{day}T{clock or '00:00'}{seconds or ':00'}{zone or 'Z'}"


def legal(xml: str) -> str:
    """XML without the characters that XML cannot hold, such as control characters."""
    return _NOT_XML.sub("", xml)
