"""Front matter to columns: which key counts, and what stands in where none does."""

from __future__ import annotations

from typing import Any

import pytest

from clippings.models import Article, Conversion, Diagnostic, Image, ParsedArticle
from clippings.reading.normalize import category_levels, host_of, normalize_article, opening

PATH = "新媒体/示例网/头条/文件名.md"
TEXT = Conversion("正文")


def normalized(
    front_matter: dict[str, Any], conversion: Conversion = TEXT, path: str = PATH
) -> tuple[Article, tuple[Diagnostic, ...]]:
    parsed = ParsedArticle(path, "0" * 64, "utf-8", front_matter, "")
    return normalize_article(parsed, conversion, conversion.markdown)


@pytest.mark.parametrize(
    ("front_matter", "markdown", "title"),
    [
        ({"title": "标题"}, "# 另一个", "标题"),
        ({"Title": "大写的键"}, "", "大写的键"),
        ({"title": "  两  行\n标题 "}, "", "两 行 标题"),
        ({"title": ""}, "引言\n\n## 第一个**标题** ##\n\n# 第二个", "第一个标题"),
        ({}, "下划线标题\n===\n\n正文", "下划线标题"),
        ({}, "没有标题的正文", "文件名"),
        ({}, "# \n\n- 列表\n- 列表", "文件名"),
        ({"headline": "别名"}, "", "别名"),
    ],
)
def test_a_title_is_always_found(front_matter: dict[str, Any], markdown: str, title: str) -> None:
    """The front matter's title, else the first heading, else the file's name; on one line."""
    article, _ = normalized(front_matter, Conversion(markdown))
    assert article.title == title


def test_an_html_page_brings_its_title() -> None:
    """Where a page has no heading, its <title> is the title."""
    parsed = ParsedArticle(PATH, "", "utf-8", {}, "<html><title>页 &amp;\n题</title><p>正文")
    article, _ = normalize_article(parsed, TEXT, "正文")
    assert article.title == "页 & 题"


@pytest.mark.parametrize(
    ("categories", "levels"),
    [
        (["新媒体", "观察者网", "头条"], ("新媒体", "观察者网", "头条")),
        ("随笔", ("随笔", None, None)),
        (["Swift", "博客"], ("Swift", "博客", None)),
        ([["技术", "Swift"], ["翻译"]], ("技术", "Swift", None)),
        (["a", "b", "c", "d"], ("a", "b", "c/d")),
        (["", " 科技 "], ("科技", None, None)),
        ([], ("新媒体", "示例网", "头条")),
        ("", ("新媒体", "示例网", "头条")),
    ],
)
def test_categories_are_section_source_and_feed(
    categories: Any, levels: tuple[str | None, ...]
) -> None:
    """A string, a list, nested lists, or nothing: then the folders count."""
    assert category_levels(categories, PATH) == levels


@pytest.mark.parametrize(
    ("path", "levels"),
    [
        ("a.md", (None, None, None)),
        ("博客/a.md", ("博客", None, None)),
        ("1/2/3/4/5.md", ("1", "2", "3/4")),
    ],
)
def test_folders_stand_in_for_categories(path: str, levels: tuple[str | None, ...]) -> None:
    """As many levels as there are folders; what lies deeper belongs to the feed."""
    assert category_levels("", path) == levels


def test_dates_stay_as_written() -> None:
    """The wall clock and the offset of the file, not those of any other zone."""
    article, notes = normalized({"date": "Tue, 11 Jan 2022 22:12:40 GMT", "lastmod": "2022-01-12"})
    assert (article.published, article.updated) == ("2022-01-11T22:12:40+00:00", "2022-01-12")
    assert notes == ()


def test_an_impossible_date_is_told() -> None:
    """The field is named with what it holds and how to write it."""
    article, notes = normalized({"date": "2022-02-30"})
    assert article.published is None
    assert [note.code for note in notes] == ["date-invalid"]
    assert "2022-02-30" in notes[0].message


@pytest.mark.parametrize(
    ("front_matter", "tags"),
    [
        ({"tags": "swift, iOS，教程"}, ("swift", "iOS", "教程")),
        ({"tags": ["a, b", "c", "c"]}, ("a, b", "c")),
        ({"keywords": ["只有关键词"]}, ("只有关键词",)),
        ({}, ()),
    ],
)
def test_tags_are_a_list_or_a_line(front_matter: dict[str, Any], tags: tuple[str, ...]) -> None:
    """A list's items are tags as they are; a string is cut at its commas."""
    assert normalized(front_matter)[0].tags == tags


def test_several_authors_are_one_line() -> None:
    """Lists of names and of mappings alike."""
    assert normalized({"authors": ["甲", "乙"]})[0].author == "甲, 乙"
    assert normalized({"author": [{"name": "丙"}]})[0].author == "丙"


@pytest.mark.parametrize(
    ("headimg", "image"),
    [
        ("https://example.com/a.jpg", "https://example.com/a.jpg"),
        ("https://picsum.photos/400/300?random=7", "https://example.com/body.jpg"),
        ("", "https://example.com/body.jpg"),
        ("/static/a.jpg", "/static/a.jpg"),
        ("javascript:alert(1)", "https://example.com/body.jpg"),
        (" java\tscript:alert(1)", "https://example.com/body.jpg"),
        ("data:image/png;base64,AAAA", "https://example.com/body.jpg"),
    ],
)
def test_only_the_address_of_a_picture_is_one(headimg: str, image: str) -> None:
    """A random stand-in, a script and a picture's bytes give way to the body's first picture."""
    conversion = Conversion("", images=(Image("https://example.com/body.jpg", "", ""),))
    assert normalized({"headimg": headimg}, conversion)[0].image == image


def test_no_picture_is_none() -> None:
    """A placeholder alone is no lead picture at all."""
    assert normalized({"headimg": "https://picsum.photos/400/300"})[0].image is None


def test_only_an_absolute_address_is_where_it_came_from() -> None:
    """Hugo's `url: /path` and Hexo's `permalink: name` are places on a site of their own."""
    assert normalized({"url": "/path", "link": "https://example.com/1"})[0].url == (
        "https://example.com/1"
    )
    assert normalized({"permalink": "swift-option-sets"})[0].url is None


def test_the_summary_is_own_or_the_opening() -> None:
    """The front matter's summary, else how the text begins, cut at a fixed length."""
    assert normalized({"description": "摘要"})[0].summary == "摘要"
    assert normalized({}, Conversion("一\n二"))[0].summary == "一 二"
    assert opening("字" * 500) == "字" * 140 + "…"


def test_equal_texts_have_one_digest() -> None:
    """Title and Markdown make the digest; feed, author and date do not; an empty text is
    told apart by its date."""
    digest = normalized({"title": "同题"})[0].digest
    assert normalized({"title": "同题", "author": "别人", "date": "2020-01-01"})[0].digest == digest
    assert normalized({"title": "异题"})[0].digest != digest
    empty = Conversion("")
    daily = [
        normalized({"title": "早报", "date": day}, empty)[0].digest
        for day in ("2022-01-01", "2022-01-02")
    ]
    assert daily[0] != daily[1]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.Example.com:8080/x", "example.com"),
        ("/path", None),
        ("mailto:a@example.com", None),
        ("http://[", None),
        ("//cdn.example.com/a.js", "cdn.example.com"),
    ],
)
def test_hosts_are_written_one_way(url: str, host: str | None) -> None:
    """Lower case, no port, no www; None where there is no host."""
    assert host_of(url) == host
