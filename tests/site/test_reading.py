"""An article made ready to be read: its body, its contents, its files and its citations."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import html

from clippings.reading.frontmatter import parse_article
from clippings.site.i18n import wording
from clippings.site.reading import (
    as_markdown_file,
    bibtex,
    changed_title,
    cite,
    contents,
    minutes,
    news_article,
    page_html,
)

SAY = wording("zh-Hans")
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


def body(markdown: str, pictures: bool = True, prefix: str = "/") -> html.HtmlElement:
    return html.fragment_fromstring(
        page_html(markdown, SAY, pictures=pictures, prefix=prefix), create_parent="div"
    )


@pytest.mark.parametrize(
    ("address", "prefix", "shown"),
    [
        ("/static/a.png", "/", "/static/a.png"),
        ("/static/a.png", "/kept/", "/kept/static/a.png"),
        ("https://example.com/a.png", "/kept/", "https://example.com/a.png"),
        ("//example.com/a.png", "/kept/", "//example.com/a.png"),
    ],
)
def test_picture_addresses_fit_the_prefix(address: str, prefix: str, shown: str) -> None:
    """A picture of ours is below the site's prefix; any other is where it is."""
    assert body(f"![图]({address})", prefix=prefix).xpath("//img/@src") == [shown]


def test_pictures_as_links() -> None:
    """Where pictures are not wanted, a link says what there is to see."""
    (link,) = body("![雪后的桥](https://example.com/a.png)", pictures=False).xpath("//a")
    assert link.text == "图片 · 雪后的桥"
    assert link.get("href") == "https://example.com/a.png"


@pytest.mark.parametrize(
    ("markdown", "name"),
    [
        ("[![](/static/a.png)](https://h.example/x?b=c)", "h.example"),
        ("[![](/static/a.png) ![](/b.png)](/down/here)", "/down/here"),
        ("[![雪后的桥](/static/a.png)](https://h.example/)", None),
        ("[![](/static/a.png) 看大图](https://h.example/)", None),
    ],
)
def test_link_around_a_silent_picture_has_a_name(markdown: str, name: str | None) -> None:
    """A link whose picture has no description is named by where it leads; others need no name."""
    (link,) = body(markdown).xpath("//a")
    assert link.get("aria-label") == name
    assert link.xpath(".//img")


def test_link_around_nothing_is_left_out() -> None:
    """What nobody can see or follow is no stop for the keyboard."""
    assert not body("一[](https://h.example/)二").xpath("//a")


@pytest.mark.parametrize("inside", ["<img src=x onerror=x()></a>", "</a><img src=x onerror=x()>"])
def test_markup_in_an_attribute_stays_there(inside: str) -> None:
    """What looks like a tag in the title of a link becomes none."""
    for text in ("", "![](/static/a.png)", "词"):
        page = body(f"[{text}](https://h.example/ '>{inside}')")
        assert not page.xpath("//*[@onerror] | //img[@src='x']")


@pytest.mark.parametrize("alt", ['a" onerror="x', "<b>", "a > b", "a & b"])
def test_alternative_text_stays_text(alt: str) -> None:
    """Whatever a description holds, it is one attribute of one picture."""
    (image,) = body(f"![{alt}](/static/a.png)").xpath("//img")
    assert image.get("alt") == alt
    assert image.get("onerror") is None


def test_code_is_coloured_and_unchanged() -> None:
    """Colours change no character of the code; an unknown language stays as it is."""
    code = 'if a < b and c > "&lt;":\n    print("核战争")\n'
    for language in ("python", "nonsense"):
        found = body(f"```{language}\n{code}```")
        assert found.xpath("string(//pre)") == code
        assert bool(found.xpath("//pre//span")) is (language == "python")


def test_contents_from_three_headings() -> None:
    """Two headings need no contents; three have them, with anchors that are there."""
    two = page_html("# 一\n\n## 二 `x`\n", SAY, pictures=True, prefix="/")
    three = page_html("# 一\n\n## 二 `x` & y\n\n### 三\n", SAY, pictures=True, prefix="/")
    assert contents(two) == []
    assert [(found.level, found.text) for found in contents(three)] == [
        (1, "一"),
        (2, "二 x & y"),
        (3, "三"),
    ]
    ids = html.fromstring(three).xpath("//@id")
    assert [found.anchor for found in contents(three)] == ids


@pytest.mark.parametrize(
    ("characters", "language", "expected"),
    [(0, None, 1), (100, "zh-Hans", 1), (4000, "zh-Hant", 10), (11_000, "en", 10), (1100, None, 1)],
)
def test_minutes(characters: int, language: str | None, expected: int) -> None:
    """Reading takes as long as the script needs, and never no time."""
    assert minutes(characters, language) == expected


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
    text = as_markdown_file(json.dumps({"title": "标题", **front_matter}), "正文")
    parsed = parse_article("a.md", text.encode())
    assert parsed.front_matter == {"title": "标题", **front_matter}
    assert parsed.body.strip() == "正文"


@pytest.mark.parametrize(
    ("title", "other", "marked"),
    [
        ("江城二桥今晨合龙", "江城二桥今晨顺利合龙", ["顺利"]),
        ("Bridge closed at 7.5 mm", "Bridge opened at 7.5 mm", ["opened"]),
        ("同一个标题", "同一个标题", []),
        ("江城二桥今晨合龙", "彗星来了", []),
    ],
)
def test_changed_title(title: str, other: str, marked: list[str]) -> None:
    """What another title says besides is marked, in whole words; of another one, nothing."""
    pieces = changed_title(title, other)
    assert "".join(text for text, _ in pieces) == other
    assert [text for text, changed in pieces if changed] == marked


def test_citation_says_who_what_where_and_when() -> None:
    """A citation names author, title, source, day and address, and leaves out what is not known."""
    address = "https://example.com/a"
    assert cite(ARTICLE, address) == (
        "记者. 标题：一 & 二[EB/OL]. 示例日报, (2022-01-11). https://example.com/a"
    )
    bare = ARTICLE | {"author": None, "source": None, "day": None}
    assert cite(bare, address) == "标题：一 & 二[EB/OL]. https://example.com/a"


def test_bibtex() -> None:
    """An entry for BibLaTeX: names keep their letters, dates are dates."""
    assert bibtex(ARTICLE, "https://example.com/a").splitlines() == [
        "@online{clippings7,",
        r"  title = {{标题：一 \& 二}},",
        "  author = {{记者}},",
        "  organization = {{示例日报}},",
        "  year = {2022},",
        "  date = {2022-01-11},",
        "  url = {https://example.com/a}",
        "}",
    ]


@given(st.text(max_size=60))
def test_bibtex_is_balanced(title: str) -> None:
    """Whatever the title, the braces of the entry match and each field is on one line."""
    entry = bibtex(ARTICLE | {"title": title}, "https://example.com/a")
    unescaped = re.sub(r"\\.", "", entry)
    assert unescaped.count("{") == unescaped.count("}")
    assert entry.splitlines()[-2] == "  url = {https://example.com/a}"


@given(st.text(max_size=60))
def test_json_ld_cannot_leave_its_script(title: str) -> None:
    """Whatever the title, the JSON holds it and nothing in it ends the script element."""
    text = news_article(ARTICLE | {"title": title or "x"}, "https://example.com/a", None)
    assert not set("<>&") & set(text)
    assert json.loads(text)["headline"] == (title or "x")
