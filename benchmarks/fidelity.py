"""The gate: what the Markdown keeps of the HTML. `python benchmarks/fidelity.py`.

    body ─► page ──────────────────────────────────► what it holds ─┐
      └──► to_markdown ─► markdown-it-py ─► page ──► what it holds ─┴► score of each kind

Both pages are read by one HTML5 parser (Lexbor, as browsers read; the converter uses turbohtml) and
by the same `Inventory`, which shares no function with the converter. A score is what the two have
in common, in percent of the larger. The committed floors (`fidelity.json`) hold for a corpus of
one digest; a score below its floor fails, and only `--lower-floors` writes lower ones.
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
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser, LexborNode

from clippings.markdown.conversion import to_markdown
from clippings.reading.frontmatter import parse_article

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "markdown"
CORPUS = ROOT / ".." / "shared" / "corpus" / "rsshub"
FLOORS = Path(__file__).with_suffix(".json")
# The examples of both specifications are in the sources of marko; no wheel holds them:
# pip download marko --no-deps --no-binary marko --dest build/specifications
SPECIFICATIONS = ROOT / "build" / "specifications"

KINDS = (
    "lines", "words", "links", "images", "alt texts", "titles", "embeds", "headings", "list items",
    "ordered lists", "table rows", "code blocks", "code spans", "languages", "quotes", "bold",
    "italics", "struck out", "raised and lowered", "rules", "definitions", "details",
)  # fmt: skip
_RENDERER = MarkdownIt("commonmark", {"maxNesting": 200}).enable(["table", "strikethrough"])
_UNSEEN = frozenset("script style button svg head title template canvas".split())
_EMBEDDED = frozenset("iframe video audio object embed".split())
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset"
    " figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p"
    " pre section summary table tbody td tfoot th thead tr ul".split()
)
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
# What no cell of a pipe table can hold; a table with it is taken apart.
_TOO_BIG = frozenset("pre h1 h2 h3 h4 h5 h6 blockquote table".split())
_LAZY = (
    "src", "data-src", "data-original", "data-lazy-src", "data-srcset", "srcset", "zoomfile",
    "file",
)  # fmt: skip
_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2028-\u202e\u2060\ufeff\x00-\x1f]+")
_WIDE = re.compile("[\u3000\xa0]{2,}")  # begins a paragraph in many Chinese pages
_WORD = re.compile(r"[A-Za-z0-9\u00c0-\u024f]+")
_LANGUAGE = re.compile(r"(?<!\S)(?:language-|lang-|highlight |brush: ?)([\w+#]+)(?![\w-])")
_NUMBERS = re.compile(r"gutter|lineno|line-number")

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


Convert = Callable[[str], str]


def squeeze(text: str) -> str:
    """Text without white space and what else cannot be seen."""
    return _INVISIBLE.sub("", text)


def letters(text: str) -> str:
    """The letters and digits of a text, since marks may move past punctuation."""
    return "".join(char for char in text if unicodedata.category(char)[0] in "LN")


def parse(page: str) -> LexborNode:
    """The root of a page, as a browser has it."""
    root = LexborHTMLParser(page.replace("\0", "") or " ").root
    assert root is not None
    return root


def children(node: LexborNode) -> Iterator[LexborNode]:
    """The nodes in a node, text too, without what nobody sees."""
    child = node.child
    while child is not None:
        if child.tag not in _UNSEEN and child.tag != "-comment":
            yield child
        child = child.next


def walk(node: LexborNode) -> Iterator[LexborNode]:
    """Every node below a node, in the order of the page."""
    for child in children(node):
        yield child
        yield from walk(child)


def attribute(node: LexborNode, name: str) -> str:
    """An attribute's value, empty where there is none."""
    return node.attributes.get(name) or ""


def raw_text(node: LexborNode) -> str:
    """The text in a node with its white space."""
    if node.tag == "-text":
        return node.text_content or ""
    return "".join(map(raw_text, children(node)))


def text_of(node: LexborNode) -> str:
    """The visible text in a node."""
    return squeeze(raw_text(node))


def lines_of(node: LexborNode) -> Iterator[str]:
    """The lines that a reader sees: blocks, `<br>` and the lines of code end one."""
    buffer: list[str] = []

    def visit(node: LexborNode, in_code: bool, in_heading: bool) -> Iterator[str]:
        for child in children(node):
            tag = child.tag
            if tag == "-text":
                text = child.text_content or ""
                pieces = text.split("\n") if in_code else _WIDE.split(text)
                buffer.append(pieces[0])
                for piece in pieces[1:]:
                    yield flush()
                    buffer.append(piece)
            elif tag == "br" and not in_heading:
                yield flush()
            else:
                if tag in _BLOCKS and not in_heading:
                    yield flush()
                yield from visit(child, in_code or tag == "pre", in_heading or tag in _HEADINGS)
                if tag in _BLOCKS and not in_heading:
                    yield flush()

    def flush() -> str:
        line = "".join(buffer)
        buffer.clear()
        return line

    for line in (*visit(node, node.tag == "pre", False), flush()):
        if squeeze(line):
            yield line


def code_of(pre: LexborNode) -> str:
    """The lines of a code block, with the white space that is seen."""
    parts: list[str] = []
    inside = list(children(pre))
    own_lines = _BLOCKS
    if len(inside) > 1 and {node.tag for node in inside if text_of(node)} == {"code"}:
        own_lines = _BLOCKS | {"code"}

    def end_line() -> None:
        if parts and not parts[-1].endswith("\n"):
            parts.append("\n")

    def visit(node: LexborNode) -> None:
        for child in children(node):
            if child.tag == "-text":
                parts.append(child.text_content or "")
            elif child.tag == "br":
                parts.append("\n")
            elif child.tag in own_lines:
                end_line()
                visit(child)
                end_line()
            else:
                visit(child)

    visit(pre)
    text = "".join(parts).replace("\r\n", "\n").strip("\n").rstrip()
    return "\n".join(line.rstrip() for line in text.split("\n"))


def candidates(image: LexborNode) -> frozenset[str]:
    """Every address that a picture names; pixels that count readers name none."""
    if {attribute(image, "width"), attribute(image, "height")} & {"0", "1", "0px", "1px"}:
        return frozenset()
    named = [word for n in _LAZY for word in attribute(image, n).replace(", ", " ").split()]
    return frozenset(unquote(n) for n in named if not n.startswith("data:") and len(n) > 5)


def embedded(root: LexborNode) -> set[str]:
    """The addresses of what is embedded; a link stands for it later, and its inside goes."""
    found = set()
    for element in walk(root):
        if element.tag in _EMBEDDED:
            sources = [element, *(inner for inner in walk(element) if inner.tag == "source")]
            named = [attribute(s, name) for s in sources for name in ("src", "data-src", "data")]
            if address := next(filter(None, named), None):
                found.add(unquote(squeeze(address)))
                for child in list(element.iter(include_text=True)):
                    child.decompose()
    return found


def _ancestors(node: LexborNode) -> Iterator[LexborNode]:
    up = node.parent
    while up is not None:
        yield up
        up = up.parent


def remove_line_numbers(root: LexborNode) -> None:
    """Take away what counts the lines of code beside it."""
    for element in list(walk(root)):
        if _NUMBERS.search(attribute(element, "class")) and text_of(element).isdigit():
            element.decompose()


def is_layout(table: LexborNode) -> bool:
    """Whether a table has one cell, or holds what a cell cannot; it may be taken apart."""
    inside = [node.tag for node in walk(table)]
    cells = inside.count("td") + inside.count("th")
    return (
        attribute(table, "role") in ("presentation", "none")
        or cells < 2
        or any(tag in _TOO_BIG for tag in inside)
    )


class Inventory:
    """How often each thing of each kind occurs in a page.

    `embeds` are addresses that stand for something embedded. Of `repeated` addresses it counts
    that there is a link: browsers cut a link in two where another begins in it.
    """

    def __init__(self, root: LexborNode, embeds: set[str], repeated: set[str]) -> None:
        self.counts: dict[str, Counter[Any]] = {kind: Counter() for kind in KINDS}
        self.repeated = repeated
        for link in [node for node in walk(root) if node.tag == "a"]:
            if (address := unquote(squeeze(attribute(link, "href")))) in embeds:
                self.counts["embeds"][address] = 1
                link.decompose()
        self.images: list[LexborNode] = []
        self.marked = {"bold": "", "italics": "", "struck out": ""}
        for line in lines_of(root):
            self.counts["lines"][squeeze(line)] += 1
        self._visit(root, ())
        self.counts["words"].update(word for line in lines_of(root) for word in _WORD.findall(line))
        self.counts["links"].update(
            {
                (address, ""): 1 - self.counts["links"][address, ""]
                for address in repeated
                if self.counts["links"][address, ""]
            }
        )
        for kind, text in self.marked.items():
            self.counts[kind].update(letters(text))

    def _visit(self, node: LexborNode, around: tuple[str, ...]) -> None:
        for child in children(node):
            tag = child.tag or ""
            if reader := _READERS.get(tag):
                reader(self, child, around)
            if tag != "-text":
                self._visit(child, (*around, tag))

    def _add(self, kind: str, thing: object) -> None:
        if thing:
            self.counts[kind][thing] += 1

    def _link(self, node: LexborNode, around: tuple[str, ...]) -> None:
        address, text = unquote(squeeze(attribute(node, "href"))), text_of(node)
        has_image = any(inner.tag == "img" for inner in walk(node))
        runs = address.startswith(("javascript:", "file:"))
        if (text or has_image) and address and not runs and "pre" not in around:
            self._add("links", (address, "" if address in self.repeated else text))
            title = squeeze(attribute(node, "title"))
            self._add("titles", title != text and title)

    def _image(self, node: LexborNode, around: tuple[str, ...]) -> None:
        if candidates(node):
            self.images.append(node)
            self._add("alt texts", squeeze(attribute(node, "alt")))
            title = squeeze(attribute(node, "title"))
            self._add("titles", title != squeeze(attribute(node, "alt")) and title)

    def _heading(self, node: LexborNode, around: tuple[str, ...]) -> None:
        self._add("headings", (text := text_of(node)) and (node.tag, text))

    def _item(self, node: LexborNode, around: tuple[str, ...]) -> None:
        self._add("list items", text_of(node))

    def _ordered(self, node: LexborNode, around: tuple[str, ...]) -> None:
        items = sum(child.tag == "li" and bool(text_of(child)) for child in children(node))
        self._add("ordered lists", items and (attribute(node, "start") or "1", text_of(node)))

    def _quote(self, node: LexborNode, around: tuple[str, ...]) -> None:
        self._add("quotes", text_of(node))

    def _table(self, node: LexborNode, around: tuple[str, ...]) -> None:
        if not is_layout(node):
            for row in walk(node):
                if row.tag == "tr":
                    cells = tuple(filter(None, map(text_of, children(row))))
                    self._add("table rows", cells)

    def _code_block(self, node: LexborNode, around: tuple[str, ...]) -> None:
        if text_of(node) and "pre" not in around:
            self._add("code blocks", code_of(node))
            named = [node, *(inner for inner in walk(node) if inner.tag in ("pre", "code"))]
            named += [up for up in _ancestors(node) if up.tag == "figure"]
            marks = _LANGUAGE.findall(" ".join(attribute(each, "class") for each in named))
            self.counts["languages"].update(m for m in marks if m not in ("null", "plain"))

    def _code_span(self, node: LexborNode, around: tuple[str, ...]) -> None:
        if "pre" not in around:
            self.counts["code spans"].update(squeeze(raw_text(node)))

    def _mark(self, node: LexborNode, around: tuple[str, ...]) -> None:
        kind, tags = _MARKS[node.tag or ""]
        if not tags.intersection(around) and "pre" not in around:
            self.marked[kind] += raw_text(node)

    def _raised(self, node: LexborNode, around: tuple[str, ...]) -> None:
        if "pre" not in around:
            self._add("raised and lowered", (text := text_of(node)) and (node.tag, text))

    def _rule(self, node: LexborNode, around: tuple[str, ...]) -> None:
        self._add("rules", "table" not in around and "pre" not in around)

    def _definition(self, node: LexborNode, around: tuple[str, ...]) -> None:
        self._add("definitions", "dl" in around and (text := text_of(node)) and (node.tag, text))

    def _details(self, node: LexborNode, around: tuple[str, ...]) -> None:
        self._add("details", (text := text_of(node)) and (node.tag, text))


_MARKS = {
    **dict.fromkeys(("strong", "b"), ("bold", {"strong", "b"})),
    **dict.fromkeys(("em", "i"), ("italics", {"em", "i"})),
    **dict.fromkeys(("del", "s", "strike"), ("struck out", {"del", "s", "strike"})),
}
_READERS: dict[str, Callable[[Inventory, LexborNode, tuple[str, ...]], None]] = {
    "a": Inventory._link, "img": Inventory._image, "li": Inventory._item, "ol": Inventory._ordered,
    "blockquote": Inventory._quote, "table": Inventory._table, "pre": Inventory._code_block,
    "code": Inventory._code_span, "hr": Inventory._rule, "details": Inventory._details,
    "summary": Inventory._details, **dict.fromkeys(_HEADINGS, Inventory._heading),
    **dict.fromkeys(("dt", "dd"), Inventory._definition),
    **dict.fromkeys("sup sub kbd mark ins u ruby rt q".split(), Inventory._raised),
    **dict.fromkeys(_MARKS, Inventory._mark),
}  # fmt: skip


def compare(body: str, convert: Convert) -> dict[str, tuple[int, int]]:
    """For each kind of thing in a body: how many are kept, and how many there are."""
    after = parse(_RENDERER.render(convert(body)))
    before = parse(_code_as_html(body, after))
    remove_line_numbers(before)
    embeds = embedded(before)
    links = Counter(unquote(squeeze(attribute(a, "href"))) for a in walk(before) if a.tag == "a")
    repeated = {address for address, times in links.items() if times > 1}
    had, has = Inventory(before, embeds, repeated), Inventory(after, embeds, repeated)
    had.counts["embeds"] = Counter(embeds)
    shown = Counter(unquote(attribute(image, "src")) for image in has.images)
    for named in map(candidates, had.images):
        kept = next((address for address in sorted(named) if shown[address] > 0), "")
        shown[kept] -= 1
        had.counts["images"][kept or named] += 1
        has.counts["images"][kept] += bool(kept)
    scores = {kind: _common(had.counts[kind], has.counts[kind]) for kind in KINDS}
    lossless = all(kept == total for kept, total in scores.values())
    scores["documents"] = (int(lossless), 1)
    return scores


def _code_as_html(body: str, after: LexborNode) -> str:
    """A body whose code without a language that is HTML, and no code afterwards, is HTML."""
    code = {code_of(pre) for pre in walk(after) if pre.tag == "pre"}
    page = parse(body)
    written = page.html or ""
    for pre in [node for node in walk(page) if node.tag == "pre"]:
        text = code_of(pre)
        plain = not any(attribute(node, "class") for node in (pre, *walk(pre)))
        if plain and text.lstrip().startswith("<") and text not in code:
            written = written.replace(pre.html or "", f"<div>{raw_text(pre)}</div>", 1)
    return written


def _common(had: Counter[Any], has: Counter[Any]) -> tuple[int, int]:
    return (had & has).total(), max(had.total(), has.total())


def corpus_bodies(folder: Path = CORPUS) -> Iterator[tuple[str, str]]:
    """The HTML bodies of a folder of articles, with their paths."""
    for file in sorted(folder.rglob("*.md")):
        body = parse_article(file.name, file.read_bytes()).body
        if body.lstrip().startswith("<"):
            yield str(file.relative_to(folder)), body


def case_bodies(folder: Path = CASES) -> Iterator[tuple[str, str]]:
    """The HTML inputs of the project's own text cases, with their titles.

    Not those of broken HTML: what stands in them is a matter of the parser.
    """
    left_out = {"broken", "markdown", "raw"}
    for file in sorted(f for f in folder.glob("*.txt") if f.stem not in left_out):
        blocks = re.split(r"^\.\n", file.read_text("utf-8"), flags=re.MULTILINE)
        for title, body in zip(blocks[::3], blocks[1::3], strict=False):
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
        f"{k}: {scores.get(k, 0)} < {floor}"
        for k, floor in known["floors"].items()
        if scores.get(k, 0) < floor
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
    trees = [parse(page) for page in (example.html, rendered)]
    texts = [text_of(tree) for tree in trees]
    pages = [squeeze(tree.html or "") for tree in trees]
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
