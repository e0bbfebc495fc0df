"""Which files make an article, and the articles' numbers in the order of publication."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import groupby
from sys import intern
from typing import NamedTuple

from clippings.database.rows import Placement
from clippings.database.spool import SpooledFile
from clippings.reading.dates import day_of, earliest, suspect_days


class ChosenArticle(NamedTuple):
    """An article: the file that gives its fields, and all files with its text, by path.

    `published` is the earliest date that any of them states. It was seen as long as any of them
    was, and is removed when all of them are.
    """

    id: int
    lead: SpooledFile
    placements: tuple[Placement, ...]
    published: str | None
    first_seen: str | None
    last_seen: str | None
    removed: str | None


def choose(files: Iterable[SpooledFile]) -> list[ChosenArticle]:
    """Return the articles of the files, by id: files with one text are one article.

    Of several the first by path that has a feed leads, else the first.
    """
    of_text: defaultdict[str, list[SpooledFile]] = defaultdict(list)
    for file in files:
        if file.placement:
            of_text[file.placement.text].append(file)
    return sorted(map(_article, of_text.values()))


def days_of(published: Iterable[tuple[int, str | None]]) -> dict[int, str | None]:
    """Return the day that each article counts for, from (id, published): None where it has no
    date, or one that cannot be among the others (clippings/reading/dates.py)."""
    days = {article: (day := day_of(date)) and intern(day) for article, date in published}
    suspect = suspect_days(Counter(day for day in days.values() if day))
    return {article: None if day in suspect else day for article, day in days.items()}


def publication_order(published: Iterable[tuple[int, str | None]]) -> dict[int, int]:
    """Return the number in the index of each article, from (id, published): 1 is the oldest.

    Undated articles come first. Each day has room for the next power of two of its articles: the
    numbers stay close together, which keeps the index small, and an article that comes late moves
    those of its day only, until its day outgrows the room.
    """
    listed = sorted((date or "", article) for article, date in published)
    docids: dict[int, int] = {}
    before = 0
    for _, of_day in groupby(listed, key=lambda each: each[0][:10]):
        articles = [article for _, article in of_day]
        docids.update(zip(articles, range(before + 1, before + len(articles) + 1), strict=True))
        before += 1 << (len(articles) - 1).bit_length()
    return docids


def _article(files: list[SpooledFile]) -> ChosenArticle:
    placed = sorted((file.path, file, file.placement) for file in files if file.placement)
    _, lead, leading = min(placed, key=lambda each: (not each[2].feed, each[0]))
    placements = tuple(placement for _, _, placement in placed)
    removed = [each.removed for each in placements]
    return ChosenArticle(
        leading.id,
        lead,
        placements,
        earliest(each.published for each in placements if each.published),
        min((each.first_seen for each in placements if each.first_seen), default=None),
        max((each.last_seen for each in placements if each.last_seen), default=None),
        None if None in removed else max(date for date in removed if date),
    )
