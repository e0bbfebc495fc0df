"""The body of an article for its page, and its contents."""

from __future__ import annotations

import pytest
from lxml import html

from clippings.site.article_body import contents, minutes, page_html
from clippings.site.i18n import translator

T = translator("zh-Hans")


def body(markdown: str, pictures: bool = True, prefix: str = "/") -> html.HtmlElement:
    return html.fragment_fromstring(
        page_html(markdown, T, pictures=pictures, prefix=prefix), create_parent="div"
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
    two = page_html("# 一\n\n## 二 `x`\n", T, pictures=True, prefix="/")
    three = page_html("# 一\n\n## 二 `x` & y\n\n### 三\n", T, pictures=True, prefix="/")
    assert contents(two) == []
    assert [(level, text) for level, _, text in contents(three)] == [
        (1, "一"),
        (2, "二 x & y"),
        (3, "三"),
    ]
    ids = html.fromstring(three).xpath("//@id")
    assert [anchor for _, anchor, _ in contents(three)] == ids


def test_contents_have_no_empty_entries() -> None:
    """A heading of a picture only is none of the contents."""
    page = page_html("# 一\n\n## ![](/a.png)\n\n## 二\n\n## 三\n", T, pictures=True, prefix="/")
    assert [text for _, _, text in contents(page)] == ["一", "二", "三"]


@pytest.mark.parametrize(
    ("markdown", "headings"),
    [
        ("# 标题\n\n文", []),
        ("## *标* 题！\n", []),
        ("## 标题一\n", ["标题一"]),
        ("文\n\n# 标题\n", ["标题"]),
    ],
)
def test_a_first_heading_that_is_the_title_is_left_out(markdown: str, headings: list[str]) -> None:
    """The page has the title above the body already."""
    page = page_html(markdown, T, pictures=True, prefix="/", title="标题")
    found = html.fragment_fromstring(page, create_parent="div")
    assert [each.text_content() for each in found.xpath("//h1 | //h2")] == headings


def test_tables_have_names_of_their_own() -> None:
    """A screen reader's list of regions tells them apart."""
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    names = body(table + "文\n\n" + table).xpath("//*[@role='region']/@aria-label")
    assert len(names) == len(set(names)) == 2


@pytest.mark.parametrize(
    ("characters", "language", "expected"),
    [(0, None, 1), (100, "zh-Hans", 1), (4000, "zh-Hant", 10), (11_000, "en", 10), (1100, None, 1)],
)
def test_minutes(characters: int, language: str | None, expected: int) -> None:
    """Reading takes as long as the script needs, and never no time."""
    assert minutes(characters, language) == expected
