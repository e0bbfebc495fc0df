"""Entries of a bibliography: nothing in an article ends a field, and nothing is made up."""

from __future__ import annotations

import re

import pytest

from clippings.dataset.bibliography import as_bibtex, as_csl, as_line, as_ris

ARTICLE = {
    "id": 7,
    "title": "桥 & {tolls}\nER  - \n",
    "author": None,
    "source": "示例_日报",
    "language": "zh-Hans",
    "day": "2022-01-11",
    "url": "https://example.org/a b}\\",
    "accessed": "2026-11-27",
}
BARE = dict.fromkeys(ARTICLE) | {"id": 7, "title": "x"}


def test_bibtex() -> None:
    """What TeX would read is escaped; braces are balanced and every field ends on its line."""
    text = as_bibtex(ARTICLE)
    assert (
        "title = {{桥 \\& \\{tolls\\} ER -}}" in text and "organization = {{示例\\_日报}}" in text
    )
    assert "url = {https://example.org/a%20b%7D%5C}" in text and "urldate = {2026-11-27}" in text
    unescaped = re.sub(r"\\[{}]", "", text)
    assert unescaped.count("{") == unescaped.count("}")


def test_line() -> None:
    """Author, title, source, day and address; what is not known is left out."""
    cited = ARTICLE | {"title": "标题", "author": "记者", "url": "https://example.com/a"}
    assert as_line(cited) == (
        "记者. 标题[EB/OL]. 示例_日报, (2022-01-11)[2026-11-27]. https://example.com/a"
    )
    bare = cited | dict.fromkeys(("author", "source", "day"))
    assert as_line(bare) == "标题[EB/OL]. [2026-11-27]. https://example.com/a"


def test_ris() -> None:
    """A tag a line, one end of record, dates with slashes."""
    lines = as_ris(ARTICLE).split("\r\n")
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]  - .*", line) for line in lines[:-1])
    assert [line for line in lines if line.startswith("ER")] == ["ER  - "]
    assert {"DA  - 2022/01/11", "Y2  - 2026/11/27", "AU  - 示例_日报"} <= set(lines)


def test_csl() -> None:
    """Dates are parts, names are literal."""
    item = as_csl(ARTICLE)
    assert item["issued"] == {"date-parts": [[2022, 1, 11]]}
    assert item["author"] == [{"literal": "示例_日报"}] and item["type"] == "webpage"


@pytest.mark.parametrize("write", [as_bibtex, as_ris, as_csl])
def test_what_is_not_known_is_left_out(write: object) -> None:
    """An article with a title alone."""
    assert "None" not in str(write(BARE)) and "date" not in str(write(BARE))  # type: ignore[operator]
