"""The search page, Datasette's own box, its JSON and everyone's SQL agree on what matches."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from conftest import Visitor
from lxml import etree, html

from clippings.search.query import parse_query

VECTORS = Path(__file__).parents[2] / ".." / "shared" / "vectors"
QUERIES = (
    *("核战争", "核战", "核", "汤面", "湯麵 OR 软件", "git", "的 -核"),
    *("has:image", "lang:ja", "date:2021-12", 'source:"示例博客"'),
)


def search(site: Visitor, query: str, **options: object) -> html.HtmlElement:
    extra = "".join(f"&{name}={value}" for name, value in options.items())
    return site.page(f"/search?q={quote(query)}{extra}")


def shown(page: html.HtmlElement) -> list[int]:
    """The ids of the articles that a page of results lists, in its order."""
    addresses = page.xpath("//*[contains(@class, 'card-title')]/a/@href")
    return [int(urlsplit(address).path.rsplit("/", 1)[1]) for address in addresses]


def all_shown(site: Visitor, query: str) -> Iterator[int]:
    """The ids on all pages of results, following the links."""
    page = search(site, query)
    yield from shown(page)
    while links := page.xpath("//a[@rel='next']/@href"):
        page = site.page(links[0].removeprefix("http://localhost"))
        yield from shown(page)


@pytest.mark.parametrize("query", QUERIES)
def test_page_box_and_sql_agree(site: Visitor, query: str) -> None:
    """The search page, `?_search=`, SQL with search_query and a feed find the same articles."""
    match = parse_query(query).match
    sql = "select id from articles where docid in (select rowid from articles_fts where {} {})"
    by_expression = {
        row["id"] for row in site.rows(sql.format("articles_fts match", ":m"), m=match)
    }
    by_function = {
        row["id"]
        for row in site.rows(sql.format("articles_fts match", "search_query(:q)"), q=query)
    }
    address = f"/clippings/articles.json?_search={quote(query)}&_shape=array&_col=id&_size=max"
    by_box = {row["id"] for row in site.get(address).json()}
    feed = site.get(f"/search.json?q={quote(query)}").json()
    by_feed = {int(item["url"].rsplit("/", 1)[1]) for item in feed["items"]}
    assert by_expression == by_function == by_box == by_feed == set(all_shown(site, query))
    assert by_expression


def test_the_sample_is_found(site: Visitor) -> None:
    """One, two and three characters find the user's article, with its passage marked."""
    for query in ("核战争", "核战", "核"):
        page = search(site, query)
        assert 385025375454797 in shown(page)
        assert query in page.xpath("//mark/text()")


def test_order_is_in_the_address(site: Visitor) -> None:
    """Newest first is a link, kept through narrowing and shown as chosen."""
    page = search(site, "的", sort="newest")
    docids = {row["id"]: row["docid"] for row in site.rows("select id, docid from articles")}
    order = [docids[article] for article in shown(page)]
    assert order == sorted(order, reverse=True)
    assert "sort=newest" in page.xpath("//*[@class='orders']/a[@aria-current]/@href")[0]
    assert all("sort=newest" in link for link in page.xpath("//aside//a/@href"))


def test_narrowing_gives_as_many_as_it_says(site: Visitor) -> None:
    """Each count beside the results leads to that many articles; a second click widens again."""
    page = search(site, "的")
    total = len(list(all_shown(site, "的")))
    links = page.xpath("//aside//a")
    assert links
    for link in links:
        (query,) = parse_qs(urlsplit(link.get("href")).query)["q"]
        found = list(all_shown(site, query))
        assert len(found) == int(link.xpath("string(span[@class='count'])"))
        (chosen,) = search(site, query).xpath("//aside//a[@aria-current]/@href")
        (wider,) = parse_qs(urlsplit(chosen).query)["q"]
        assert len(list(all_shown(site, wider))) == total


@pytest.mark.parametrize(
    "query", ["的 date:2021-12..2022-02", "的 -date:2022-03", "的 date:>2021-12", "“的"]
)
def test_narrowing_adds_to_what_is_asked(site: Visitor, query: str) -> None:
    """A filter is added beside a longer one that it only looks like, and after an open quote."""
    page = search(site, query)
    assert page.xpath("//aside//a")
    assert not page.xpath("//aside//a[@aria-current]")
    for link in page.xpath("//aside//a"):
        (narrowed,) = parse_qs(urlsplit(link.get("href")).query)["q"]
        assert narrowed.startswith(query)
        assert len(list(all_shown(site, narrowed))) == int(
            link.xpath("string(span[@class='count'])")
        )


@pytest.mark.parametrize(
    ("code", "query"),
    [
        ("unknown-field", "nosuch:x"),
        ("unknown-date", "date:x"),
        ("unknown-has", "has:x"),
        ("unknown-lang", "lang:1"),
        ("unclosed-quote", '"x'),
        ("stray-operator", "OR"),
        ("lowercase-or", "猫 or 狗"),
        ("empty-field", "猫 title:"),
        ("reversed-date", "date:2022..2021"),
        ("short-prefix", "x*"),
        ("other-words", "軟體"),
        ("too-long", "x " * 40),
        ("nothing-to-search", "。"),
    ],
)
@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_every_note_has_its_words(site: Visitor, code: str, query: str, language: str) -> None:
    """Each kind of note is said in each language of the site."""
    assert code in [note.code for note in parse_query(query).notes]
    assert search(site, query, _lang=language).xpath("//*[@class='note']")


def test_what_was_not_understood_is_said(site: Visitor) -> None:
    """A note quotes the part of the query that was searched as plain words."""
    page = search(site, "nosuch:猫 date:2022-02-30")
    notes = [note.text_content() for note in page.xpath("//*[@class='note']")]
    assert len(notes) == 2
    assert "nosuch:猫" in notes[0] and "date:2022-02-30" in notes[1]


def test_without_a_query_the_language_is_explained(site: Visitor) -> None:
    """The empty page shows examples, and each of them is a query that is understood."""
    for address in ("/search", "/search?_lang=en"):
        examples = site.page(address).xpath("//dl//code/text()")
        assert len(examples) > 5
        assert not any(parse_query(example).notes for example in examples)


def test_hostile_queries_are_answered(site: Visitor) -> None:
    """Published hostile strings give a page; their text stays text."""
    if not VECTORS.is_dir():
        pytest.skip("the folder of shared vectors does not stand beside the checkout")
    lines = (VECTORS / "search.jsonl").read_text("utf-8").splitlines()
    for query in [json.loads(line)["q"] for line in lines] + ['"><script>alert(1)</script>']:
        encoded = quote(query.encode("utf-8", "surrogatepass"))
        answer = site.get(f"/search?q={encoded}&page=99999999999999999999&sort=x")
        assert answer.status_code == 200, query
        assert "<script>alert" not in answer.text


def test_functions_take_what_sql_gives_them(site: Visitor) -> None:
    """Null and numbers are values like others; a snippet of nothing is empty."""
    (row,) = site.rows(
        "select search_query(null) as everything, search_query(13) as number,"
        " search_snippet(null, null) as empty,"
        " search_snippet('**核战**争 <b>', '核战争') as snippet"
    )
    assert row["everything"] == 'facts : "all"'
    assert row["number"] == '{body title summary author} : "13"'
    assert row["empty"] == ""
    assert row["snippet"].startswith("<mark>核战争</mark>")


def test_titles_of_results_are_marked(site: Visitor) -> None:
    """What matches in a title is marked there, and without its marks the title is itself."""
    sql = "select id, title from articles where title like '%桥%' or title like '%橋%'"
    titles = {row["id"]: row["title"] for row in site.rows(sql)}
    page = search(site, "title:橋")
    cards = page.xpath("//*[contains(@class, 'card-title')]")
    assert [card.text_content() for card in cards] == [titles[number] for number in shown(page)]
    assert all({"桥", "橋"} & set(card.xpath(".//mark/text()")) for card in cards)
    assert len(cards) == len(titles)


def test_titles_stay_text(serve: Callable[..., Visitor], tmp_path: Path) -> None:
    """A title with markup in it is shown as it is written, marked or not."""
    title = "核战争 <b>& *核* _x_"
    (tmp_path / "a.md").write_text(f"---\ntitle: '{title}'\n---\n正文", "utf-8")
    for query in ("核", "正文"):
        (card,) = search(serve(tmp_path), query).xpath("//*[contains(@class, 'card-title')]")
        assert card.text_content() == title


def test_searching_one_column_by_address_is_refused(site: Visitor) -> None:
    """Datasette's `_search_title=` would find nothing here: the answer says what to write."""
    answer = site.get(f"/clippings/articles.json?_search_title={quote('核战争')}")
    assert answer.status_code == 400
    assert "?_search=title:核战争" in answer.json()["error"]


def test_names_with_quotes_narrow(serve: Callable[..., Visitor], tmp_path: Path) -> None:
    """A source whose name holds quotation marks of any kind is a link that finds its articles."""
    for number, name in enumerate(("“一带一路”网", '读"书"会', "一带一路网")):
        text = f"---\ntitle: 第{number}篇\ncategories: ['版', '{name}', '源']\n---\n正文"
        (tmp_path / f"{number}.md").write_text(text, "utf-8")
    site = serve(tmp_path)
    links = [
        each for each in search(site, "正文").xpath("//aside//a") if "source" in each.get("href")
    ]
    assert len(links) == 3
    for link in links:
        (query,) = parse_qs(urlsplit(link.get("href")).query)["q"]
        assert len(list(all_shown(site, query))) == 1


QUESTION = "江城二桥为什么晚了三年通车"


def test_a_question_gets_the_closest(site: Visitor) -> None:
    """Said plainly, with the parts that matched; the same ids in JSON; in a feed nothing."""
    page = search(site, QUESTION)
    assert len(page.xpath("//*[@class='found']")) == 1
    answer = site.get(f"/search/closest.json?q={quote(QUESTION)}").json()
    assert [row["id"] for row in answer["closest"]] == shown(page) != []
    parts = [text.strip() for text in page.xpath("//*[contains(@class, 'matched')]/text()")]
    assert all(
        " · ".join(row["matched"]) in text
        for row, text in zip(answer["closest"], parts, strict=True)
    )
    assert "<mark>" in answer["closest"][0]["passage"]
    assert site.get(f"/search.json?q={quote(QUESTION)}").status_code == 404
    assert shown(search(site, f'"{QUESTION}"')) == []


def test_filters_are_chips(site: Visitor) -> None:
    """Each filter of a query is a link above the results that takes it off."""
    page = search(site, "彗星 来源：样例科技 date:2022")
    links = page.xpath("//*[contains(@class, 'filters')]//a/@href")
    rests = [parse_qs(urlsplit(link).query)["q"][0] for link in links]
    assert rests == ["彗星 date:2022", "彗星 来源：样例科技"]


def test_heading_has_query_and_count(site: Visitor) -> None:
    """The h1 has what was asked and how many there are, the line below which of them are shown."""
    total = len(list(all_shown(site, "的")))
    page = search(site, "的")
    assert page.xpath("string(//h1)").startswith("的")
    assert str(total) in page.xpath("string(//h1)")
    assert re.search(
        rf"\b1–{min(total, 20)}\b.*\b{total}\b", page.xpath("string(//*[@class='found'])")
    )


def test_an_article_without_text_has_its_summary(
    serve: Callable[..., Visitor], tmp_path: Path
) -> None:
    """Where there is no passage to show, of pictures alone, its own summary stands."""
    front = "---\ntitle: 桥上的照片\nsummary: 江城二桥合龙那天\n---\n\n"
    (tmp_path / "a.md").write_text(f"{front}![](https://example.org/a.jpg)\n")
    assert "江城二桥合龙那天" in search(serve(tmp_path), "照片").xpath("string(//article)")


def test_suggestions_are_bounded(site: Visitor) -> None:
    """What was typed comes back with at most eight completions; whatever is typed is answered."""
    typed, found = site.get(f"/search/suggest?q={quote('样例')}").json()
    assert typed == "样例"
    assert 0 < len(found) <= 8
    assert site.get(f"/search/suggest?q={quote('%' * 3000)}").json()[1] == []
    assert site.get("/search/suggest").json() == ["", []]


def test_the_address_bar_can_search(site: Visitor) -> None:
    """The description that a browser reads is XML with the address of the search."""
    (link,) = search(site, "").xpath("//link[@rel='search']/@href")
    answer = site.get(urlsplit(link).path)
    assert answer.headers["content-type"].startswith("application/opensearchdescription+xml")
    assert "/search?q={searchTerms}" in answer.text
    etree.fromstring(answer.content)
