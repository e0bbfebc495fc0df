"""What else to ask: offered beside the results of a query, and while one types.

特斯拉德国工厂火灾 ─► 特斯拉 18 · 德国工厂 2 · 火灾 6    the parts that do find something
kubernets, source:知呼 ─► kubernetes, source:"知乎"    the nearest that there is
2022年9月26日, 9月26日 ─► date:2022-09-26              where a date is typed as words
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from string import ascii_lowercase
from typing import NamedTuple

from clippings.search.closest import split_question
from clippings.search.query import WORDS, Query, filter_for, parse_query, phrase
from clippings.search.results import count

_MOST = 8
_WORD = re.compile("[A-Za-z]{4,12}")  # whose nearest is looked for
_DAY = re.compile("(?:([0-9]{4})年)?([0-9]{1,2})月(?:([0-9]{1,2})[日号號])?|([0-9]{4})年")

_NEWEST_DAY = "select max(day) from articles where day like '%-' || ?"
_SOURCES = "select distinct source from articles where source is not null"
_STARTING = {
    "title": "select title from articles where title >= :q and title < :end limit 8",
    "source": "select distinct source from articles where source >= :q and source < :end limit 4",
    "tag": "select distinct tag from tags where tag >= :q and tag < :end limit 4",
}
_TITLED = """
    select title from articles where docid in
      (select rowid from articles_fts where articles_fts match ? order by rowid desc limit 8)
"""


class Suggestion(NamedTuple):
    """A query to ask instead: `kind` is part, nearest, date or without, `text` what is offered,
    `articles` how many it finds where that is known."""

    kind: str
    text: str
    query: str
    articles: int = 0


def suggest(conn: sqlite3.Connection, query: Query, total: int) -> list[Suggestion]:
    """Suggest what else to ask than a query that finds `total` articles."""
    makers: list[Callable[[sqlite3.Connection, Query], Iterator[Suggestion]]] = [_dates]
    if total == 0:
        makers += [_without, _nearest_source, _nearest_words, _parts]
    return [each for make in makers for each in make(conn, query)]


def complete(conn: sqlite3.Connection, text: str) -> list[str]:
    """Return titles, sources and tags that begin with a text, and titles that hold it."""
    text = text.strip()[:60]
    if not text:
        return []
    bounds = {"q": text, "end": text + "\U0010ffff"}
    found = [name for sql in _STARTING.values() for (name,) in conn.execute(sql, bounds)]
    star = "*" if text[-1].isascii() and text[-1].isalpha() else ""
    if match := phrase(text + star if len(text) > 1 else text):
        found += [title for (title,) in conn.execute(_TITLED, [f"title : {match}"])]
    return list(dict.fromkeys(found))[:_MOST]


def _counted(conn: sqlite3.Connection, text: str, *most: int) -> int:
    """Return how many articles hold a text among their words."""
    match = phrase(text)
    return count(conn, f"{WORDS} : {match}", *most) if match else 0


def _dates(conn: sqlite3.Connection, query: Query) -> Iterator[Suggestion]:
    """Offer the field for a date among the words; a day without a year is the newest such."""
    for typed in _DAY.finditer(query.text):
        if any(typed[0] in each.text for each in query.filters):
            continue
        year, month, day, alone = typed.groups()
        date = "-".join(part.zfill(2) for part in (year, month, day) if part) if year else alone
        if not date and day:
            (date,) = conn.execute(_NEWEST_DAY, [f"{month:0>2}-{day:0>2}"]).fetchone()
        if date and not parse_query(f"date:{date}").notes:
            rest = f"{query.text[: typed.start()]} {query.text[typed.end() :]}"
            yield Suggestion("date", date[:10], " ".join([*rest.split(), f"date:{date}"]))


def _without(conn: sqlite3.Connection, query: Query) -> Iterator[Suggestion]:
    """Offer what a minus removes, where it removes everything."""
    text = " ".join(part for part in query.text.split() if part[0] not in "-－")
    if query.excluded and text and (total := count(conn, parse_query(text).match)):
        yield Suggestion("without", text, text, total)


def _nearest_source(conn: sqlite3.Connection, query: Query) -> Iterator[Suggestion]:
    """Offer the nearest source for one that is nowhere."""
    for typed in query.filters:
        named = parse_query(filter_for("source", typed.value)).match
        if typed.name != "source" or count(conn, named):
            continue
        sources = [source for (source,) in conn.execute(_SOURCES)]
        for source in get_close_matches(typed.value, sources, 1, 0.5):
            text = query.text.replace(typed.text, filter_for("source", source))
            yield Suggestion("nearest", source, text)


def _nearest_words(conn: sqlite3.Connection, query: Query) -> Iterator[Suggestion]:
    """Offer for a Latin word that is nowhere the most frequent one that is an edit away."""
    for word in list(dict.fromkeys(_WORD.findall(" ".join(query.plain))))[:2]:
        if _counted(conn, word, 1):
            continue
        counts = {each: _counted(conn, each, 100) for each in _edits(word.lower())}
        nearest = max(counts, key=lambda each: (counts[each], each))
        if counts[nearest]:
            yield Suggestion("nearest", nearest, query.text.replace(word, nearest))


def _edits(word: str) -> set[str]:
    """Return every word that is one edit away, as in Norvig's spelling corrector."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    less = {left + right[1:] for left, right in cuts if right}
    exchanged = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    other = {left + c + right[1:] for left, right in cuts if right for c in ascii_lowercase}
    more = {left + c + right for left, right in cuts for c in ascii_lowercase}
    return (less | exchanged | other | more) - {word}


def _parts(conn: sqlite3.Connection, query: Query) -> Iterator[Suggestion]:
    """Cut the words of a query into the longest parts that some article has."""
    text = _DAY.sub("\n", "\n".join(query.plain))
    found: list[tuple[int, int]] = []
    for start, end in sorted(split_question(text).values()):
        before = found[-1] if found else (0, 0)
        if start >= before[1]:
            found += [(start, end)] if _counted(conn, text[start:end], 1) else []
        elif _counted(conn, text[before[0] : end], 1):
            found[-1] = before[0], end
    for start, end in found[:_MOST]:
        part = text[start:end]
        yield Suggestion("part", part, part, _counted(conn, part))
