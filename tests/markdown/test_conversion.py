"""HTML and Markdown bodies as Markdown: what each construct becomes, and that nothing breaks it."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from markdownify import MarkdownConverter
from turbohtml import Element

from clippings.markdown import converter, tree
from clippings.markdown.conversion import MOST_GROWTH, to_markdown
from clippings.markdown.converter import Converter
from clippings.markdown.guard import lost_text
from clippings.markdown.rendering import plain_text
from clippings.markdown.source import is_html
from clippings.markdown.tree import Document
from clippings.models import Image, Link

CASES = Path(__file__).parent


def read_cases() -> Iterator[Any]:
    """Read the case files: title [codes], input, Markdown."""
    for file in sorted(CASES.glob("*.txt")):
        blocks = re.split(r"^\.\n", file.read_text("utf-8"), flags=re.MULTILINE)
        for title, given_text, expected in zip(*(blocks[n::3] for n in range(3)), strict=False):
            name, _, codes = title.strip().partition(" [")
            values = given_text.removesuffix("\n"), expected.removesuffix("\n"), codes.rstrip("]")
            yield pytest.param(*values, id=f"{file.stem}: {name}")


CASES_READ = list(read_cases())


def codes(body: str) -> list[str]:
    return [diagnostic.code for diagnostic in to_markdown(body).diagnostics]


@pytest.mark.parametrize(("body", "expected", "expected_codes"), CASES_READ)
def test_case(body: str, expected: str, expected_codes: str) -> None:
    """Each construct becomes the Markdown that its case shows, with the diagnostics it names."""
    assert to_markdown(body).markdown == expected
    assert " ".join(codes(body)) == expected_codes


@pytest.mark.parametrize(("body", "expected", "_codes"), CASES_READ)
def test_case_stands_in_a_wrapper_too(body: str, expected: str, _codes: str) -> None:
    """HTML as the feeds wrap it, in one <div>, is converted alike."""
    if not is_html(body) or body.startswith("<!") or not body.rstrip().endswith(">"):
        pytest.skip("no HTML fragment that a wrapper can be put around")
    assert to_markdown(f"<div>\n{body}\n</div>").markdown == expected


def test_the_converter_is_markdownify_s() -> None:
    """It can be used wherever markdownify's can, with a tree of BeautifulSoup too."""
    assert isinstance(Converter(), MarkdownConverter)
    assert Converter().convert("<p>甲<b>乙</b></p>") == "甲**乙**"
    soup = BeautifulSoup("<p>甲<b>乙</b></p>", "html.parser")
    assert Converter().convert_soup(soup) == "甲**乙**"


def test_every_method_of_markdownify_has_its_place() -> None:
    """Each tag that markdownify has a method for has one here, a place in a table, or is unseen."""
    methods = [name for name in vars(MarkdownConverter) if name.startswith("convert_")]
    ours = {*converter._METHODS, *converter.WRAPPED, *converter.MARKS, *tree._UNSEEN}
    theirs = {name.removeprefix("convert_") for name in methods}
    assert theirs - ours == {"_document_", "list"}  # which are no tags


@pytest.mark.parametrize(
    ("options", "body", "expected"),
    [
        (
            {"heading_style": "underlined"},
            "<h1>甲</h1><h2>乙乙乙乙</h2><h3>丙</h3>",
            "甲\n===\n\n乙乙乙乙\n----\n\n### 丙",
        ),
        ({"heading_style": "atx_closed"}, "<h2>甲</h2>", "## 甲 ##"),
        ({"bullets": "*+"}, "<ul><li>甲<ul><li>乙</li></ul></li></ul>", "* 甲\n  + 乙"),
        ({"code_language": "py"}, "<pre>x</pre>", "```py\nx\n```"),
        ({"code_language": "py"}, "<pre class='lang-go'>x</pre>", "```go\nx\n```"),
        ({"code_language_callback": attrgetter("tag")}, "<pre>x</pre>", "```pre\nx\n```"),
        ({"autolinks": False}, "<a href='http://a/'>http://a/</a>", "[http://a/](http://a/)"),
        ({"default_title": True}, "<a href='/a'>甲</a>", '[甲](/a "/a")'),
        ({"strip": ["a", "b"]}, "<p><a href='/a'>甲</a><b>乙</b><i>丙</i></p>", "甲乙*丙*"),
        ({"convert": ["p", "b"]}, "<p><a href='/a'>甲</a></p><p><b>乙</b></p>", "甲\n\n**乙**"),
        ({"sub_symbol": "~", "sup_symbol": "^"}, "H<sub>2</sub>O<sup>3</sup>", "H~2~O^3^"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_options_of_markdownify(options: dict[str, Any], body: str, expected: str) -> None:
    """What is asked for is done."""
    assert Converter(**options).convert(body) == expected


def test_an_option_that_is_not_obeyed_is_an_error() -> None:
    """Nothing is ignored in silence; two that exclude each other are refused by markdownify."""
    with pytest.raises(TypeError, match="wrap_width"):
        Converter(wrap_width=20)
    with pytest.raises(ValueError, match="not both"):
        Converter(strip=["a"], convert=["b"])


def test_methods_of_a_subclass_are_called() -> None:
    """As in markdownify, a method says what becomes of a tag, also of one that a table has."""

    class Custom(Converter):
        def convert_b(self, el: Element, text: str, parent_tags: frozenset[str]) -> str:
            return f"=={text}=="

        def convert_hr(self, el: Element, text: str, parent_tags: frozenset[str]) -> str:
            return "†"

    assert Custom().convert("<p>甲<b>乙<i>丙</i></b></p><hr>") == "甲==乙*丙*==\n\n†"


def test_links_and_images_stand_in_the_order_of_the_document() -> None:
    """What the database lists is what a reader meets, with text, caption and full address."""
    body = """<div><p>见<a href="/a">甲 <b>乙</b></a></p>
      <figure><img src="b.jpg" alt="图"><figcaption>图一：<i>桥</i></figcaption></figure>
      <a href="https://c.example/"><img src="/d.png" alt="丁"></a></div>"""
    conversion = to_markdown(body, base_url="https://x.example/y/")
    assert conversion.links == (
        Link("https://x.example/a", "甲 乙"),
        Link("https://c.example/", "丁"),
    )
    assert conversion.images == (
        Image("https://x.example/y/b.jpg", "图", "图一：桥"),
        Image("https://x.example/d.png", "丁", ""),
    )


def test_a_markdown_body_reports_its_links_too() -> None:
    """Inline, by reference, as an address, and as a tag; what code shows is no link."""
    body = """# 题

[甲](/a "t")，[乙][二]，<https://c.example/>，<a href="/d">丁</a>，![图](/e.png)

[![戊](/f.png)](/g)

`[己](/h)`

[二]: /b
"""
    conversion = to_markdown(body)
    assert [link.url for link in conversion.links] == ["/a", "/b", "https://c.example/", "/d", "/g"]
    assert [image.url for image in conversion.images] == ["/e.png", "/f.png"]
    assert conversion.markdown == body.strip()


@pytest.mark.parametrize(
    ("body", "features"),
    [
        ("<p>文</p>", set()),
        ("<img src='/a.jpg'>", {"image"}),
        ("<video src='/a.mp4'></video>", {"video"}),
        ("<audio src='/a.mp3'></audio>", {"audio"}),
        ("<table><tr><td>甲<td>乙</table>", {"table"}),
        ("<pre>x</pre>", {"code"}),
        ("# 题\n\n```\nx\n```\n\n甲|乙\n-|-\n", {"code", "table"}),
        ("**文** ![图](/a.png)", {"image"}),
    ],
)
def test_features(body: str, features: set[str]) -> None:
    """What a reader may look for is named, for both kinds of body."""
    assert to_markdown(body).features == features


@pytest.mark.parametrize(
    "body",
    [
        "<div><p># 一</p></div>",
        "文字<br>文字<p>段</p>",
        "<p>1. 一</p><p>2. 二</p>",
        "<!DOCTYPE html><p>**x**</p>",
        "<p>一</p>\n\n<p>二</p>",
        "<section><pre>\n\n# x\n</pre></section>",
    ],
)
def test_html_bodies_are_told(body: str) -> None:
    """Tags, and outside of them no sign of Markdown."""
    assert is_html(body)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "一段文字",
        "3 < 5",
        "<p align='center'>图</p>\n\n# 题\n\n文",
        "文 <br> 文\n\n又一段 <sup>1</sup>",
        "<div>\n\n**文**\n\n</div>",
        "见 [链接](/x) 与 <b>粗</b>",
        "{{< ref >}}<p>文</p>",
        "```html\n<p>文</p>\n```",
    ],
)
def test_markdown_bodies_are_told(body: str) -> None:
    """A sign of Markdown outside of the elements, or no tags at all."""
    assert not is_html(body)


def test_the_guard_sees_what_goes_missing() -> None:
    """A letter, a word or a paragraph that is not in the Markdown is named; moved text is not."""
    root = Document("<div><p>第一段。</p><p>第<b>二</b>段！</p></div>").root
    assert root is not None
    assert lost_text(root, "第一段。\n\n第**二**段！") == ""
    assert Counter(lost_text(root, "第一段。\n\n第段！")) == Counter("二")
    assert Counter(lost_text(root, "第一段。")) == Counter("第二段！")
    assert lost_text(root, "第**二**段！\n\n第一段。") == ""


def test_the_guard_sees_what_a_repair_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repair of the source that drops half of it is found out too."""
    body = "<p>" + "正文" * 500 + "</p></html>"
    assert codes(body) == []
    monkeypatch.setattr(tree, "repaired", lambda text: text[: len(text) // 2])
    assert codes(body) == ["text-lost"]


def test_a_long_page_keeps_what_follows_its_scripts() -> None:
    """`i<n` in a script is no tag, however long the page."""
    body = "<p>前</p><script>for (i=0;i<n;i++) {" + "x = 'y';" * 10_000 + "}</script><p>后</p>"
    assert to_markdown(body).markdown == "前\n\n后"
    body = f"<p>若 a<b {'文' * 60_000}</p><p>后</p>"
    assert to_markdown(body).markdown == f"若 a\\<b {'文' * 60_000}\n\n后"


def test_lost_text_leaves_a_diagnostic(monkeypatch: pytest.MonkeyPatch) -> None:
    """A converter that drops a heading is found out in the build itself."""
    monkeypatch.setitem(converter._METHODS, "h2", lambda *_: "")
    assert codes("<h2>标题在此</h2><p>文</p>") == ["text-lost"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("nested", "<{0}>文" * 3000),
        ("nested and closed", "<{0}>文" * 3000 + "</{0}>" * 3000),
        ("nested in turn", "<ul><li><{0}>文" * 1000),
    ],
)
@pytest.mark.parametrize(
    "tag", "div span blockquote ul ol li table td b a p font details dl pre h1 sup figure".split()
)
def test_deep_nesting_keeps_its_text(name: str, body: str, tag: str) -> None:
    """Thousands of levels are flattened: no crash, every letter there, a bounded size."""
    source = body.format(tag)
    conversion = to_markdown(source)
    assert plain_text(conversion.markdown).count("文") == source.count("文")
    assert len(conversion.markdown) <= MOST_GROWTH * len(source)


def test_flattening_is_told() -> None:
    """What Markdown cannot nest leaves a diagnostic."""
    assert codes("<blockquote>文" * 40) == ["nesting-flattened"]
    assert codes("<div>文" * 3000) == ["nesting-flattened"]
    assert codes("<div>文" * 30) == []


@pytest.mark.parametrize(
    "body",
    [
        "<p " + " ".join(f"a{n}=1" for n in range(30_000)) + ">文</p>",
        "<p " + " ".join(f'a{n}="<>"' for n in range(30_000)) + ">文</p>",
        "<p>文</p>" + "<title>" * 2000,
        "<!--" * 2000 + "文",
        "<a " * 2000 + "文",
        "<p>\0文\ud800\udfff</p>",
        "<table>" + "<tr><td colspan=1000 rowspan=1000>文" * 300,
        "<blockquote><pre>文" + "\n" * 5000 + "x</pre>",
        "&#" * 5000 + "文",
        "# \0文\ud800",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_hostile_bodies(body: str) -> None:
    """Each keeps its text, can be stored as UTF-8, and does not outgrow its input fourfold."""
    markdown = to_markdown(body).markdown
    assert plain_text(markdown).count("文") == body.count("文")
    assert len(markdown) <= MOST_GROWTH * len(body)
    markdown.encode()


LETTERS = "文 字 。 “ ” ： * ** _ ` ~~ # - 1. > | \\ [ ] ( ) ! & &amp; &lt;b&gt; \n \u3000\u3000 a"
PIECES = st.sampled_from(LETTERS.split(" "))
TAGS = st.sampled_from(
    "p div b i del a code span ul ol li h2 h4 blockquote table tr td pre sup br wbr source html"
    " body".split()
)


@st.composite
def pages(draw: st.DrawFn) -> str:
    """HTML of any nesting, most of it broken."""
    parts = draw(
        st.lists(st.tuples(st.sampled_from(["", "<{}>", "</{}>"]), TAGS, PIECES), max_size=25)
    )
    return "".join(tag.format(name) + text for tag, name, text in parts)


@given(pages())
def test_no_letter_of_any_page_is_lost(page: str) -> None:
    """Whatever the tags do, each letter and mark of the text can be read in the Markdown.

    The text is taken from the source, not from the tree: the parser may not lose any either.
    """
    before = Counter(html.unescape(re.sub("<[^>]*>", "\ue000", page)).replace("\ue000", ""))
    conversion = to_markdown(f"<div>{page}</div>")
    lost = before - Counter(plain_text(conversion.markdown))
    assert "".join(lost.elements()).strip() == ""
    assert "text-lost" not in [diagnostic.code for diagnostic in conversion.diagnostics]


@given(st.text(st.characters(exclude_categories=())))
def test_no_string_raises(body: str) -> None:
    """Any string at all, HTML or not, becomes Markdown that can be stored."""
    for text in (body, f"<div>{body}</div>", f"# {body}\n\n<table>{body}"):
        to_markdown(text).markdown.encode()
