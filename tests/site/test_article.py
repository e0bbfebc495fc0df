"""The article page: made to be read, told to machines, and as files."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from conftest import ROOT, Visitor, id_of, text_of
from hypothesis import example, given
from hypothesis import strategies as st

from clippings.reading.frontmatter import parse_article

ARTICLE_PLUGIN = runpy.run_path(str(ROOT / "plugins" / "article.py"))
SAMPLE = 385025375454797
"""The id of the user's own article."""
BRIDGE = "江城二桥今晨合龙，两岸之间只差一层沥青"


def test_article_is_made_to_be_read(site: Visitor) -> None:
    """An article shows its title, places, date and text, and folds away where it comes from."""
    page = site.page(f"/clippings/articles/{SAMPLE}?_lang=zh-Hans")
    assert text_of(page, "//h1") == ["美俄过招7.5小时互不退让，中方倡导理念成双方共识"]
    assert text_of(page, "//p[@class='kicker']/a") == ["新媒体", "观察者网", "头条"]
    assert page.xpath("//article//time/@datetime")[0].startswith("2022-01-11T22:12:40")
    assert "2022年1月11日 22:12" in page.xpath("string(//article//time)")
    assert "核战争打不赢也打不得" in page.xpath("string(//div[@class='prose'])")
    assert page.xpath("//article/@lang") == ["zh-Hans"]
    names, values = (text_of(page, f"//dl[@class='facts']/{part}") for part in ("dt", "dd"))
    facts = dict(zip(names, values, strict=True))
    assert facts["date"] == "Tue, 11 Jan 2022 22:12:40 GMT"
    assert facts["categories"] == "新媒体、观察者网、头条"


def test_article_tells_machines_what_it_is(site: Visitor) -> None:
    """JSON-LD, Open Graph and the canonical link say what the page shows."""
    page = site.page(f"/clippings/articles/{SAMPLE}")
    news = json.loads(page.xpath("string(//script[@type='application/ld+json'])"))
    assert news["@type"] == "NewsArticle"
    assert news["headline"] == page.xpath("//meta[@property='og:title']/@content")[0]
    assert news["datePublished"].startswith("2022-01-11T22:12:40")
    assert page.xpath("//link[@rel='canonical']/@href") == [
        f"http://localhost/clippings/articles/{SAMPLE}"
    ]


def test_article_pictures_are_lazy_and_say_nothing(site: Visitor) -> None:
    """Pictures of the text load when they are seen and do not tell where they were seen."""
    for image in site.page(f"/clippings/articles/{SAMPLE}").xpath("//div[@class='prose']//img"):
        assert image.get("loading") == "lazy"
        assert image.get("referrerpolicy") == "no-referrer"


def test_article_in_two_feeds_names_both(site: Visitor) -> None:
    """A text that was found in two feeds is one page that names both, and is on both shelves."""
    key = id_of(site, BRIDGE)
    places = text_of(site.page(f"/clippings/articles/{key}"), "//section[@class='about']//li")
    assert any("头条" in place for place in places)
    assert any("本地" in place for place in places)
    for feed in ("头条", "本地"):
        assert BRIDGE in text_of(site.page(f"/feed/{quote(feed)}"), "//article//h2")


def test_republished_article_is_told_from_a_related_one(site: Visitor) -> None:
    """The same text under another headline is named as such, and not as a related article."""
    page = site.page(f"/clippings/articles/{id_of(site, BRIDGE)}?_lang=zh-Hans")
    tellings = page.xpath("//details[summary[contains(., '几乎相同')]]//li/a")
    assert [telling.text_content() for telling in tellings] == ["误差1.2毫米！江城二桥今晨顺利合龙"]
    assert "误差1.2毫米！江城二桥今晨顺利合龙" not in text_of(page, "//section//article//h3")


def test_article_leads_on(site: Visitor) -> None:
    """Previous and next of the same source, related articles, and the links out with an archive."""
    key = id_of(site, "样例彗星为什么有两条尾巴")
    page = site.page(f"/clippings/articles/{key}")
    (previous,) = page.xpath("//a[@rel='prev']/@href")
    assert str(key) in site.page(urlsplit(previous).path).xpath("//a[@rel='next']/@href")[0]
    assert "样例彗星已可用肉眼看到：时间、方位和一份观测清单" in text_of(
        page, "//section//article//h3"
    )
    assert any("//web.archive.org/web/2022" in link for link in page.xpath("//section//@href"))


def test_article_with_headings_has_contents(site: Visitor) -> None:
    """From three headings on there is a table of contents, and each entry leads somewhere."""
    key = id_of(site, "用SQLite给一文件夹笔记做索引，只要三十行")
    page = site.page(f"/clippings/articles/{key}")
    anchors = [
        urlsplit(link).fragment for link in page.xpath("//nav[contains(@class, 'contents')]//@href")
    ]
    assert len(anchors) >= 3
    assert set(anchors) <= set(page.xpath("//div[@class='prose']//@id"))


def test_code_is_coloured_on_the_server(site: Visitor) -> None:
    """A code block that names its language has its words classed."""
    key = id_of(site, "用SQLite给一文件夹笔记做索引，只要三十行")
    code = site.page(f"/clippings/articles/{key}").xpath("//pre/code[@class='language-python']")
    assert code[0].xpath(".//span[@class='kn']/text()")[0] == "import"


def test_short_link(site: Visitor) -> None:
    """/a/<id> leads to the article, from the id of any of its placements too; else 404."""
    key = id_of(site, BRIDGE)
    placements = site.rows("select id from placements where article = :key", key=key)
    assert len(placements) == 2
    for placement in placements:
        response = site.get(f"/a/{placement['id']}")
        assert response.status_code == 302
        assert response.headers["location"] == f"/clippings/articles/{key}"
    site.page("/a/12345", status=404)


def test_article_as_files(site: Visitor) -> None:
    """.md reads back as the same article, .txt is plain text, .json holds every column."""
    address = f"/clippings/articles/{SAMPLE}"
    (row,) = site.rows("select * from articles where id = :key", key=SAMPLE)
    file = site.get(address + ".md")
    parsed = parse_article("a.md", file.content)
    assert parsed.front_matter == json.loads(row["front_matter"])
    assert parsed.body.strip() == row["markdown"].strip()
    assert file.headers["content-type"] == "text/markdown; charset=utf-8"
    text = site.get(address + ".txt").text
    assert text.startswith(row["title"]) and "](" not in text
    assert site.get(address + ".json?_shape=array").json() == [row]
    site.page("/clippings/articles.md", status=404)


def test_long_contents_are_folded(serve: Callable[..., Visitor], tmp_path: Path) -> None:
    """Contents that would fill the first screen are folded; short ones are open."""
    for name, headings in (("short", 5), ("long", 40)):
        text = "".join(f"## 第{number}节\n\n正文\n\n" for number in range(headings))
        (tmp_path / f"{name}.md").write_text(f"---\ntitle: {name}\n---\n\n{text}")
    site = serve(tmp_path)
    for name, is_open in (("short", True), ("long", False)):
        page = site.page(f"/clippings/articles/{id_of(site, name)}")
        (contents,) = page.xpath("//nav[contains(@class, 'contents')]/details")
        assert ("open" in contents.attrib) == is_open


def test_an_article_without_a_body_has_its_summary(
    serve: Callable[..., Visitor], tmp_path: Path
) -> None:
    """The front matter's, unless it is the title again."""
    for name, summary in (("one", "What it is about."), ("two", "two")):
        (tmp_path / f"{name}.md").write_text(f"---\ntitle: {name}\nsummary: {summary}\n---\n")
    site = serve(tmp_path)
    for name, shown in (("one", "What it is about."), ("two", "")):
        page = site.page(f"/clippings/articles/{id_of(site, name)}")
        assert page.xpath("string(//div[@class='prose'])").strip() == shown


def test_real_articles_can_be_read(corpus_site: Visitor) -> None:
    """Every real article has a page that answers with its title, and every list of them too."""
    for row in corpus_site.rows("select id, title from articles order by id limit 150"):
        page = corpus_site.page(f"/clippings/articles/{row['id']}")
        assert " ".join(page.xpath("string(//h1)").split()) == " ".join(row["title"].split())
    for path in ("/", "/archive", "/sources", "/clippings/articles"):
        corpus_site.page(path)


@given(
    st.dictionaries(
        st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10),
        st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=30)
        | st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), max_size=3),
        min_size=1,
        max_size=5,
    )
)
@example({"title": []})
def test_markdown_file_can_be_built_again(front_matter: dict[str, Any]) -> None:
    """The front matter of the file that a reader downloads reads back as the very same."""
    row = {"front_matter": json.dumps({"title": "标题", **front_matter}), "markdown": "正文"}
    text = ARTICLE_PLUGIN["markdown_file"](row, "")
    parsed = parse_article("a.md", text.encode())
    assert parsed.front_matter == {"title": "标题", **front_matter}
    assert parsed.body.strip() == "正文"
