"""The gate: what the Markdown keeps of the HTML. `python benchmarks/fidelity.py`.

    body ─► tree ──────────────────────────────────► what it holds ─┐
      └──► to_markdown ─► markdown-it-py ─► tree ──► what it holds ─┴► score of each kind

Both trees are read by the same `inventory`. A score is what the two have in common, in
percent of the larger. The committed floors (`fidelity.json`) hold for a corpus of one digest;
a score below its floor fails, and only `--lower-floors` writes lower ones.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import click
from lxml import etree
from markdown_it import MarkdownIt

from clippings.markdown import to_markdown
from clippings.markdown.source import is_html
from clippings.markdown.tables import is_layout
from clippings.reading.frontmatter import parse_article

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "markdown"
CORPUS = ROOT / ".." / "shared" / "corpus" / "rsshub"
FLOORS = Path(__file__).with_suffix(".json")
# The examples of both specifications are in the sources of marko; no wheel holds them:
# pip download marko --no-deps --no-binary marko --dest build/specifications
SPECIFICATIONS = ROOT / "build" / "specifications"

# Kinds of which the last decimals are floors too are compared as percentages with two of them.
KINDS = (
    "links",
    "images",
    "headings",
    "list items",
    "table rows",
    "code blocks",
    "languages",
    "quotes",
    "bold",
    "italics",
)
_RENDERER = MarkdownIt("commonmark", {"maxNesting": 200}).enable(["table", "strikethrough"])
_UNSEEN = ("script", "style", "button", "svg", "head", "title", "noscript", "template", "canvas")
_EMBEDDED = ("iframe", "video", "audio", "object", "embed")
_LAZY = ("src", "data-src", "data-original", "data-srcset", "srcset", "zoomfile", "file")
_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2028-\u202e\u2060\ufeff\x00-\x1f]+")
_LANGUAGE = re.compile(r"(?<!\S)(?:language-|lang-|highlight |brush: ?)([\w+#]+)(?![\w-])")

_EXAMPLE = re.compile(
    r"^`{32} example.*\n(?s:.*?)^\.\n(?P<html>(?s:.*?))^`{32}$|^#{1,4} (?P<section>.+)$",
    re.MULTILINE,
)
_BOX = re.compile(r"(<li>\s*(?:<p>)?)\[[ x]\] ")  # what GitHub shows as a box to tick


class Example(NamedTuple):
    """An example of a specification."""

    section: str
    html: str

    @property
    def is_markdown(self) -> bool:
        """Whether it shows Markdown; what is seen of odd tags is a matter of the parser."""
        return self.section not in ("HTML blocks", "Raw HTML")


Inventory = dict[str, Counter[object]]
Convert = Callable[[str], str]


def squeeze(text: str) -> str:
    """Text without white space and what else cannot be seen."""
    return _INVISIBLE.sub("", text)


def letters(text: str) -> str:
    """The letters and digits of a text, since marks may move past punctuation."""
    return "".join(char for char in text if unicodedata.category(char)[0] in "LN")


def text_of(element: etree._Element) -> str:
    """The visible text of an element."""
    return squeeze("".join(element.itertext()))


def parse(page: str) -> etree._Element | None:
    """A page as a tree without what nobody sees."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    root = etree.fromstring(page.encode("utf-8", "replace") or b" ", parser)
    if root is not None:
        for gutter in root.xpath("//*[contains(@class, 'gutter') or contains(@class, 'lineno')]"):
            gutter.tag = "script"  # the numbers of the lines beside code
        etree.strip_elements(root, *_UNSEEN, with_tail=False)
    return root


def embedded(root: etree._Element) -> set[str]:
    """The addresses of what is embedded; the element is emptied, a link stands for it later."""
    found = set()
    for element in root.iter(*_EMBEDDED):
        sources = [element, *element.iter("source")]
        named = [one.get(name) for one in sources for name in ("src", "data-src", "data")]
        if address := next(filter(None, named), None):
            found.add(unquote(squeeze(address)))
            element[:] = []
            element.text = None
    return found


def candidates(image: etree._Element) -> frozenset[str]:
    """Every address that a picture names; pixels that count readers name none."""
    if {image.get("width"), image.get("height")} & {"0", "1", "0px", "1px"}:
        return frozenset()
    named = [word for name in _LAZY for word in (image.get(name) or "").replace(", ", " ").split()]
    return frozenset(unquote(n) for n in named if not n.startswith("data:") and len(n) > 5)


def with_link_inside(root: etree._Element) -> set[str]:
    """The addresses of links around links: a browser ends them where the inner one begins."""
    return {
        unquote(squeeze(a.get("href") or "")) for a in root.iter("a") if a.find(".//a") is not None
    }


def inventory(root: etree._Element, embeds: set[str], cut: set[str]) -> Inventory:
    """How often each thing of each kind occurs in a page; links to `cut` without their text."""
    found: Inventory = {kind: Counter() for kind in (*KINDS, "embeds")}
    for link in list(root.iter("a")):
        address = unquote(squeeze(link.get("href") or ""))
        if address in embeds:
            found["embeds"][address] += 1
            link[:] = []
            link.text = None
        elif link.find(".//img") is None and not text_of(link):
            continue  # nothing to see
        elif address and not address.startswith(("javascript:", "file:")):
            found["links"][address, "" if address in cut else text_of(link)] += 1
    for level in range(1, 7):
        found["headings"].update((level, t) for e in root.iter(f"h{level}") if (t := text_of(e)))
    found["list items"].update(t for e in root.iter("li") if (t := text_of(e)))
    found["quotes"].update(t for e in root.iter("blockquote") if (t := text_of(e)))
    for table in root.iter("table"):
        if not is_layout(table):
            for row in table.iter("tr"):
                found["table rows"][tuple(t for c in row if (t := text_of(c)))] += 1
    for code in root.iter("pre"):
        if text_of(code):
            found["code blocks"][squeeze("".join(code.itertext()))] += 1
            around = (*code.iter("pre", "code"), *code.iterancestors("figure"))
            marks = _LANGUAGE.findall(" ".join(e.get("class", "") for e in around))
            found["languages"].update(m for m in marks if m not in ("null", "plain"))
    for kind, tags in (("bold", ("strong", "b")), ("italics", ("em", "i"))):
        outermost = (e for e in root.iter(*tags) if next(e.iterancestors(*tags), None) is None)
        found[kind].update(letters("".join(map(text_of, outermost))))
    return found


def compare(body: str, convert: Convert) -> dict[str, tuple[int, int]]:
    """For each kind of thing in a body: how many are kept, and how many there are."""
    before = parse(body)
    if before is None:
        return {}
    after = parse(f"<html><body>{_RENDERER.render(convert(body))}</body></html>")
    assert after is not None
    embeds, cut = embedded(before), with_link_inside(before)
    had, has = inventory(before, embeds, cut), inventory(after, embeds, cut)
    had["embeds"] = Counter(embeds)
    has["embeds"] = Counter(dict.fromkeys(has["embeds"], 1))
    wanted = [named for image in before.iter("img") if (named := candidates(image))]
    shown = Counter(unquote(image.get("src") or "") for image in after.iter("img"))
    for named in wanted:
        kept = next((address for address in named if shown[address] > 0), "")
        shown[kept] -= 1
        had["images"][kept or named] += 1
        has["images"][kept] += bool(kept)
    scores = {kind: _common(had[kind], has[kind]) for kind in had}
    text_before, text_after = text_of(before), text_of(after)
    scores["characters"] = _common(Counter(text_before), Counter(text_before) & Counter(text_after))
    scores["text exact"] = (int(text_before == text_after), 1)
    lossless = all(kept == total for kind, (kept, total) in scores.items() if kind != "text exact")
    scores["documents"] = (int(lossless), 1)
    scores["all characters"] = (int(scores["characters"][0] == scores["characters"][1]), 1)
    return scores


def _common(had: Counter[Any], has: Counter[Any]) -> tuple[int, int]:
    return (had & has).total(), max(had.total(), has.total())


def corpus_bodies(folder: Path = CORPUS) -> Iterator[tuple[str, str]]:
    """The HTML bodies of a folder of articles, with their paths."""
    for file in sorted(folder.rglob("*.md")):
        body = parse_article(file.name, file.read_bytes()).body
        if is_html(body):
            yield str(file.relative_to(folder)), body


def case_bodies(folder: Path = CASES) -> Iterator[tuple[str, str]]:
    """The HTML inputs of the project's own text cases, with their titles.

    Not those of broken HTML: what stands in them is a matter of the parser.
    """
    for file in sorted(set(folder.glob("*.txt")) - {folder / "broken.txt"}):
        blocks = re.split(r"^\.\n", file.read_text("utf-8"), flags=re.MULTILINE)
        for title, body in zip(blocks[::3], blocks[1::3], strict=False):
            if is_html(body):
                yield f"{file.stem}: {title.strip()}", body


def digest(bodies: list[tuple[str, str]]) -> str:
    """What tells one corpus from another."""
    return hashlib.sha256("\0".join(body for _, body in bodies).encode()).hexdigest()[:16]


def markdown_of(body: str) -> str:
    """What is measured."""
    return to_markdown(body).markdown


def measure(
    bodies: list[tuple[str, str]], convert: Convert = markdown_of
) -> tuple[dict[str, float], dict[str, list[str]]]:
    """The score of each kind in percent, and the articles that lost something of it."""
    kept: Counter[str] = Counter()
    total: Counter[str] = Counter()
    worst: dict[str, list[str]] = {}
    for title, body in bodies:
        for kind, (here, all_of_it) in compare(body, convert).items():
            kept[kind] += here
            total[kind] += all_of_it
            if here < all_of_it:
                worst.setdefault(kind, []).append(title)
    return {
        kind: round(100 * kept[kind] / n, 2) if n else 100.0 for kind, n in total.items()
    }, worst


def too_low(name: str, scores: dict[str, float], of: str) -> list[str]:
    """What is below the committed floors of a corpus; nothing for a corpus that has none."""
    floors = json.loads(FLOORS.read_text()) if FLOORS.exists() else {}
    known = floors.get(name, {})
    if known.get("digest") != of:
        return []
    return [
        f"{k}: {scores[k]} < {floor}" for k, floor in known["floors"].items() if scores[k] < floor
    ]


def specifications(folder: Path = SPECIFICATIONS) -> Iterator[tuple[str, list[Example]]]:
    """CommonMark's and GFM's examples that have HTML, each with the section it stands in."""
    for archive in sorted(folder.glob("marko-*.tar.gz"))[-1:]:
        with tarfile.open(archive) as files:
            for name in files.getnames():
                if re.search(r"/tests/spec/\w+\.txt$", name) and (file := files.extractfile(name)):
                    yield Path(name).stem, list(_examples(file.read().decode()))


def _examples(specification: str) -> Iterator[Example]:
    section = ""
    for match in _EXAMPLE.finditer(specification.replace("→", "\t")):
        section = match["section"] or section
        if (page := match["html"] or "").strip():
            yield Example(section, page)


def round_trip(example: Example, convert: Callable[[str], str]) -> tuple[bool, bool]:
    """Whether an example comes back with the same text, and with the same HTML."""
    rendered = _BOX.sub(r"\1", _RENDERER.render(convert(f"<div>{example.html}</div>")))
    trees = [parse(f"<html><body>{page}</body></html>") for page in (example.html, rendered)]
    texts = [text_of(tree) for tree in trees if tree is not None]
    pages = [squeeze(etree.tostring(tree, encoding="unicode")) for tree in trees]
    return texts[0] == texts[1], pages[0] == pages[1]


@click.command()
@click.option("--stock", is_flag=True, help="Measure markdownify as it comes, for comparison.")
@click.option("--show", default="", help="List the articles that lost something of this kind.")
@click.option("--lower-floors", is_flag=True, help="Write these scores as floors, even lower ones.")
def main(stock: bool, show: str, lower_floors: bool) -> None:
    """Print the score of every kind for each corpus; exit 1 below a floor."""
    import markdownify

    failed = []
    convert = markdownify.markdownify if stock else markdown_of
    for name, examples in specifications():
        same = [round_trip(example, convert) for example in examples if example.is_markdown]
        texts, pages = (sum(column) for column in zip(*same, strict=True))
        print(f"{name}: {len(same)} examples, {texts} same text, {pages} same HTML")
    for name, source in (("cases", case_bodies), ("rsshub", corpus_bodies)):
        bodies = list(source())
        if not bodies:
            print(f"{name}: not there")
            continue
        scores, worst = measure(bodies, convert)
        of = digest(bodies)
        print(f"{name}: {len(bodies)} bodies, digest {of}")
        for kind, score in scores.items():
            print(f"  {kind:<15}{score:7.2f} %   {len(worst.get(kind, []))} articles lose some")
        for title in worst.get(show, []):
            print("   ", title)
        if stock:
            continue
        failed += [f"{name} {low}" for low in too_low(name, scores, of)]
        if lower_floors:
            floors = json.loads(FLOORS.read_text()) if FLOORS.exists() else {}
            floors[name] = {"digest": of, "bodies": len(bodies), "floors": scores}
            FLOORS.write_text(json.dumps(floors, indent=1, sort_keys=True) + "\n")
    if failed and not lower_floors:
        raise SystemExit("Below the floor: " + "; ".join(failed))


if __name__ == "__main__":
    main()
