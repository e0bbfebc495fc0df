"""The gate: what the Markdown keeps of the HTML does not fall below the committed floors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from conftest import benchmark_named

from clippings.markdown.elements import NAMES

fidelity = benchmark_named("fidelity")


def test_the_cases_hold_their_floors() -> None:
    """The project's own cases keep what they kept when the floors were committed."""
    bodies = list(fidelity.case_bodies())
    known = json.loads(fidelity.FLOORS.read_text())["cases"]
    assert fidelity.digest(bodies) == known["digest"], "cases changed: run benchmarks/fidelity.py"
    assert fidelity.too_low("cases", fidelity.measure(bodies)[0], known["digest"]) == []


def test_the_corpus_holds_its_floors() -> None:
    """Real bodies of the archive keep their text, links, pictures, marks, lists, tables, code."""
    if not fidelity.CORPUS.is_dir():
        pytest.skip("the corpus does not stand beside the checkout (../shared/corpus/rsshub)")
    bodies = list(fidelity.corpus_bodies())
    scores, worst = fidelity.measure(bodies)
    assert fidelity.too_low("rsshub", scores, fidelity.digest(bodies)) == [], worst


def is_words(html: str) -> bool:
    """Whether a text has what a browser shows nothing of and we keep: <![CDATA[, a tag that is cut
    short, or an element that never ends and that HTML has not."""
    unknown = {*re.findall(r"<([a-z][\w-]*)", html)} - NAMES
    is_cut = re.search(r"<!\[CDATA\[|<[^<>]*$", html)
    return bool(is_cut) or any(f"</{name}" not in html for name in unknown)


@pytest.mark.parametrize(("name", "pages"), [("commonmark", 85), ("gfm", 85)])
def test_the_examples_of_the_specifications_go_round(name: str, pages: int) -> None:
    """Every example keeps its text, and so many percent of them the very HTML (stock: 85)."""
    examples = dict(fidelity.specifications()).get(name)
    if not examples:
        pytest.skip(
            "their examples are in the sources of marko: pip download marko --no-deps"
            " --no-binary marko --dest build/specifications"
        )
    same = {
        e: fidelity.round_trip(e, fidelity.markdown_of) for e in examples if not is_words(e.html)
    }
    assert [example for example, (text, _) in same.items() if not text] == []
    kept = [page for example, (_, page) in same.items() if example.is_markdown]
    assert sum(kept) >= pages / 100 * len(kept)


PAGE = """<div><p>第一段，<b>粗体</b>与<i>斜体</i>和<del>删去</del>，水是 H<sub>2</sub>O。</p>
<p>Second <a href="/a" title="去处">link text</a> and <code>snake_case</code><br>另一行</p>
<p><img src="/a.jpg" alt="一座桥" title="桥"></p><h2>小标题</h2><hr>
<ul><li>甲</li><li>乙</li></ul><ol><li>一</li><li>二</li></ol><blockquote>引文</blockquote>
<pre><code class="language-py">if x:
    y()

z()</code></pre><table><tr><th>甲栏</th><th>乙栏</th></tr><tr><td>1</td><td>2</td></tr></table>
<dl><dt>词</dt><dd>义</dd></dl><details><summary>题</summary>细节</details>
<iframe src="/v"></iframe><p>末段</p></div>"""


def replaced(old: str, new: str) -> Callable[[str], str]:
    def fault(markdown: str) -> str:
        assert old in markdown, markdown
        return markdown.replace(old, new)

    return fault


def substituted(pattern: str, new: str) -> Callable[[str], str]:
    return lambda markdown: re.sub(pattern, new, markdown, flags=re.MULTILINE | re.DOTALL)


FAULTS: list[tuple[str, str, Callable[[str], str]]] = [
    ("all paragraphs are one", "lines", substituted(r"\n\n(?=[^\n])", " ")),
    ("two paragraphs are one", "lines", replaced("O。\n\nSecond", "O。Second")),
    ("a break is nothing", "lines", replaced("  \n另一行", "另一行")),
    ("a break is a space", "lines", replaced("  \n另一行", " 另一行")),
    ("a paragraph is lost", "lines", replaced("\n\n末段", "")),
    ("a word is cut", "words", replaced("link text", "li nk text")),
    ("two words are one", "words", replaced("link text", "linktext")),
    ("a letter is lost", "lines", replaced("末段", "末")),
    ("links are lost", "links", replaced('[link text](/a "去处")', "link text")),
    ("an address is another", "links", replaced("(/a ", "(/b ")),
    ("titles are lost", "titles", substituted(r' "[^"\n]*"\)', ")")),
    ("pictures are lost", "images", substituted(r"!\[[^\]]*\]\([^)]*\)", "")),
    ("alternative texts are lost", "alt texts", replaced("![一座桥]", "![]")),
    ("what is embedded is lost", "embeds", substituted(r"\[[^\]]*\]\(/v\)", "")),
    ("headings are paragraphs", "headings", replaced("## ", "")),
    ("headings have another level", "headings", replaced("## ", "### ")),
    ("items are one", "list items", replaced("- 甲\n- 乙", "- 甲 乙")),
    ("numbers are bullets", "ordered lists", substituted(r"^\d\. ", "- ")),
    ("quotes are paragraphs", "quotes", replaced("> 引文", "引文")),
    ("tables are taken apart", "table rows", substituted(r"^\|[^\n]*\|$", "甲栏 乙栏 1 2")),
    ("code is prose", "code blocks", substituted(r"^```\w*$", "")),
    ("lines of code are joined", "code blocks", replaced("y()\n\nz()", "y() z()")),
    ("empty lines of code go", "code blocks", replaced("y()\n\nz()", "y()\nz()")),
    ("code loses its indent", "code blocks", replaced("    y()", "y()")),
    ("languages are lost", "languages", replaced("```py", "```")),
    ("code in a line is text", "code spans", replaced("`snake_case`", "snake_case")),
    ("bold is lost", "bold", replaced("**粗体**", "粗体")),
    ("italics are lost", "italics", replaced("*斜体*", "斜体")),
    ("what is struck out is not", "struck out", replaced("~~", "")),
    ("what is lowered is not", "raised and lowered", substituted("</?sub>", "")),
    ("rules are lost", "rules", replaced("\n---\n", "\n")),
    ("definitions are paragraphs", "definitions", substituted("</?d[ltd]>", "")),
    ("details are paragraphs", "details", substituted("</?(?:details|summary)>", "\n\n")),
]


def test_the_gate_has_nothing_to_say_of_a_page_that_is_kept() -> None:
    """What is lost below is lost by the faults alone."""
    scores = fidelity.compare(PAGE, fidelity.markdown_of)
    assert {kind for kind, (kept, there) in scores.items() if kept < there} == set()
    assert {kind for kind, (_, there) in scores.items() if not there} == set()


@pytest.mark.parametrize(
    ("kind", "fault"), [(k, f) for _, k, f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_the_gate_catches_each_fault(kind: str, fault: Callable[[str], str]) -> None:
    """A gate that cannot fail holds nothing: each deliberate fault lowers the score of its kind."""
    scores = fidelity.compare(PAGE, lambda body: fault(fidelity.markdown_of(body)))
    assert scores[kind][0] < scores[kind][1]
    assert scores["documents"] == (0, 1)
