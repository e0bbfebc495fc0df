"""Examples of what can be asked, taken from the archive that is served.

titles of the newest articles ─► words ─┐
their sources, days, tags, hosts … ─────┴► read_examples ─► parameter → value, tip → query
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from datasette.app import Datasette

from clippings.search.query import filter_for
from clippings.site.addresses import archive

_NEWEST = "with newest as (select * from articles order by docid desc limit 300)"
_MOST = {
    "source": "select source from newest where source is not null",
    "day": "select day from newest where day is not null",
    "language": "select language from newest where language is not null",
    "tag": "select tag from newest join tags on article = id",
    "host": "select host from newest join links on article = id where host is not null",
    "feature": "select feature from newest join features on article = id",
    "code": "select code from diagnostics limit 10000",
    "removed": "select removed from articles where removed is not null limit 1",
}
"""Parameter of a ready query, or part of a search → its values in the newest articles."""

_TIPS = {
    "words": "{first} {near}",
    "phrase": '"{first}"',
    "or": "{first} OR {second}",
    "without": "{first} -{second}",
    "prefix": "{beginning}*",
    "title": "title:{first}",
    "source": "{named}",
    "date": "date:{month}",
    "span": "date:{since}..{month}",
    "has": "has:{feature}",
    "lang": "lang:{language}",
}
"""What the search page explains → a query of values that the archive has."""

_PARTICLES = str.maketrans(dict.fromkeys("的了是第吗么呢個个", " "))
_WORD = re.compile(
    r"(?<![一-鿿])[一-鿿]{2,5}(?![一-鿿])|(?<!\w)[A-Z][a-z]{4,}(?!\w)|[ァ-ヺー]{3,}|[가-힣]{2,}"
)
"""What stands alone in a title: some characters of Chinese, a longer word of other scripts."""


class Examples(NamedTuple):
    """Only what the archive has: values for the parameters of ready queries by their names,
    a query for each tip of the search, and terms for the trends."""

    values: Mapping[str, str]
    tips: Mapping[str, str]
    terms: Sequence[str]


async def examples(datasette: Datasette) -> Examples:
    """Return the examples of the archive, read once for each state of its file."""
    return await archive(datasette).once("examples", read_examples)


def read_examples(conn: sqlite3.Connection) -> Examples:
    """Return the examples of the archive."""
    titles = [row["title"] for row in conn.execute(f"{_NEWEST} select title from newest")]
    words = rank(titles)
    first, second, *_ = (*words, "", "")
    values = {name: _most(conn, sql) for name, sql in _MOST.items()} | {"q": first, "words": first}
    month = values["day"][:7]
    parts = values | {
        "first": first,
        "second": second,
        "near": next((w for t in titles if first in t for w in words if w in t and w != first), ""),
        "beginning": next((word[:4].lower() for word in words if word.isascii()), ""),
        "named": filter_for("source", values["source"]) if values["source"] else "",
        "month": month,
        "since": f"{int(month[:4]) - 1:04}{month[4:]}" if month else "",
    }
    tips = {
        tip: form.format_map(parts)
        for tip, form in _TIPS.items()
        if all(parts[name] for name in re.findall(r"\{(\w+)\}", form))
    }
    return Examples({k: v for k, v in values.items() if v}, tips, words[:2])


def rank(titles: Sequence[str]) -> list[str]:
    """Return the words that stand alone in titles, first those that are long and in many."""
    words = dict.fromkeys(
        word for title in titles for word in _WORD.findall(title.translate(_PARTICLES))
    )
    return sorted(words, key=lambda word: -min(len(word), 4) * sum(word in t for t in titles))


def _most(conn: sqlite3.Connection, values: str) -> str:
    """Return the most frequent of the values that a statement finds; "" where there are none."""
    most = f"{_NEWEST} select * from ({values}) group by 1 order by count(*) desc, 1 limit 1"
    found = conn.execute(most).fetchone()
    return str(found[0]) if found else ""
