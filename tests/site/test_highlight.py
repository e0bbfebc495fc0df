"""A link from results leads to the marked words in the article."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from conftest import Visitor
from hypothesis import given
from hypothesis import strategies as st

from clippings.site.highlight import mark_hits


@pytest.mark.parametrize(
    ("body", "asked", "marked"),
    [
        (
            "<p>说，核战争。核战争</p>",
            "核战争",
            '<p>说，<mark id="hit">核战争</mark>。<mark>核战争</mark></p>',
        ),
        (
            "<p>核<em>战</em>争</p>",
            "核战争",
            '<p><mark id="hit">核</mark><em><mark>战</mark></em><mark>争</mark></p>',
        ),
        ("<p>核战</p><p>争</p>", '"核战争"', "<p>核战</p><p>争</p>"),
        (
            '<p><a href="/核战争">A &amp; B</a></p>',
            "b",
            '<p><a href="/核战争">A &amp; <mark id="hit">B</mark></a></p>',
        ),
        ("<p>&lt;b&gt;</p>", "b", '<p>&lt;<mark id="hit">b</mark>&gt;</p>'),
        (
            "<p>英镑今天暴跌</p>",
            "英镑为什么暴跌",
            '<p><mark id="hit">英镑</mark>今天<mark>暴跌</mark></p>',
        ),
        ("<p>核战争</p>", "source:核战争", "<p>核战争</p>"),
    ],
)
def test_hits_are_marked(body: str, asked: str, marked: str) -> None:
    """Across inline tags, not across blocks nor in attributes; of a question its parts."""
    assert mark_hits(body, asked) == marked


@given(st.lists(st.sampled_from(["<p>", "</p>", "<b>", "核", "战", "a", "&amp;", "&lt;"])))
def test_only_marks_are_added(pieces: list[str]) -> None:
    """Without its marks a body is what it was."""
    body = "".join(pieces)
    assert re.sub("</?mark[^>]*>", "", mark_hits(body, "核战 a amp")) == body


def test_results_lead_to_the_hit(site: Visitor) -> None:
    """A result's link has the search in it, and its page marks the words and has the anchor."""
    page = site.page(f"/search?q={quote('彗星')}")
    (link, *_) = page.xpath("//*[@class='card-title']/a/@href")
    assert link.endswith("#hit")
    article = site.page(link.removeprefix("http://localhost").removesuffix("#hit"))
    assert article.xpath("//*[@class='prose']//mark[@id='hit']/text()") == ["彗星"]
    assert not site.page(link.removeprefix("http://localhost").partition("?")[0]).xpath("//mark")
