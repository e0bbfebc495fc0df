"""Trends: what is counted, how it is laid out, and that each number is what its link finds."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from conftest import Visitor
from hypothesis import given
from hypothesis import strategies as st

from clippings.search.query import parse_query
from clippings.search.timeline import PERIODS, read_timeline, suited_period
from clippings.search.trends import MOST_TERMS, shares, split_terms
from clippings.site.chart import chart

TERMS = {
    "北约,乌克兰": ["北约", "乌克兰"],
    " 北约 ， 乌克兰；欧盟; ": ["北约", "乌克兰", "欧盟"],
    "核战争 打不赢,北约 OR 华约": ["核战争 打不赢", "北约 OR 华约"],
    '"一,二",三': ['"一,二"', "三"],
    "北约,北约": ["北约"],
    '"没有写完': ['"没有写完"'],
    "OR 北约 AND,-演习 OR": ["北约", "-演习"],
    " ,,": [],
}
DATES = st.dates(date(2018, 11, 1), date(2022, 3, 1)).map(date.isoformat)
DAYS = st.lists(DATES, max_size=40)


def archive_of(days: list[str], undated: int) -> sqlite3.Connection:
    """A database with nothing but dates, numbered as the build numbers articles."""
    conn = sqlite3.connect(":memory:")
    conn.execute("create table articles (docid integer, day text)")
    rows = enumerate([*[None] * undated, *sorted(days)], start=1)
    conn.executemany("insert into articles values (?, ?)", rows)
    return conn


@pytest.mark.parametrize("typed", TERMS)
def test_terms_are_cut_at_commas(typed: str) -> None:
    """Commas of both writings part terms, those in quotes do not; a term can take a filter."""
    assert split_terms(typed) == TERMS[typed]


@given(DAYS, st.integers(0, 3), st.data())
def test_counts_agree_with_counting(days: list[str], undated: int, data: st.DataObject) -> None:
    """Of any articles, as many are counted in a period as are dated in it; gaps are zeros."""
    conn = archive_of(days, undated)
    day_of = dict(conn.execute("select docid, day from articles"))
    docids = sorted(data.draw(st.sets(st.sampled_from([*day_of])) if day_of else st.just(set())))
    for by, width in PERIODS.items():
        timeline = read_timeline(conn, by, limit=10_000)
        wanted = Counter(day[:width] for docid in docids if (day := day_of[docid]))
        counted = dict(zip(timeline.names, timeline.counts(docids), strict=True))
        assert {name: count for name, count in counted.items() if count} == wanted
        assert timeline.undated(docids) == sum(day_of[docid] is None for docid in docids)
        assert list(timeline.names) == sorted(counted)


@given(DAYS.filter(bool), st.sampled_from([*PERIODS]), st.integers(1, 9))
def test_turning_back_reaches_every_period(days: list[str], by: str, limit: int) -> None:
    """From window to window, every period with articles is shown once."""
    conn = archive_of(days, 2)
    shown: list[str] = []
    until: str | None = ""
    while until is not None:
        timeline = read_timeline(conn, by, last=until, limit=limit)
        assert 0 < len(timeline.names) <= limit
        assert (timeline.later is None) == (until == "")
        shown += timeline.names
        until = timeline.earlier
    assert len(shown) == len(set(shown))
    assert {day[: PERIODS[by]] for day in days} <= set(shown)


def test_time_line_that_ends_before_the_archive_begins() -> None:
    """Asked for a time before all articles, it has no periods but knows where they begin."""
    timeline = read_timeline(archive_of(["2022-01-11"], 1), "month", last="2020", limit=9)
    assert (timeline.names, timeline.counts([1, 2]), timeline.later) == ((), [], "2022-01")


VALUES = st.just(0) | st.floats(1e-6, 1e6)


@given(st.lists(st.lists(VALUES, min_size=7, max_size=7), max_size=6))
def test_chart_holds_every_value(lines: list[list[float]]) -> None:
    """Nothing leaves the picture, higher values stand higher, and the scale is a short one."""
    layout = chart(lines, 7)
    assert 2 <= len(layout.rulings) <= 7
    assert layout.rulings[0] == (0, 100) and layout.rulings[-1][1] == 0
    for values, points in zip(lines, layout.lines, strict=True):
        assert all(0 <= x <= 100 and -0.01 <= y <= 100 for x, y in points)
        heights = [100 - y for _, y in points]
        assert all(
            low <= high
            for value, low in zip(values, heights, strict=True)
            for other, high in zip(values, heights, strict=True)
            if value <= other
        )


def test_scale_of_counts_has_whole_steps() -> None:
    """One article is not ruled in fifths."""
    assert [value for value, _ in chart([[0, 1]], 2, least=1).rulings] == [0, 1]
    assert [value for value, _ in chart([[0, 23]], 2, least=1).rulings] == [0, 5, 10, 15, 20, 25]


def test_share_of_nothing_is_nothing() -> None:
    """A period without articles has no share to divide by."""
    assert shares([0, 1, 3], [0, 4, 3]) == [0, 25, 100]


@pytest.mark.parametrize(
    "asked",
    [
        "q=江城二桥,彗星,雪 OR 雨&by=month",
        "q=江城二桥,comet&by=day",
        'q="江城二桥&by=year',
        "q=桥&source=示例日报",
        "q=OR 江城二桥 AND,-江城二桥 雪&by=month",
        "by=month",
    ],
)
def test_each_number_is_what_its_link_finds(site: Visitor, asked: str) -> None:
    """Every number of both tables leads to a search that finds just so many articles."""
    page = site.page(f"/trends?{asked}")
    links = page.xpath("//div[contains(@class, 'numbers')]//td/a")
    assert links
    for link in links:
        (query,) = parse_qs(urlsplit(link.get("href")).query)["q"]
        (found,) = site.rows(
            "select count(*) as n from articles_fts where articles_fts match :match",
            match=parse_query(query).match,
        )
        assert int(link.text) == found["n"], query


def test_article_counts_for_each_of_its_sources(
    serve: Callable[..., Visitor], tmp_path: Path
) -> None:
    """The same text under two sources is one article of both, as the search for either finds."""
    for number, source in enumerate(("甲报", "乙报", "乙报", "甲报")):
        head = f"---\ntitle: 题\ncategories: [栏, {source}, 头条]\ndate: 2022-01-11\n---\n"
        (tmp_path / f"{number}.md").write_text(head + "同一篇文章。")
    page = serve(tmp_path).page("/trends?q=文章")
    rows = page.xpath("//div[@aria-labelledby='sources']//tbody/tr")
    counts = {tuple(cell.text_content() for cell in row) for row in rows}
    assert counts == {("甲报", "1"), ("乙报", "1")}


def test_table_adds_up(site: Visitor) -> None:
    """The periods and the undated together are all articles that the term finds."""
    page = site.page("/trends?q=的&by=month")
    undated, total = (
        [int(cell.text) for cell in row.xpath("td")] for row in page.xpath("//tfoot/tr")
    )
    cells = page.xpath("//div[@aria-labelledby='periods']//tbody/tr/td[1]")
    dated = sum(int(cell.text_content()) for cell in cells)
    (of_term,) = site.rows(
        "select count(*) as n from articles_fts where articles_fts match :match",
        match=parse_query("的").match,
    )
    (all_of_them,) = site.rows("select count(*) as n from articles")
    assert dated + undated[0] == total[0] == of_term["n"]
    assert total[1] == all_of_them["n"]


def test_file_says_what_the_table_says(site: Visitor) -> None:
    """The CSV file has the chart's numbers, counts or shares, a row for every period."""
    text = site.get("/trends.csv?q=江城二桥,彗星&by=month").text
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["month", "articles", "江城二桥", "彗星"]
    page = site.page("/trends?q=江城二桥,彗星&by=month")
    table = page.xpath("//div[@aria-labelledby='periods']//tbody/tr")
    assert [[cell.text_content() for cell in row.xpath("td")] for row in table] == [
        [*terms, articles] for _, articles, *terms in rows
    ]
    shared = csv.reader(io.StringIO(site.get("/trends.csv?q=彗星&by=month&measure=share").text))
    next(shared)
    for row, (_, articles, _, comet) in zip(shared, rows, strict=True):
        assert float(row[2]) == pytest.approx(100 * int(comet) / int(articles))


@pytest.mark.parametrize("term", ["=1+1", "+1", "-1 雪", "@x"])
def test_file_cannot_become_a_formula(site: Visitor, term: str) -> None:
    """A term that a spreadsheet would calculate stays text in the head of the file."""
    text = site.get("/trends.csv", params={"q": term}).text
    head = next(csv.reader(io.StringIO(text)))
    assert head[2] == f"'{term}"


def test_what_is_not_understood_is_said(site: Visitor) -> None:
    """A term that is read otherwise than it was typed gets the note that the search gives it."""
    page = site.page("/trends?q=彗星,zzz:雪,date:2022-99&_lang=zh-Hans")
    notes = [note.text_content() for note in page.xpath("//main/p[@class='note']")]
    assert len(notes) == 2
    assert "zzz:雪" in notes[0] and "date:2022-99" in notes[1]


def test_chart_needs_neither_style_nor_script(site: Visitor) -> None:
    """The page keeps to its own policy: no inline style; a line and a mark for each term."""
    page = site.page("/trends?q=江城二桥,彗星")
    assert not page.xpath("//@style | //style | //script[not(@src)]")
    assert len(page.xpath("//*[@class='plot']//*[local-name()='polyline']")) == 2
    assert page.xpath("//*[@class='plot']/@aria-hidden") == ["true"]


def test_more_terms_than_lines(site: Visitor) -> None:
    """What no longer fits is named."""
    page = site.page("/trends?q=" + ",".join(["雪", "雨", "风", "桥", "江", "书", "面汤"]))
    assert len(page.xpath("//ul[@class='legend']/li")) == MOST_TERMS
    assert "面汤" in page.xpath("string(//main/p[@class='note'])")


def test_hostile_words_stay_words(site: Visitor) -> None:
    """A term is text wherever the page repeats it."""
    attack = '"><svg onload=alert(1)><script>alert(1)</script>'
    page = site.page("/trends", params={"q": attack, "source": attack, "until": attack})
    assert not page.xpath("//script[not(@src)] | //@onload")


def test_archive_without_dates(serve: Callable[..., Visitor], tmp_path: Path) -> None:
    """Where no article has a date, the page says so instead of drawing nothing."""
    (tmp_path / "一.md").write_text("# 题目\n\n没有日期的文章。")
    site = serve(tmp_path, base_url="/below/")
    page = site.page("/trends?q=文章")
    assert not page.xpath("//figure") and page.forms[1].action.endswith("/below/trends")
    assert site.get("/trends.csv?q=文章").text.split() == ["month,articles,文章"]


def test_endless_question_is_refused(serve: Callable[..., Visitor], tmp_path: Path) -> None:
    """What takes longer than sql_time_limit_ms is answered by a page that says so."""
    (tmp_path / "一.md").write_text("---\ndate: 2022-01-11\n---\n正文")
    site = serve(tmp_path)
    site.datasette._settings["sql_time_limit_ms"] = 0  # from the start no line could begin
    page = site.page("/trends?q=正文", 503)
    assert "太长" in page.xpath("string(//h1)")


def test_the_unit_follows_from_the_span() -> None:
    """A few weeks are counted by day, some years by month, more by year; bounds count."""
    conn = archive_of(["1950-12-31", "2015-01-01", "2022-01-11", "2022-03-01"], 1)
    assert suited_period(conn) == "year"
    assert suited_period(conn, "2013") == "month"
    assert suited_period(conn, "2022", "2022-03") == "day"
    assert suited_period(conn, "2023") == "month"


@given(DAYS, st.sampled_from([*PERIODS]), DATES, DATES)
def test_bounds_of_the_line(days: list[str], by: str, first: str, last: str) -> None:
    """Between two days lie just the periods that hold one of them or a day between, no other."""
    timeline = read_timeline(archive_of(days, 1), by, first=first, last=last, limit=10_000)
    bounds = first[: PERIODS[by]], last[: PERIODS[by]]
    within = [day[: PERIODS[by]] for day in days if bounds[0] <= day[: PERIODS[by]] <= bounds[1]]
    assert timeline.names[:1] == tuple(sorted(within)[:1])
    assert timeline.names[-1:] == tuple(sorted(within)[-1:])


def test_trends_from_a_month_on(site: Visitor) -> None:
    """`from` and `until` bound the page and the file alike."""
    text = site.get("/trends.csv?q=江城二桥&by=month&from=2022-01&until=2022-01").text
    assert [row[0] for row in csv.reader(io.StringIO(text))] == ["month", "2022-01"]
    page = site.page("/trends?q=江城二桥&by=month&from=2022-01")
    first = page.xpath("//div[@aria-labelledby='periods']//tbody/tr[1]//a/@href")[0]
    assert first.endswith("/2022-01")


def test_rate_is_occurrences_in_a_million_characters(site: Visitor) -> None:
    """Each month has the lines of the concordance for its characters; the file says the same."""
    asked = "/trends.csv?q=彗星,大桥&by=month&measure=rate"
    rows = [*csv.DictReader(io.StringIO(site.get(asked).text))]
    sql = "select sum(characters) as n from articles where substr(day, 1, 7) = :month"
    assert any(float(row["彗星"]) for row in rows)
    for row in rows:
        (found,) = site.rows(sql, month=row["month"])
        for term in ("彗星", "大桥"):
            lines = site.get(f"/concordance.csv?q={term} date:{row['month']}").text
            times = len(lines.splitlines()) - 1
            assert float(row[term]) == pytest.approx(1e6 * times / (found["n"] or 1))
    page = site.page("/trends?q=彗星&measure=rate&source=样例科技")
    assert "每百万字" in page.text_content()
    (lines,) = page.xpath("//a[contains(@href, '/concordance')]/@href")  # of that source only
    assert "样例科技" in unquote(lines)
