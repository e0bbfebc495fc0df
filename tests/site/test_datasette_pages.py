"""Datasette's pages of tables and queries, and what metadata.yml says of them."""

from __future__ import annotations

import runpy
from urllib.parse import quote, urlsplit

import pytest
import yaml
from conftest import ROOT, SQL, Visitor, text_of
from datasette.filters import Filters
from markupsafe import Markup

from clippings.site.i18n import translator

PLUGIN = runpy.run_path(str(ROOT / "plugins" / "datasette_pages.py"))
METADATA = yaml.safe_load((ROOT / "metadata.yml").read_text())["databases"]["clippings"]
SAMPLE = 385025375454797
"""The id of the user's own article."""


@pytest.mark.parametrize("table", METADATA["tables"])
def test_every_column_is_described(site: Visitor, table: str) -> None:
    """Each column of each table has a description, and nothing else has."""
    columns = [row["name"] for row in site.rows(f"pragma table_info({table})")]
    described = METADATA["tables"][table]["columns"]
    assert list(described) == columns
    assert all(text for text in described.values())


def test_every_table_is_described(site: Visitor) -> None:
    """No table that a visitor sees is without a title."""
    tables = site.get("/clippings.json").json()["tables"]
    seen = {table["name"] for table in tables if not table["hidden"]}
    assert seen == {name for name, about in METADATA["tables"].items() if not about.get("hidden")}


@pytest.mark.parametrize("asked", ["_facet=markdown", '_facet={"column":"front_matter"}'])
def test_whole_texts_have_no_facets(site: Visitor, asked: str) -> None:
    """A page of them would be large, and each is there once."""
    answer = site.get(f"/clippings/articles.json?{asked}")
    assert answer.status_code == 400 and "whole texts" in answer.json()["error"]


def test_facets_and_order_are_columns_with_an_index(site: Visitor) -> None:
    """What the table of articles is faceted and sorted by is there, and indexed."""
    about = METADATA["tables"]["articles"]
    columns = {row["name"] for row in site.rows("pragma table_info(articles)")}
    indexed = {
        site.rows(f"pragma index_info({row['name']})")[0]["name"]
        for row in site.rows("pragma index_list(articles)")
    }
    assert set(about["sortable_columns"]) <= columns
    facets = {facet if isinstance(facet, str) else facet["month"] for facet in about["facets"]}
    assert {*facets, about["sort_desc"]} <= indexed


def test_months_are_counted_and_narrow_the_table(site: Visitor) -> None:
    """A month of the facet leads to its rows; a facet that is asked for too is there once."""
    page = site.page("/clippings/articles?_facet=source&_facet_month=day")
    names = page.xpath("//section[@class='facet']/@data-column")
    assert sorted(names) == ["feed", "month", "section", "source"]
    (month,) = page.xpath("//section[@data-column='month']//li[a='2022-01']")
    narrowed = site.page(month.xpath("string(a/@href)").removeprefix("http://localhost"))
    count = int(month.xpath("string(span)"))
    assert len(narrowed.xpath("//table[@class='rows-and-columns']/tbody/tr")) == count
    assert narrowed.xpath("//section[@data-column='month']//a[@aria-current]")
    offered = page.xpath("//select[@name='_facet']/option/@value")
    assert "author" in offered and "source" not in offered


@pytest.mark.parametrize("name", METADATA["queries"])
def test_query_runs(site: Visitor, name: str) -> None:
    """Each ready query runs with nothing filled in, and its example finds something."""
    assert site.get(f"/clippings/{name}.json?_shape=array").status_code == 200
    examples = site.page(f"/clippings/{name}").xpath("//p[@class='hints']/a/@href")
    assert bool(examples) == (":" in METADATA["queries"][name]["sql"])
    for example in examples:
        rows = site.get(f"/clippings/{name}.json?_shape=array&{urlsplit(example).query}").json()
        assert rows, (name, example)


def test_table_does_not_flood(site: Visitor) -> None:
    """The table shows titles that lead to their pages, and cuts long texts."""
    page = site.page("/clippings/articles")
    assert page.xpath(f"//td[contains(@class, 'col-title')]/a[contains(@href, '/{SAMPLE}')]")
    assert max(len(cell) for cell in text_of(page, "//td")) < 100


def test_table_leaves_out_what_only_programs_read(site: Visitor) -> None:
    """Until columns are asked for, those for programs are left out; exports always have them."""

    def columns(query: str) -> set[str]:
        page = site.page(f"/clippings/articles?{query}")
        for row in page.xpath("//table[@class='rows-and-columns']//tr"):
            assert len(row) == len(page.xpath("//th[@data-column]"))
        return set(page.xpath("//th/@data-column"))

    assert "removed" not in columns("")  # which none of these articles has
    assert columns("_columns=all") - columns("") >= {"markdown", "front_matter", "url", "day"}
    assert {"id", "title", "source"} <= columns("")
    assert columns("_col=markdown") == {"id", "markdown"}
    assert "digest" in columns("_nocol=author")
    (export,) = site.page("/clippings/articles").xpath("//p[@class='exports']/a[.='JSON']/@href")
    (row, *_) = site.get(f"{urlsplit(export).path}?_shape=array").json()
    assert {"markdown", "front_matter", "url", "day"} <= row.keys()


def test_table_is_newest_first(site: Visitor) -> None:
    """The newest stand first, in HTML and in JSON."""
    rows = site.get("/clippings/articles.json?_shape=objects").json()["rows"]
    docids = [row["docid"] for row in rows]
    assert docids == sorted(docids, reverse=True)


@pytest.mark.parametrize("word", ["核", "核战", "核战争"])
def test_datasettes_own_box_finds_chinese(site: Visitor, word: str) -> None:
    """Words of one, two and three characters find the sample by `_search` and by the query."""
    found = site.get(f"/clippings/articles.json?_search={quote(word)}&_shape=array").json()
    assert SAMPLE in [row["id"] for row in found]
    (row,) = [
        row
        for row in site.get(f"/clippings/search.json?q={quote(word)}&_shape=array").json()
        if row["id"] == SAMPLE
    ]
    assert f"<mark>{word}</mark>" in row["snippet"]


def test_snippets_of_any_sql_are_text(site: Visitor) -> None:
    """A query that calls its column `snippet` puts no HTML on the page but the marks."""
    sql = "select '<img src=x onerror=alert(1)><mark>a</mark>' as snippet"
    page = site.page(f"{SQL}?sql={quote(sql)}")
    assert not page.xpath("//td//img")
    assert page.xpath("string(//td//mark)") == "a"


def test_database_is_immutable_and_can_be_downloaded(site: Visitor) -> None:
    """Datasette knows the file's hash, so it may be downloaded; the download is the database."""
    database = site.datasette.get_database("clippings")
    assert database.hash and not database.is_mutable
    assert site.get("/clippings.db").content.startswith(b"SQLite format 3\0")
    assert site.get("/clippings/articles.csv?_size=2").text.count("\n") > 2


@pytest.mark.parametrize(
    ("code", "pairs", "search", "sort", "sort_desc", "said"),
    [
        ("zh-Hans", [("source", "知乎")], "", None, "docid", "来源 = 知乎，按发表次序倒序"),
        (
            "zh-Hans",
            [("title__contains", "桥")],
            "雪",
            "day",
            None,
            "搜索“雪”，标题 包含 桥，按日期排序",
        ),
        ("en", [("author__isnull", "1")], "", None, None, "author is null"),
        ("en", [("title__odd", "x")], "", "day", None, "title odd x, sorted by day"),
    ],
)
def test_conditions_in_words(
    code: str,
    pairs: list[tuple[str, str]],
    search: str,
    sort: str | None,
    sort_desc: str | None,
    said: str,
) -> None:
    """What narrows and orders a table is said in the reader's language."""
    assert PLUGIN["conditions"](translator(code), Filters(pairs), search, sort, sort_desc) == said


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("language", "zh-Hant", "繁体中文"),
        ("language", "xx", "xx"),
        ("content", Markup("<a>&lt;Binary:&nbsp;1,400&nbsp;bytes&gt;</a>"), "<a>1,400 字节</a>"),
        ("title", "<b>", "&lt;b&gt;"),
        ("title", Markup("&nbsp;"), ""),
    ],
)
def test_values_in_the_readers_language(column: str, value: str, text: str) -> None:
    """Languages and sizes are said in words; what is data stays as it is."""
    assert PLUGIN["shown_value"](translator("zh-Hans"), column, value) == text


@pytest.mark.parametrize("path", ["/clippings", "/clippings/articles", "/clippings/longest_reads"])
def test_pages_need_no_script_of_their_own(site: Visitor, path: str) -> None:
    """Tables and queries work with forms and links: no inline script but that of the SQL editor."""
    page = site.page(path)
    assert path == "/clippings" or not page.xpath("//script[not(@src)] | //style")


def test_what_the_archive_has_not_is_not_offered(site: Visitor) -> None:
    """seeds/ has no git history: neither its table nor the queries that read it are listed."""
    links = site.page("/clippings").xpath("//main//@href")
    assert "http://localhost/clippings/longest_reads" in links
    assert not {"http://localhost/clippings/retitled", "http://localhost/clippings/revisions"} & {
        *links
    }


def test_values_lead_to_their_lists(site: Visitor) -> None:
    """Sources, days and months are links, and a whole number has no decimal point."""
    page = site.page("/clippings/sources")
    assert page.xpath("//td[@class='col-source']/a/@href")[0].startswith("http://localhost/source/")
    numbers = text_of(page, "//td[@class='col-average_characters number']")
    assert numbers and all(text.isdigit() for text in numbers)
    months = site.page(f"/clippings/mentions_by_month?q={quote('桥')}")
    assert months.xpath("//td/a/@href")[0].startswith("http://localhost/month/")
    assert months.xpath("//figure[@class='bars']//@href")
    for query, column in (("cited_hosts", "host"), ("repaired", "code")):
        (first, *_) = site.page(f"/clippings/{query}").xpath(f"//td[@class='col-{column}']/a/@href")
        assert text_of(site.page(first.removeprefix("http://localhost")), "//main//td"), "has rows"


def test_columns_are_chosen_by_a_form(site: Visitor) -> None:
    """The form keeps what filters the table, and shows the columns that are checked."""
    page = site.page(f"/clippings/articles?source={quote('示例日报')}&_col=title")
    form = page.xpath("//details[@class='columns']/form")[0]
    fields = [
        (field.get("name"), field.get("value"))
        for field in form.xpath(".//input[not(@type='checkbox')]")
    ]
    assert fields == [("source", "示例日报")]
    assert {"title"} <= set(form.xpath(".//input[@checked]/@value"))
    assert "author" in form.xpath(".//input/@value")


@pytest.mark.parametrize("month", ["2021", "x", "2021-1-1", "", "²"])
def test_a_month_that_is_none_is_no_bar(site: Visitor, month: str) -> None:
    """Anybody's SQL may call anything a month; the real ones beside it are drawn."""
    rows = ", ".join(f"('{each}', {count})" for each, count in ((month, 1), ("2021-12", 2)))
    sql = f"select column1 as month, column2 as articles from (values {rows}, ('2022-01', 3))"
    page = site.page(f"{SQL}?sql={quote(sql)}")
    assert len(page.xpath("//figure[@class='bars']//a")) == 2
