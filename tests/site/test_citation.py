"""How an article is cited, and what search engines are told of it."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clippings.site.citation import bibtex, cite, news_article, ris

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
    address = "https://example.com/a"
    assert cite(ARTICLE, address, "2026-01-02") == (
        "记者. 标题：一 & 二[EB/OL]. 示例日报, (2022-01-11)[2026-01-02]. https://example.com/a"
    )
    bare = ARTICLE | {"author": None, "source": None, "day": None}
    assert cite(bare, address, "2026-01-02") == (
        "标题：一 & 二[EB/OL]. [2026-01-02]. https://example.com/a"
    )


def test_bibtex() -> None:
    """An entry for BibLaTeX: names keep their letters, dates are dates."""
    assert bibtex(ARTICLE, "https://example.com/a", "2026-01-02").splitlines() == [
        "@online{clippings7,",
        r"  title = {{标题：一 \& 二}},",
        "  author = {{记者}},",
        "  organization = {{示例日报}},",
        "  year = {2022},",
        "  date = {2022-01-11},",
        "  urldate = {2026-01-02},",
        "  url = {https://example.com/a}",
        "}",
    ]


@given(st.text(max_size=60))
def test_bibtex_is_balanced(title: str) -> None:
    """Whatever the title, the braces of the entry match and each field is on one line."""
    entry = bibtex(ARTICLE | {"title": title}, "https://example.com/a", "2026-01-02")
    unescaped = re.sub(r"\\.", "", entry)
    assert unescaped.count("{") == unescaped.count("}")
    assert entry.splitlines()[-2] == "  url = {https://example.com/a}"


@given(st.text(max_size=60))
def test_ris_is_a_field_a_line(title: str) -> None:
    """Whatever the title, each line is a tag of two characters and its value."""
    lines = ris(ARTICLE | {"title": title}, "https://example.com/a", "2026-01-02").split("\r\n")
    assert lines[0] == "TY  - ELEC" and lines[-2:] == ["ER  - ", ""]
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines[:-1])
    assert "UR  - https://example.com/a" in lines and "Y2  - 2026/01/02" in lines


@given(st.text(max_size=60))
def test_json_ld_cannot_leave_its_script(title: str) -> None:
    """Whatever the title, the JSON holds it and nothing in it ends the script element."""
    text = news_article(ARTICLE | {"title": title or "x"}, "https://example.com/a", None)
    assert not set("<>&") & set(text)
    assert json.loads(text)["headline"] == (title or "x")
