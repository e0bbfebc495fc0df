"""/concordance: each occurrence on a line that leads to its place."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

from conftest import Visitor, text_of

from clippings.site.highlight import mark_hits


def test_lines_lead_to_their_place(site: Visitor) -> None:
    """As many lines as are counted; each link marks the word, with the hit in its place."""
    page = site.page("/concordance?q=彗星 source:样例科技")
    lines = page.xpath("//ol[@class='concordance']/li")
    assert {text_of(line, ".//mark")[0] for line in lines} == {"彗星"}
    assert text_of(page, "//p[@class='found']")[0].startswith(f"{len(lines)} 处")
    for line in lines[:6]:
        address = urlsplit(line.xpath("./a/@href")[0])
        article = site.page(f"{address.path}?{address.query}")
        (hit,) = article.xpath("//mark[@id='hit']")
        assert hit.text_content() == "彗星"
        right = line.xpath("string(.//*[@class='right'])").strip()[:4]
        shown = [mark for mark in article.xpath("//mark") if (mark.tail or "").startswith(right)]
        assert not shown or hit in shown  # some lines are the text of a picture


def test_the_hit_is_the_one_asked_for() -> None:
    """Of many marks the one that the given text begins at; the first where it is nowhere."""
    body = "<p>软件一，软件二</p><p>新<b>软</b>件三</p>"
    assert mark_hits(body, "软件", "软件二。") == (
        '<p><mark>软件</mark>一，<mark id="hit">软件</mark>二</p>'
        "<p>新<b><mark>软</mark></b><mark>件</mark>三</p>"
    )
    assert '<b><mark id="hit">软</mark></b>' in mark_hits(body, "软件", "軟件三")
    assert mark_hits(body, "软件", "无").startswith('<p><mark id="hit">软件</mark>一')


def test_pages_and_files_have_all_lines(serve: Callable[..., Visitor], tmp_path: Path) -> None:
    """A hundred lines a page, all of them in the files, what is HTML in a text as text."""
    (tmp_path / "a.md").write_text("---\ntitle: 甲\n---\n\n" + "<b>样&lt;i> 词</b>，\n" * 250)
    site = serve(tmp_path)
    pages = [site.page(f"/concordance?q=词&page={number}") for number in (1, 2, 3, 4)]
    assert [len(page.xpath("//ol/li[.//mark]")) for page in pages] == [100, 100, 50, 0]
    assert pages[0].xpath("//a[@rel='next']") and not pages[2].xpath("//a[@rel='next']")
    assert "样<i> " in pages[0].xpath("string(//ol)")
    rows = [*csv.DictReader(io.StringIO(site.get("/concordance.csv?q=词&sort=right").text))]
    answer = site.get("/concordance.jsonl?q=词&sort=right")
    assert rows == [
        {name: "" if value is None else str(value) for name, value in json.loads(line).items()}
        for line in answer.text.splitlines()
    ]
    assert len(rows) == int(answer.headers["clippings-occurrences"]) == 250


def test_odd_questions(site: Visitor) -> None:
    """No word, only filters, nothing found, no such order or page: a page all the same."""
    for asked in ("", "q=", "q=date:2022", "q=nosuchword", "q=彗星&sort=x&page=-1", "q=，"):
        page = site.page(f"/concordance?{quote(asked, safe='=&:')}")
        assert page.xpath("//form//input[@name='q']")
    assert site.get("/concordance.csv").text.startswith("left,word,right,")
