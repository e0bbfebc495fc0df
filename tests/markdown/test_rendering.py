"""Markdown as safe HTML, and as the text that is read."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clippings.markdown.rendering import ANCHOR, LONGEST, plain_text, render_html
from clippings.reading.time_limit import time_limit


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("# 一、*起*\n\n**粗**与`码`", "一、起\n粗与码"),
        ("- 甲\n- [x] 乙\n  1. 丙\n\n> 引\n> > 深", "甲\n乙\n丙\n引\n深"),
        ('[链](/a "题")与![图](/b.png)与<https://c.example/>', "链与图与https://c.example/"),
        ("[![图](/s.png)](/l.png)", "图"),
        ("[甲][一]与[一]与[乙]\n\n[一]: /x", "甲与一与[乙]"),
        ("| 甲 | 乙\\|丙 |\n| --- | --- |\n| 1 | 2 |", "甲 乙|丙\n1 2"),
        ("```py\nx = '*a*'\n```\n\n文", "x = '*a*'\n文"),
        ("> ```\n> > a\n> ```", " > a"),
        ("题\n===\n\n文\n\n---\n\n尾", "题\n文\n尾"),
        (r"1\. 甲 \*乙\* [x\](y) C:\名", "1. 甲 *乙* [x](y) C:\\名"),
        ("&lt;b&gt; &#20013; &nope; AT&T", "<b> 中 &nope; AT&T"),
        ("H<sub>2</sub>O<br>行<!-- 注 -->尾 3 < 5", "H2O\n行尾 3 < 5"),
        ("snake_case __粗__ _斜_ 5 * 3 3~5 ~~删~~", "snake_case 粗 斜 5 * 3 3~5 删"),
        ("`` a`b `` ` 单", "a`b ` 单"),
        ("行一  \n行二\\\n行三", "行一\n行二\n行三"),
        ("", ""),
    ],
)
def test_plain_text(markdown: str, expected: str) -> None:
    """No syntax and no address, but every word, the code, and what a picture shows."""
    assert [line.strip() for line in plain_text(markdown).split("\n")] == [
        line.strip() for line in expected.split("\n")
    ]


@given(st.text(st.characters(exclude_categories=())))
def test_any_string_renders(markdown: str) -> None:
    """Neither function raises, and neither gives what cannot be stored."""
    render_html(markdown).encode()
    plain_text(markdown)


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        (
            "[链](https://a.example/)",
            '<p><a href="https://a.example/" rel="nofollow ugc noopener noreferrer">链</a></p>',
        ),
        ("[信](mailto:a@b.example)[近](../b#c)", 'href="../b#c"'),
        ("![图](/a.png)", 'loading="lazy"'),
        ("![图](/a.png)", 'decoding="async"'),
        ("![图](/a.png)", 'referrerpolicy="no-referrer"'),
        ("```python\nx\n```", '<pre><code class="language-python">x'),
        ("|甲|乙|\n|-|:-:|\n|1|2|", '<div class="table"><table>'),
        ("|甲|乙|\n|-|:-:|\n|1|2|", '<td align="center">2</td>'),
        ("~~删~~", "<del>删</del>"),
        ("- [x] 做\n- [ ] 未", "<li>☑ 做</li>\n<li>☐ 未</li>"),
        ("5. 五", '<ol start="5">'),
        (
            "H<sub>2</sub> <ruby>漢<rt>かん</rt></ruby> <kbd>x</kbd> <mark>y</mark> <ins>z</ins>",
            "H<sub>2</sub> <ruby>漢<rt>かん</rt></ruby> <kbd>x</kbd> <mark>y</mark> <ins>z</ins>",
        ),
        ("<details>\n<summary>题</summary>\n\n文\n\n</details>", "<summary>题</summary>"),
        ("<dl>\n<dt>词</dt>\n<dd>义</dd>\n</dl>", "<dd>义</dd>"),
    ],
)
def test_render_html(markdown: str, expected: str) -> None:
    """What Markdown says, and the HTML that is Markdown too, with the attributes the site needs."""
    assert expected in render_html(markdown)


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        '<a href="jAvA\tscript:alert(1)">x</a>',
        '<a href="&#106;avascript:alert(1)">x</a>',
        "<img src=x onerror=alert(1)>",
        "![x](data:text/html,x)",
        "<iframe srcdoc='<script>'></iframe>",
        "<svg><script>x</script></svg>",
        "<p style='position:fixed'>x</p>",
        "<form action=/x><input></form>",
        "<h1 id='menu' class='x'>x</h1>",
        '```x" onclick="y\nz\n```',
        "[x](vbscript:x)[y](file:///etc)",
    ],
)
def test_nothing_that_runs_comes_through(markdown: str) -> None:
    """No script, handler, style, form, frame, foreign id or address that runs code."""
    page = render_html(markdown)
    assert not re.search(r"<(?:script|iframe|svg|form|input|style)|<[^>]*\s(?:on\w+|style)=", page)
    assert not re.search(r"(?:href|src)=\"(?:javascript|vbscript|data|file):", page)
    assert not re.search(rf"id=\"(?!{ANCHOR})", page)


def test_headings_have_anchors_of_their_own() -> None:
    """An anchor is made of the heading's words, Chinese kept, and no two are the same."""
    page = render_html("# 一、起\n\n## 同\n\n## 同\n\n## *Two* `words`\n\n## ！\n\n<h2>甲</h2>")
    assert re.findall(r'<h\d id="([^"]+)"', page) == [
        "h-一-起",
        "h-同",
        "h-同-2",
        "h-two-words",
        "h-section",
        "h-甲",
    ]


@pytest.mark.parametrize(
    "crafted",
    ["> " * 1000 + "x", "- " * 1000 + "x", "<div>\n\n" * 50_000, "a" * (LONGEST + 1)],
    ids=lambda crafted: crafted[:6],
)
def test_crafted_text_is_shown_as_it_is(crafted: str) -> None:
    """What would take the sanitiser long is escaped, not parsed."""
    page = render_html(crafted)
    assert page.startswith("<pre>")
    assert "<" not in page.removeprefix("<pre>").removesuffix("</pre>")


@pytest.mark.parametrize(
    "crafted",
    [
        "![" * 50_000,
        "[" * 100_000,
        "*a **b " * 20_000,
        "a|b\n-|-\n" + "|\n" * 60_000,
        "- x\n" * 20_000,
        "`" + "``".join("a" * 50_000),
        "[a](b " * 20_000,
    ],
    ids=lambda crafted: crafted[:6],
)
def test_crafted_text_is_rendered_at_once(crafted: str) -> None:
    """Signs that once cost a parser hours are read in one pass."""
    with time_limit(5):
        assert not render_html(crafted).startswith("<pre>")


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "`" + "``".join("a" * n),
        lambda n: "[" * n + "]" * n,
        lambda n: "<!-- " * n,
        lambda n: "\t" * n,
        lambda n: "".join("  " * (i % 500) + "- x\n" for i in range(n // 100)),
        lambda n: "[a](b " * n,
        lambda n: "&a" * n,
        lambda n: "|:-" * n,
        lambda n: "> " * n,
    ],
)
def test_plain_text_of_crafted_text_ends(make: object) -> None:
    """A hundred thousand of anything are read in one pass; a quadratic one would not end."""
    plain_text(make(100_000))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("正文[^1]\n\n[^1]: 脚注", "正文[^1]\n[^1]: 脚注"),
        ("[^注]: 几个 词的 脚注", "[^注]: 几个 词的 脚注"),
        ("> [^1]: 引文里的脚注", "[^1]: 引文里的脚注"),
    ],
)
def test_footnotes_are_text(markdown: str, text: str) -> None:
    """CommonMark has none: mark and note are shown and found as they are written."""
    assert plain_text(markdown) == text
    shown = re.sub(r"<[^>]+>", "", render_html(markdown))
    assert shown.split() == text.split()


def test_footnotes_in_code_are_code() -> None:
    """A code block that shows a footnote keeps it as it is."""
    assert "<code>[^1]: 脚注\n</code>" in render_html("```\n[^1]: 脚注\n```\n\n[^2]: 注")


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("[这里][a]\n\n[a]: https://example.com/y '题'", "这里"),
        ("[a]: <https://example.com/a b>", ""),
        ("[说明]: 这 不是 定义", "[说明]: 这 不是 定义"),
    ],
)
def test_only_a_definition_shows_nothing(markdown: str, text: str) -> None:
    """Label, address, a title perhaps, and nothing else on the line; other lines are text."""
    assert plain_text(markdown) == text


def test_what_is_added_to_pictures_stands_in_one_order() -> None:
    """The same Markdown gives the same HTML each time; what looks like it elsewhere stays."""
    markdown = """![图](//h.example/a.png "<img loading='lazy'>") `<img loading="lazy" src="x">`"""
    assert {render_html(markdown) for _ in range(30)} == {
        '<p><img loading="lazy" decoding="async" referrerpolicy="no-referrer"'
        ' src="//h.example/a.png" alt="图" title="&lt;img loading=\'lazy\'&gt;">'
        ' <code>&lt;img loading="lazy" src="x"&gt;</code></p>\n'
    }


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://h.example/a.png", True),
        ("//h.example/a.png", True),
        ("/static/a/b.png", True),
        ("/?_lang=en", False),
        ("/clippings/articles.png", False),
        ("a.png", False),
        ("https:a.png", False),
        ("https:///a.png", False),
        ("/static/../?_lang=en", False),
        ("/static/%2E%2e/-/sql", False),
        ("/static/a.png?_lang=en", False),
    ],
)
def test_a_picture_asks_another_host_or_for_a_file(address: str, shown: bool) -> None:
    """A picture with an address of the site itself would be a request in its reader's name."""
    for markdown in (f"![图]({address})", f'<img src="{address}" alt="图">'):
        page = render_html(markdown)
        assert ("src=" in page, 'alt="图"' in page) == (shown, True)


def test_a_heading_names_itself_only_as_we_name_it() -> None:
    """Ids and classes of an article's own are not kept, on headings and on frames of tables."""
    page = render_html('<h2 id="h-search" class="x">甲</h2>\n<div class="menu">乙</div>')
    assert page.count("id=") == 1 and 'id="h-甲"' in page
    assert "menu" not in page and "class=" not in page


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "- x\n" * n,
        lambda n: "".join(f"<li>{i}\n" for i in range(n)),
        lambda n: "<h1>" * n,
        lambda n: "<h1>" + "x" * 10 * n,
        lambda n: "[^x" * n,
        lambda n: "<img " * n,
        lambda n: "> a\n\n" * n,
        lambda n: "# a\n" * n,
        lambda n: "*a* " * n,
    ],
)
def test_rendering_grows_in_proportion(make: Callable[[int], str]) -> None:
    """Four times the text takes at most twelve times as long; quadratic would be sixteen."""
    short, long = (min(_seconds(render_html, make(size)) for _ in "12") for size in (1000, 4000))
    assert long < 12 * max(short, 0.02)


def _seconds(function: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    function(text)
    return time.process_time() - start
