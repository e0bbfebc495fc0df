"""Levels, hosts and beginnings: what several stages need of an article's fields."""

from __future__ import annotations

from typing import Any

import pytest

from clippings.reading.fields import category_levels, host_of, leaves, opening

PATH = "新媒体/示例网/头条/文件名.md"


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
        ("post/新媒体/站/频道/5.md", ("新媒体", "站", "频道")),
        ("source/_posts/新媒体/5.md", ("新媒体", None, None)),
        ("_posts/5.md", (None, None, None)),
        ("postscript/5.md", ("postscript", None, None)),
        ("blog-posts/a/5.md", ("blog-posts", "a", None)),
    ],
)
def test_folders_stand_in_for_categories(path: str, levels: tuple[str | None, ...]) -> None:
    """As many levels as there are folders; what lies deeper belongs to the feed."""
    assert category_levels("", path) == levels


@pytest.mark.parametrize("word", ["interesting", "Wi-Fi", "don’t", "1,234.5", "日本Android"])
def test_a_summary_is_not_cut_inside_a_word(word: str) -> None:
    """A Latin word or a number that does not fit is left out whole; Chinese is cut anywhere."""
    for before in range(120, 141):
        text = "字" * (before - 1) + " " + word + " 尾" * 100
        cut = opening(text).removesuffix("…").split()
        left = cut[1] if len(cut) > 1 else ""
        assert left in ("", "日", "日本", word)
    assert opening("a" * 500) == "a" * 140 + "…"


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


def test_of_what_has_a_name_only_that_counts() -> None:
    """An author is written with address and picture, a plain mapping has values."""
    assert [*leaves([{"name": "王五", "url": "https://a.example/"}, "甲"])] == ["王五", "甲"]
    assert [*leaves({"a": "甲", "b": ["乙"]})] == ["甲", "乙"]


def test_nothing_is_written_in_two_ways() -> None:
    """YAML's null is no name: `categories: null`, a list with `~` in it."""
    assert [*leaves(["~", "甲", "null"])] == ["甲"]
    assert category_levels("null", PATH) == ("新媒体", "示例网", "头条")
