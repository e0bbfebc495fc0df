"""Making feeds of articles: one of the newest, behind it the whole archive page by page (RFC 5005).

an FTS5 expression ─► matching ─► paginate ─► read_page ─► entry ─► Atom (a template)
                                                                └► json_feed
"""

from __future__ import annotations

import json
import mimetypes
import re
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from clippings.markdown.rendering import render_html
from clippings.search.timeline import Timeline, matching, read_timeline
from clippings.site.addresses import DATABASE

SIZE = 50
"""Articles of the newest feed and of an archive page."""

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
_PICTURE = re.compile(r"<img((?:\s+[\w-]+=\"[^\"]*\")*)\s*/?>")
_ATTRIBUTE = re.compile(r"([\w-]+)=\"([^\"]*)\"")
_LOCAL = re.compile(r"(?<=\s)(href|src)=\"/(?!/)")
_WEB = re.compile(r"https?://", re.I)
# XML 1.0, 2.2: these cannot be written in it, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Channel(NamedTuple):
    """What a feed is of: the path of its addresses (without .atom), the path of its page, what
    is asked there, its title ("" for the archive), and the search that its articles match."""

    path: str
    page: str
    query: Mapping[str, str]
    title: str
    search: str


class FeedPage(NamedTuple):
    """Some articles of a feed, newest first, and the names of the archive pages around them.

    `name` is "" for the newest articles, which change; the others are complete, and named by
    their year and place in it, such as 2022.3.
    """

    name: str
    rows: Sequence[sqlite3.Row]
    older: str | None
    newer: str | None


def paginate(docids: Sequence[int], years: Timeline) -> dict[str, Sequence[int]]:
    """Return the archive pages of the sorted docids of a feed: `SIZE` of one year, oldest first.

    A page that a new article would still be put into is left out: its articles are among the
    newest. So a page changes only when an article is added among or before its own, that year.
    """
    names = ("undated", *years.names)
    spans = (docids[: years.undated(docids)], *years.cut(docids))
    return {
        f"{year}.{start // SIZE + 1}": span[start : start + SIZE]
        for year, span in zip(names, spans, strict=True)
        for start in range(0, len(span), SIZE)
        if year != names[-1] or start + SIZE <= len(span)
    }


def read_page(conn: sqlite3.Connection, match: str, name: str = "") -> FeedPage | None:
    """Return a page of the feed of all articles that an FTS5 expression finds.

    None where there is no such page, or nothing is found.
    """
    docids = matching(conn, match)
    pages = paginate(docids, read_timeline(conn, "year", limit=10_000))
    names = list(pages)
    if not docids or (name and name not in pages):
        return None
    shown = pages[name] if name else docids[-SIZE:]
    rows = conn.execute(_ENTRIES, [json.dumps(list(shown))]).fetchall()
    if not name:
        return FeedPage(name, rows, names[-1] if len(docids) > SIZE else None, None)
    place = names.index(name)
    newer = names[place + 1] if place + 1 < len(names) else None
    return FeedPage(name, rows, names[place - 1] if place else None, newer)


def head(channel: Channel, page: FeedPage, root: str, site: str, form: str) -> dict[str, Any]:
    """Return what a feed says of itself, as the Atom template and `json_feed` take it.

    `form` is atom or json; `root` is as for `entry`, `site` the name of the site.
    """

    def address(path: str, **more: str) -> str:
        values = urlencode({**channel.query, **more})
        return root + path[1:] + (f"?{values}" if values else "")

    def of_page(name: str | None) -> str | None:
        named = {"page": name} if name else {}
        return None if name is None else address(f"{channel.path}.{form}", **named)

    return {
        "root": root,
        "site": site,
        "title": f"{channel.title} · {site}" if channel.title else site,
        "tag": tag(address(channel.path), root),
        "home": address(channel.page),
        "twin": address(f"{channel.path}.{'json' if form == 'atom' else 'atom'}"),
        "here": of_page(page.name),
        "current": of_page(""),
        "older": of_page(page.older),
        "newer": of_page(page.newer),
        "is_archive": bool(page.name),
    }


def entry(row: sqlite3.Row, root: str, *, pictures: bool) -> dict[str, Any]:
    """Return what a feed says of an article.

    `root` is the absolute address of the site, with a slash at its end. Addresses below the
    site become absolute, those of no website are left out; `pictures` is as for `body_html`.
    """
    image = re.sub(r"^/(?!/)", lambda _: root, row["image"] or "")
    published = instant(row["published"])
    return {
        "tag": tag(f"{root}articles/{row['id']}", root),
        "title": row["title"],
        "address": f"{root}{DATABASE}/articles/{row['id']}",
        "original": row["url"] if _WEB.match(row["url"] or "") else None,
        "summary": row["summary"],
        "html": body_html(row["markdown"], root, pictures=pictures),
        "author": row["author"] or row["source"],
        "published": published,
        "updated": instant(row["updated"]) or published or LONG_AGO,
        "language": row["language"],
        "image": image if pictures and _WEB.match(image) else None,
        "image_type": mimetypes.guess_type(image)[0],
        "categories": _categories(json.loads(row["places"]), json.loads(row["tags"])),
    }


def body_html(markdown: str, root: str, *, pictures: bool) -> str:
    """Return the whole text as safe HTML; without `pictures` each is a link that says what it
    shows."""

    def picture_link(found: re.Match[str]) -> str:
        said = dict(_ATTRIBUTE.findall(found[1]))
        address = said.get("src", "")
        return f'<a href="{address}">{said.get("alt") or address}</a>'

    body = render_html(markdown) if pictures else _PICTURE.sub(picture_link, render_html(markdown))
    return _LOCAL.sub(lambda found: f'{found[1]}="{root}', body)


def tag(address: str, root: str) -> str:
    """Return a name that stays when the site moves to another port, prefix or scheme (RFC 4151).

    The year is part of the name, not a date: it must only never change.
    """
    return f"tag:{urlsplit(root).hostname},2022:/{address.removeprefix(root)}"


def _categories(places: list[list[str | None]], tags: list[str]) -> list[tuple[str, str]]:
    """Return each name once, with its kind, those of the places before the tags."""
    kinds = [zip(("section", "source", "feed"), place, strict=True) for place in places]
    pairs = chain(*kinds, (("tag", tag) for tag in tags))
    return list(dict.fromkeys((kind, name) for kind, name in pairs if name))


def instant(moment: str | None) -> str | None:
    """Return an ISO 8601 date of ours as RFC 3339 wants it: with a time of day and a zone.

    The clock stays as written. Where the file states no zone, or no time, `Z` and midnight
    stand in: the date then reads as it was written for everyone who does not shift it.
    """
    found = _MOMENT.fullmatch(moment or "")
    if not found:
        return None
    day, clock, seconds, zone = found.groups()
    return f"{day}T{clock or '00:00'}{seconds or ':00'}{zone or 'Z'}"


def json_feed(feed: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> str:
    """Return a feed as JSON Feed 1.1 (jsonfeed.org); `feed` is what the Atom template takes."""
    items = [
        {
            "id": article["tag"],
            "url": article["address"],
            "external_url": article["original"],
            "title": article["title"],
            "content_html": article["html"],
            "summary": article["summary"] or None,
            "image": article["image"],
            "date_published": article["published"],
            "date_modified": article["updated"] if article["published"] else None,
            "authors": [{"name": article["author"]}] if article["author"] else None,
            "tags": list(dict.fromkeys(name for _, name in article["categories"])) or None,
            "language": article["language"],
        }
        for article in entries
    ]
    whole = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed["title"],
        "home_page_url": feed["home"],
        "feed_url": feed["here"],
        "next_url": feed["older"],
        "items": [_known(item) for item in items],
    }
    return json.dumps(_known(whole), ensure_ascii=False)


def _known(members: dict[str, Any]) -> dict[str, Any]:
    """Leave out the members that say nothing: JSON Feed has no null."""
    return {name: value for name, value in members.items() if value is not None}


def without_controls(xml: str) -> str:
    """Return XML without the characters that XML cannot hold, such as control characters."""
    return _NOT_XML.sub("", xml)
