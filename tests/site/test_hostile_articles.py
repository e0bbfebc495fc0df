"""Articles of strangers: what they smuggle in is text when it comes out, and never hangs us."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
from conftest import ROOT, SQL, Visitor, chromium, listening, process_article
from lxml import etree, html

from clippings.build.process import RawFile, process_articles
from clippings.markdown.rendering import render_html
from clippings.models import ProcessedArticle, Quarantined
from clippings.site.compatibility import IS_SECOND

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page, Request

VECTORS = ROOT.parent / "shared" / "vectors"
SOAK = bool(os.environ.get("CLIPPINGS_SOAK"))
BATCH = 25 if SOAK else 100
"""Vectors in one article of the site."""

PLACES = ("body", "markdown", "title", "category", "image")

KEPT = set(
    "a abbr audio b blockquote br caption cite code col colgroup dd del details dfn div dl dt em"
    " figcaption figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p picture pre q rb"
    " rp rt rtc ruby s samp small source span strike strong sub summary sup table tbody td"
    " tfoot th thead tr tt u ul var video wbr hgroup header footer section"
    " article aside nav bdi bdo center time area map data acronym font".split()
)
"""Elements that an article may have; script, style, iframe, form, svg and their like are none."""

ADDRESSES = {"href", "src", "poster", "cite", "action", "formaction", "background", "data"}
SCHEMES = {"", "http", "https", "mailto"}

OWN = (
    "<scr<script>ipt>alert('雪')</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<a href='java&#10;script:alert(1)'>x</a>",
    '"><svg/onload=alert(1)>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "[雪](javascript:alert(1)) ![雪](data:text/html,<script>alert(1)</script>)",
    "</div></article></main><h1>outside</h1>",
    "<style>*{background:url(//evil.example)}</style>",
    "<form action=//evil.example><input name=a><button>x</button></form>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<base href=//evil.example><meta http-equiv=refresh content='0;url=//evil.example'>",
)


def vectors() -> list[str]:
    """Our own attacks, and the published ones where they stand beside the checkout."""
    published = VECTORS / "xss.jsonl"
    if not published.exists():
        return list(OWN)
    return [
        *OWN,
        *(json.loads(line)["payload"] for line in published.read_text().splitlines()),
    ]


def article(place: str, payloads: list[str], name: str = "攻击") -> bytes:
    """A file with attacks at one place of it; the others are harmless."""
    quoted = [json.dumps(payload, ensure_ascii=True) for payload in payloads]
    first = quoted[0]
    title = first if place == "title" else json.dumps(name)
    category = first if place == "category" else '"示例网"'
    image = first if place == "image" else '"/static/samples/snow.svg"'
    bodies = {
        "body": "".join(f"<div>{payload}</div>\n" for payload in payloads),
        "markdown": "".join(f"段落。\n\n{payload}\n\n" for payload in payloads),
        "image": "".join(f'<p><img src="{escaped(payload)}"></p>\n' for payload in payloads),
    }
    header = f"---\ntitle: {title}\ncategories: [新媒体, {category}, {category}]\nimage: {image}\n"
    header += "date: 2022-01-11\n---\n\n"
    text = header + bodies.get(place, f"<p>{name}的正文。</p>\n") + f"\n{name}结尾哨兵。\n"
    return text.encode("utf-8", "surrogatepass")


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def harm(markup: str) -> list[str]:
    """What of a fragment could run, load or leave: elements, attributes, schemes."""
    found = []
    for element in html.fragment_fromstring(markup, create_parent="div").iter():
        if not isinstance(element.tag, str) or element.tag not in KEPT:
            found.append(f"<{element.tag}>")
        for name, value in element.attrib.items():
            if name.startswith("on") or name in {"style", "srcset", "srcdoc", "ping", "xlink:href"}:
                found.append(name)
            if name in ADDRESSES and scheme(value) not in SCHEMES:
                found.append(f"{name}={value}")
    return found


def scheme(address: str) -> str:
    """The scheme as a browser finds it, which skips blanks and control characters."""
    seen = re.sub(r"[\t\n\r]", "", address).strip("".join(map(chr, range(33))))
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", seen)
    return match[1].lower() if match else ""


@lru_cache(maxsize=1)
def processed() -> list[tuple[str, str, Any]]:
    """(place, payload, outcome) of each vector as body, as Markdown and as picture."""
    cases = [(place, payload) for place in ("body", "markdown", "image") for payload in vectors()]
    files = [RawFile("攻击.md", article(place, [payload])) for place, payload in cases]
    outcomes = process_articles(files)
    return [(*case, outcome) for case, outcome in zip(cases, outcomes, strict=True)]


def test_a_harmful_fragment_is_found() -> None:
    """The judge of these tests knows what harms: without it they would prove nothing."""
    for payload in OWN[1:]:
        if not payload.startswith(("[", "</div")):
            assert harm(payload), payload
    assert harm("<a href='data:x'>x</a>") and harm("<p style='color:red'>x</p>")
    assert not harm("<p>雪 <a href='/a'>a</a> <img src='https://a.example/b.png'></p>")


def test_every_vector_becomes_harmless_html() -> None:
    """As body, as Markdown and as a picture's address: read back by a parser, nothing is left
    that runs, loads anything but a picture, or leads to another scheme."""
    left = []
    for place, payload, outcome in processed():
        assert isinstance(outcome, ProcessedArticle), (place, payload)
        left += [(place, payload, found) for found in harm(render_html(outcome.article.markdown))]
    assert not left, left[:5]


def test_every_vector_leaves_the_rest_of_its_article() -> None:
    """No attack swallows what comes after it: the last line is still there."""
    lost = [
        (place, payload)
        for place, payload, outcome in processed()
        if place == "image" and "攻击结尾哨兵" not in outcome.article.markdown
    ]
    assert not lost, lost[:5]


def test_addresses_of_an_article_are_addresses() -> None:
    """What the database holds as a link or a picture has a scheme that a browser may follow."""
    for place, payload, outcome in processed():
        article = outcome.article
        for url in (*(x.url for x in article.links), *(x.url for x in article.images)):
            assert scheme(url) not in {"javascript", "vbscript", "data"}, (place, payload, url)


# ── what takes for ever ──────────────────────────────────────────────────────────────────────

MANY = 100_000
BOMBS = {
    "attributes": "<p " + " ".join(f"a{number}=1" for number in range(MANY)) + ">雪</p>",
    "elements within elements": "<div>" * MANY + "雪",
    "unclosed formatting": "<font><p>" * (MANY // 5) + "雪",
    "tables within tables": "<table><tr><td>" * (MANY // 10) + "雪",
    "quotes within quotes": ">" * MANY + "雪",
    "open brackets": "[" * MANY,
    "links without end": "[雪](b" * (MANY // 2),
    "emphasis without end": "*雪 " * MANY,
    "code of every length": " ".join("`" * length for length in range(700)),
    "angles": "<" * MANY,
    "comments": "<!--" * (MANY // 2),
    "lists within lists": "- " * (MANY // 5) + "雪",
    "a table of bars": "|" * MANY + "\n" + "|-" * (MANY // 2),
    "blanks": " " * (10 * MANY) + "雪",
    "a picture in its address": f"<img src='data:image/png;base64,{'A' * 20 * MANY}'>",
}
HEADERS = {
    "laughs": "\n".join(
        f"{name}: &{name} [{', '.join([f'*{below}'] * 9)}]"
        for below, name in zip("abcdefgh", "bcdefghi", strict=True)
    ).replace("[*a, *a, *a, *a, *a, *a, *a, *a, *a]", "[雪]"),
    "itself": "a: &a [*a]",
    "python": "a: !!python/object/apply:os.system ['touch /tmp/clippings-was-here']",
    "depth": "a: " + "[" * MANY,
    "keys": "\n".join(f"k{number}: v" for number in range(MANY)),
    "tags": f"tags: [{', '.join(f't{number}' for number in range(MANY))}]",
}


@pytest.fixture
def seconds_to_live() -> Iterator[None]:
    """Ends a test that hangs."""

    def end(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, end)
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.mark.usefixtures("seconds_to_live")
@pytest.mark.parametrize("name", BOMBS)
def test_no_body_takes_for_ever(name: str) -> None:
    """A body made to be slow becomes an article or lies in quarantine, and is shown."""
    outcome = process_article("攻击.md", f"---\ntitle: 攻击\n---\n{BOMBS[name]}".encode())
    if isinstance(outcome, ProcessedArticle):
        assert not harm(render_html(outcome.article.markdown) or "<p></p>")


@pytest.mark.usefixtures("seconds_to_live")
@pytest.mark.parametrize("name", HEADERS)
def test_no_header_takes_for_ever(name: str) -> None:
    """Front matter that grows, that names itself or that calls for code: none of it happens."""
    outcome = process_article("攻击.md", f"---\n{HEADERS[name]}\n---\n雪落下。\n".encode())
    assert isinstance(outcome, (ProcessedArticle, Quarantined))
    assert not Path("/tmp/clippings-was-here").exists()


@pytest.mark.usefixtures("seconds_to_live")
def test_published_headers_and_markdown_have_an_outcome() -> None:
    """Those of the vectors too."""
    for name in ("yaml.jsonl", "markdown.jsonl"):
        if not (VECTORS / name).exists():
            pytest.skip("../shared/vectors does not stand beside this checkout")
        for line in (VECTORS / name).read_text().splitlines():
            vector = json.loads(line)
            text = f"---\n{vector.get('yaml', 'title: x')}\n---\n{vector.get('payload', '雪')}"
            outcome = process_article("攻击.md", text.encode("utf-8", "surrogatepass"))
            if isinstance(outcome, ProcessedArticle):
                assert not harm(render_html(outcome.article.markdown) or "<p></p>"), vector["id"]


# ── in a browser ─────────────────────────────────────────────────────────────────────────────

CANARY = """
    window.__ran = [];
    for (const name of ["alert", "confirm", "prompt", "print", "open"])
        window[name] = (...words) => { window.__ran.push(name + words.join()); };
"""


def write_articles(folder: Path) -> None:
    """Vectors in batches as bodies, as Markdown and as pictures; titles and names one a file."""
    payloads = vectors()
    for place in PLACES:
        size = BATCH if place in ("body", "markdown", "image") else 1
        chosen = payloads if SOAK or size > 1 else payloads[:: max(1, len(payloads) // 20)]
        for number in range(0, len(chosen), size):
            file = folder / f"{place}-{number}.md"
            file.write_bytes(article(place, chosen[number : number + size], f"攻击{place}{number}"))


@pytest.fixture(scope="module")
def hostile_site(
    serve: Callable[..., Visitor], tmp_path_factory: pytest.TempPathFactory
) -> Visitor:
    """A site of nothing but attacks."""
    folder = tmp_path_factory.mktemp("attacks")
    write_articles(folder)
    return serve(folder)


@pytest.fixture(scope="module")
def hostile_address(hostile_site: Visitor) -> Iterator[str]:
    with listening(hostile_site) as address:
        yield address


@pytest.fixture(scope="module")
def hostile_pages(hostile_site: Visitor) -> list[str]:
    """Every article, and the pages on which titles and names stand; on Datasette 1.0 its own."""
    datasettes = [
        *("/clippings/articles?_size=max", "/clippings", "/clippings/placements?_size=max"),
        f"{SQL}?sql=select+title,+source,+image,+markdown+from+articles",
    ]
    if IS_SECOND:
        return datasettes
    ids = hostile_site.rows("select id from articles order by id")
    names = hostile_site.rows("select distinct source from articles where source <> '示例网'")
    return [
        *(f"/clippings/articles/{row['id']}" for row in ids),
        *(f"/source/{quote(row['source'], safe='')}" for row in names[:40]),
        *("/", "/sources", "/archive", "/search?q=攻击", "/search?q=攻击&sort=newest"),
        *datasettes,
    ]


def told_to_machines(site: Visitor, row: dict[str, Any]) -> None:
    """The title of an article is the same text wherever a program reads it."""
    page = html.document_fromstring(site.get(f"/clippings/articles/{row['id']}").text)
    title = " ".join(row["title"].split())
    (shared,) = page.xpath("//meta[@property='og:title']/@content")
    assert " ".join(shared.split()) == title
    (script,) = page.xpath("//script[@type='application/ld+json']")
    assert " ".join(json.loads(script.text)["headline"].split())[:100] == title[:100]
    assert {element.tag for element in page.xpath("/html/head/*")} <= HEAD, title
    assert not page.xpath("/html/head/*[@onload or @onerror]")


HEAD = {"meta", "title", "link", "script"}


def test_vectors_are_text_for_programs(hostile_site: Visitor) -> None:
    """As a title or category in Open Graph, JSON-LD, both feeds, OPML and CSV an attack is the
    text that it was, and each document stays what it is."""
    rows = hostile_site.rows("select id, title, source from articles")
    for row in rows:
        told_to_machines(hostile_site, row)
    titles = {row["title"] for row in rows}
    items = json.loads(hostile_site.get("/feed.json").text)["items"]
    atom = etree.fromstring(hostile_site.get("/feed.atom").content)
    of_atom = atom.findall(".//{*}entry/{*}title")
    assert items and {item["title"] for item in items} <= titles
    legal = {re.sub(r"[^\t\n\r\x20-\U0010ffff]", "", title) for title in titles}
    assert len(of_atom) == len(items) and {title.text or "" for title in of_atom} <= legal
    etree.fromstring(hostile_site.get("/sources.opml").content)
    text = hostile_site.get("/export/articles.csv?_col=title&_col=source").text
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    assert sorted(line["title"] for line in table) == sorted(row["title"] for row in rows)
    assert sorted(line["source"] for line in table) == sorted(row["source"] or "" for row in rows)


@pytest.fixture(scope="module")
def browser(hostile_address: str) -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.site
def test_no_vector_runs_asks_or_breaks_out(
    hostile_pages: list[str], hostile_address: str, browser: Browser
) -> None:
    """Every page opened in Chromium: no script of an article runs, no dialog opens, nothing is
    asked of another host but pictures, the page stays where it is, and what comes after the
    article stands outside of it."""
    page = browser.new_page()
    asked, shown = watch(page, hostile_address)
    page.add_init_script(CANARY)
    for path in hostile_pages:
        page.goto(hostile_address + path, wait_until="load")
        assert page.url.startswith(hostile_address), path
        assert page.evaluate("window.__ran") == [], path
        assert not shown, (path, shown)
        assert not asked, (path, asked)
        assert page.evaluate("document.querySelectorAll('body > footer').length") == 1, path
        assert page.evaluate("document.querySelectorAll('body > main, body main').length") >= 1
        assert page.evaluate("document.querySelectorAll('.article-body main').length") == 0


def watch(page: Page, address: str) -> tuple[list[str], list[str]]:
    """What the page asks of others that is no picture, and the dialogs that it opens."""
    asked: list[str] = []
    shown: list[str] = []

    def note(request: Request) -> None:
        if (
            urlsplit(request.url).netloc != urlsplit(address).netloc
            and request.resource_type != "image"
        ):
            asked.append(f"{request.resource_type} {request.url}")

    def dismiss(dialog: Dialog) -> None:
        shown.append(dialog.message)
        dialog.dismiss()

    page.on("request", note)
    page.on("dialog", dismiss)
    return asked, shown
