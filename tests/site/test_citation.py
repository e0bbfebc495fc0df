"""How an article is cited, and what search engines are told of it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clippings.site.citation import cite, news_article

ARTICLE: dict[str, Any] = {
    "id": 7,
    "title": "标题：一 & 二",
    "summary": "摘要",
    "author": "记者",
    "source": "示例日报",
    "section": "新媒体",
    "day": "2022-01-11",
    "published": "2022-01-11T22:12:40",
    "updated": None,
    "language": "zh-Hans",
    "url": None,
}


def test_citation_says_who_what_where_and_when() -> None:
    """A citation names author, title, source, day and address, and leaves out what is not known."""
    cited = ARTICLE | {"url": "https://example.com/a", "accessed": "2026-01-02"}
    assert cite(cited) == (
        "记者. 标题：一 & 二[EB/OL]. 示例日报, (2022-01-11)[2026-01-02]. https://example.com/a"
    )
    bare = cited | {"author": None, "source": None, "day": None}
    assert cite(bare) == ("标题：一 & 二[EB/OL]. [2026-01-02]. https://example.com/a")


@given(st.text(max_size=60))
def test_json_ld_cannot_leave_its_script(title: str) -> None:
    """Whatever the title, the JSON holds it and nothing in it ends the script element."""
    text = news_article(ARTICLE | {"title": title or "x"}, "https://example.com/a", None)
    assert not set("<>&") & set(text)
    assert json.loads(text)["headline"] == (title or "x")
