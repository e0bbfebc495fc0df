"""The gate: what the Markdown keeps of the HTML does not fall below the committed floors."""

from __future__ import annotations

import json

import pytest
from conftest import benchmark_named

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


@pytest.mark.parametrize(("name", "pages"), [("commonmark", 85), ("gfm", 85)])
def test_the_examples_of_the_specifications_go_round(name: str, pages: int) -> None:
    """Every example keeps its text, and so many percent of them the very HTML (stock: 85)."""
    examples = dict(fidelity.specifications()).get(name)
    if not examples:
        pytest.skip(
            "their examples are in the sources of marko: pip download marko --no-deps"
            " --no-binary marko --dest build/specifications"
        )
    # What a browser shows of <![CDATA[ is not what a feed means by it: its text is kept here.
    same = {
        e: fidelity.round_trip(e, fidelity.markdown_of)
        for e in examples
        if "<![CDATA[" not in e.html
    }
    assert [example for example, (text, _) in same.items() if not text] == []
    kept = [page for example, (_, page) in same.items() if example.is_markdown]
    assert sum(kept) >= pages / 100 * len(kept)


@pytest.mark.parametrize(
    ("kind", "body", "converted"),
    [
        ("links", "<a href='/a'>甲</a>", "甲"),
        ("images", "<img src='/a.jpg'>文", "文"),
        ("headings", "<h2>题</h2>", "题"),
        ("list items", "<ul><li>一<li>二</ul>", "- 一二"),
        ("table rows", "<table><tr><td>甲<td>乙</table>", "甲 乙"),
        ("code blocks", "<pre>a</pre>", "a"),
        ("languages", "<pre><code class='language-py'>a</code></pre>", "```\na\n```"),
        ("quotes", "<blockquote>引</blockquote>", "引"),
        ("bold", "<p><b>价格：</b>港币</p>", "**价格：**港币"),
        ("italics", "<p><i>斜</i></p>", "斜"),
        ("embeds", "<p>文</p><iframe src='/v'></iframe>", "文"),
        ("characters", "<p>文字</p>", "文"),
        ("documents", "<p>文字</p>", "文"),
    ],
)
def test_the_gate_sees_each_loss(kind: str, body: str, converted: str) -> None:
    """A gate that cannot fail holds nothing: each kind of loss lowers its own score."""
    kept, there = fidelity.compare(body, lambda _: converted)[kind]
    assert kept < there
