"""What search engines are told of an article."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clippings.site.structured_data import news_article

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


@given(st.text(max_size=60))
def test_json_ld_cannot_leave_its_script(title: str) -> None:
    """Whatever the title, the JSON holds it and nothing in it ends the script element."""
    text = news_article(ARTICLE | {"title": title or "x"}, "https://example.com/a", None)
    assert not set("<>&") & set(text)
    assert json.loads(text)["headline"] == (title or "x")
