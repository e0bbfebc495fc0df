"""The home page: what the archive is, how much of it there is, and the ways into it."""

from datetime import date, timedelta

from datasette import hookimpl

from clippings.site import CARD, archive, page

NEWEST = f"select {CARD} from articles order by docid desc limit 9"
EXTENT = """
    select (select count from accounting where name = 'articles') as articles,
      (select min(day) from articles) as first_day, (select max(day) from articles) as last_day
"""
SECTIONS = """
    select section as name, count(*) as articles from articles
    where section is not null group by section order by articles desc, name limit 24
"""
SOURCES = """
    select source as name, count(*) as articles from articles
    where source is not null group by source order by articles desc, name limit 24
"""
DAYS = "select day, count(*) as articles from articles where day > ? group by day order by day"
WEEKS = 18


def calendar(days, last_day):
    """The last WEEKS weeks as cells (week, weekday, day, articles, level 0–4) up to `last_day`."""
    counts = dict(days)
    most = max(counts.values(), default=1)
    last = date.fromisoformat(last_day)
    first = last - timedelta(days=7 * (WEEKS - 1) + last.weekday())
    for number in range((last - first).days + 1):
        day = (first + timedelta(days=number)).isoformat()
        articles = counts.get(day, 0)
        yield number // 7, number % 7, day, articles, -(-4 * articles // most)


async def home(datasette, request):
    db = archive(datasette)
    extent = (await db.execute(EXTENT)).first()
    last_day = extent["last_day"]
    cells = []
    if last_day:
        since = date.fromisoformat(last_day) - timedelta(weeks=WEEKS)
        days = await db.execute(DAYS, [since.isoformat()])
        cells = list(calendar((tuple(row) for row in days), last_day))
    context = {
        "extent": extent,
        "newest": (await db.execute(NEWEST)).rows,
        "sections": (await db.execute(SECTIONS)).rows,
        "sources": (await db.execute(SOURCES)).rows,
        "cells": cells,
        "weeks": WEEKS,
    }
    return await page(datasette, request, "home.html", context)


@hookimpl
def register_routes():
    return [(r"^/$", home)]
