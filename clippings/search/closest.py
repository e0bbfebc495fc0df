"""The closest articles to a question that few or no articles answer word for word.

    英镑为什么暴跌 ─► its parts: 英镑 暴跌 ─► the rarest, joined by OR ─► by relevance
                                              └► those whose title and one passage hold most of it

Nobody types spaces in Chinese, so that a question is one long phrase for the index, and an English
one asks for "how" and "does" too. Its pairs of characters and its words, each by itself, find what
is meant. What stands in quotes, in a field or after a minus stays as it is asked.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from clippings.search.folding import CJK, ONE_CJK, SYMBOLS
from clippings.search.query import WORDS, Query, phrase, without
from clippings.search.results import WEIGHTS, count
from clippings.search.snippets import (
    Span,
    end_in_text,
    find_places,
    fold_with_origin,
    merge,
    window,
)

MOST = 10
"""So many of the closest articles are given."""

_PARTS = 8  # the rarest parts of a question are looked for
_LONGEST = 64  # parts of a question are taken into account
_READ = 20_000  # articles that hold one of them, at most: what a question costs
_COMMON = 10  # a part that stands in one of so many articles says little
_ENOUGH = 0.62  # of a question has to stand in the title and one passage of an article
_TITLE = 0.5  # what stands in the title counts so much more: it is what an article is about
_PASSAGE = 300  # characters
_LETTER = 0.4  # of a Chinese character

_RUN = re.compile(f"[{CJK}]+|(?:[0-9]+|[^\\s{CJK}0-9{SYMBOLS}]+)[{SYMBOLS}]*")
# Words that ask or join are not what a question is about.
_ASKING = re.compile(
    "为什么|什么时候|什么|怎么样|怎么办|怎么回事|怎么|如何|多少钱|多少|哪里|哪家|哪些|哪个|哪种|哪儿"
    "|几个|多久|是谁|是不是|有没有|能不能|会不会|要不要|可不可以|好不好|请问"
)
_JOINING = frozenset("的了吗呢吧呀啊是有在和与")
_ENGLISH = frozenset(
    "a an the of to in on at for from with by and or is are was were be been do does did how what"
    " why when where who which whose can could should would will may might must i me my you your"
    " we our it its this that there he she they his her their has have had am not as if than then"
    " so about into".split()
)
# languages, tracker, shop are looked for as languag*, track*, shop*: an ending may be another.
_ENDING = re.compile("(?<=[a-z]{4})(?:ies|ing|ed|es|er|s|y)\\Z")

_CLOSEST = f"""
    select rowid from articles_fts where articles_fts match :match
    order by bm25(articles_fts, {WEIGHTS}), rowid desc limit :limit
"""
_SIZE = "select coalesce(max(docid), 0) from articles"
_TEXTS = """
    select docid, title || char(10) || coalesce(author, ''), substr(markdown, 1, 8000)
    from articles
    where docid in (select value from json_each(?))
"""


@dataclass(frozen=True, slots=True)
class Closest:
    """The closest articles: `matched` has for each docid, the closest first, what it holds of the
    question, as typed. `query` marks that in their texts."""

    query: Query
    matched: Mapping[int, tuple[str, ...]]


class _Parts(NamedTuple):
    """The parts of a question, and where in it they stand: those that say which articles are
    meant, the rarest first; those that no article has; those that many have. `rarest` are those
    to look for."""

    telling: dict[str, Span]
    absent: list[Span]
    common: list[Span]
    rarest: list[str]


def closest(conn: sqlite3.Connection, query: Query, known: Collection[int] = ()) -> Closest:
    """Find the articles that hold most of `query`, but not those of the docids `known`.

    There are none where every word of the query has to be there, and where no article holds most
    of them close together.
    """
    text = "\n".join(query.plain)
    parts = _parts(conn, text)
    if not parts.rarest:
        return Closest(query, {})
    match = f"({WORDS} : ({' OR '.join(map(phrase, parts.rarest))}))"
    match = without(f"{match} AND {query.required}" if query.required else match, query.excluded)
    page = {"match": match, "limit": MOST + len(known)}
    docids = [docid for (docid,) in conn.execute(_CLOSEST, page) if docid not in known][:MOST]
    texts = {row[0]: (row[1], row[2]) for row in conn.execute(_TEXTS, [json.dumps(docids)])}
    matched = {}
    for docid in docids:
        head, body = texts[docid]
        titled = _held(head, len(head), parts)
        held = titled | _held(body, _PASSAGE, parts)
        if _share(text, titled, held, parts) >= _ENOUGH:
            # 加盟 and 盟费 are 加盟费.
            matched[docid] = tuple(text[start:end] for start, end in merge(held, shared=1))
    return Closest(replace(query, match=match, terms=tuple(parts.telling)), matched)


def split_question(text: str) -> dict[str, Span]:
    """Cut a question into its parts, as the query language takes them, and say where they stand.

    Chinese gives its overlapping pairs, English its words without their endings.
    """
    folded, origin = fold_with_origin(text)
    asked = _ASKING.sub(lambda word: "\n" * len(word[0]), folded)
    parts: dict[str, Span] = {}
    for run in _RUN.finditer(asked):
        if run[0] in _ENGLISH:
            continue
        chinese = ONE_CJK.match(run[0])
        width = 2 if chinese and len(run[0]) > 1 else len(run[0])
        for start in range(run.start(), run.end() - width + 1):
            term = asked[start : start + width]
            if not chinese and len(term) > 3 and term.isascii() and term.isalpha():
                term = _ENDING.sub("", term) + "*"
            parts.setdefault(term, (origin[start], end_in_text(origin, start + width)))
    return parts


def _parts(conn: sqlite3.Connection, text: str) -> _Parts:
    """Sort the parts of a question by how many articles have them."""
    (size,) = conn.execute(_SIZE).fetchone()
    most = max(size // _COMMON, MOST)
    counts: dict[str, int] = {}
    parts = _Parts({}, [], [], [])
    spans = dict(islice(split_question(text).items(), _LONGEST))
    for term, span in spans.items():
        counted = count(conn, f"{WORDS} : {phrase(term)}", most + 1)
        if 0 < counted <= most:
            counts[term] = counted
        else:
            (parts.common if counted else parts.absent).append(span)
    parts.telling.update((term, spans[term]) for term in sorted(counts, key=counts.__getitem__))
    read = 0
    for term in islice(parts.telling, _PARTS):
        read += counts[term]
        if read <= _READ or not parts.rarest:
            parts.rarest.append(term)
    return parts


def _held(text: str, length: int, parts: _Parts) -> set[Span]:
    """Return the telling parts that the densest stretch of a text holds, of so many characters."""
    spans = [*parts.telling.values()]
    return {spans[number] for number in window(text, find_places(text, parts.telling), length)[1]}


def _share(text: str, titled: set[Span], held: set[Span], parts: _Parts) -> float:
    """Return how much of what a question is about, by its characters, is held: 1 for all of it,
    and up to half as much again for what is `titled`."""
    found = _places(held)
    asked = _places([*parts.telling.values(), *parts.absent]) - _places(parts.common)
    asked = {place for place in asked if text[place] not in _JOINING} | found
    counted = _weight(text, found) + _TITLE * _weight(text, _places(titled))
    return counted / _weight(text, asked)


def _places(spans: Iterable[Span]) -> set[int]:
    return {place for span in spans for place in range(*span)}


def _weight(text: str, places: Iterable[int]) -> float:
    return sum(1 if ONE_CJK.match(text[place]) else _LETTER for place in places)
