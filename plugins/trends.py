"""/trends: how many articles a day, month or year speak of each term; /trends.csv: the same."""

import csv
import io
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.utils.asgi import Response

from clippings import shelves
from clippings.site import archive, page, words_for
from clippings.timeline import PERIODS, read_timeline
from clippings.trends import (
    MOST_TERMS,
    chart,
    read_series,
    read_sources,
    search_text,
    shares,
    split_terms,
)

MEASURES = ("count", "share")
LIMITS = {"day": 92, "month": 120, "year": 120}  # periods that a chart can show
MOST_ROWS = 36_600  # of the file: a century of days
FEW_DAYS = 62
SPAN = "select julianday(max(day)) - julianday(min(day)) from articles"


def one_of(allowed, asked, default):
    return asked if asked in allowed else default


def wanted(conn, args):
    """What the address asks for; days where the archive is short, else months."""
    (span,) = conn.execute(SPAN).fetchone()
    usual = "day" if span is not None and span <= FEW_DAYS else "month"
    terms = split_terms(args.get("q") or "")
    return {
        "terms": terms[:MOST_TERMS] or [""],
        "left_out": terms[MOST_TERMS:],
        "by": one_of(PERIODS, args.get("by"), usual),
        "measure": one_of(MEASURES, args.get("measure"), MEASURES[0]),
        "source": args.get("source") or "",
    }


def count(conn, args, limits):
    """The numbers of the page and of the file: (what was asked for, time line, totals, series)."""
    asked = wanted(conn, args)
    limit = limits.get(asked["by"], MOST_ROWS)
    timeline = read_timeline(conn, asked["by"], last=args.get("to") or "", limit=limit)
    series = [read_series(conn, term, timeline, asked["source"]) for term in asked["terms"]]
    totals = read_series(conn, "", timeline, asked["source"])
    return asked, timeline, totals, series


def read_trends(conn, args):
    asked, timeline, totals, series = count(conn, args, LIMITS)
    lines = [measured(each, totals, asked["measure"]) for each in series]
    terms = [search_text(term, source=asked["source"]) for term in asked["terms"]]
    return {
        **asked,
        "timeline": timeline,
        "totals": totals,
        "series": series,
        "lines": lines,
        "chart": chart(lines, len(timeline.names), least=asked["measure"] == "count"),
        "by_source": read_sources(conn, terms),
        "sources": [row["name"] for row in shelves.names(conn, "source", 100)],
    }


def measured(series, totals, measure):
    return shares(series.counts, totals.counts) if measure == "share" else series.counts


async def trends_page(datasette, request):
    found = await archive(datasette).execute_fn(lambda conn: read_trends(conn, request.args))
    kept = {"q": request.args.get("q"), **{name: found[name] for name in ("by", "measure", "source")}}

    def address(**changes):
        return "?" + urlencode({name: value for name, value in {**kept, **changes}.items() if value})

    context = {
        **found,
        "address": address,
        "asked": request.args.get("q") or "",
        "periods": tuple(PERIODS),
        "measures": MEASURES,
        "most_terms": MOST_TERMS,
        "search_text": search_text,
    }
    return await page(datasette, request, "trends.html", context)


async def trends_file(datasette, request):
    asked, timeline, totals, series = await archive(datasette).execute_fn(
        lambda conn: count(conn, request.args, {})
    )
    lines = [measured(each, totals, asked["measure"]) for each in series]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([asked["by"], "articles", *filter(None, asked["terms"])])
    columns = lines if asked["terms"] != [""] else []
    writer.writerows(zip(timeline.names, totals.counts, *columns))
    headers = {"content-disposition": 'attachment; filename="trends.csv"'}
    return Response(file.getvalue(), headers=headers, content_type="text/csv; charset=utf-8")


@hookimpl
def menu_links(datasette, request):
    say = words_for(request)
    return [{"href": datasette.urls.path("/trends"), "label": say("nav.trends")}]


@hookimpl
def register_routes():
    return [(r"^/trends$", trends_page), (r"^/trends\.csv$", trends_file)]
