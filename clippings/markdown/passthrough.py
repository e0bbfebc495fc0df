"""A body that is Markdown already passes as it is, save for the HTML blocks inside it.

    text ─► code and pictures of generators as Markdown's
         ─► code, Hexo tags and Hugo shortcodes set aside
         ─► HTML blocks that stand on their own ─► Converter ─► Markdown
         ─► scripts go, single pictures and players become Markdown
         ─► names that are no element's are text

A block that is not whole (`<div>`, an empty line, Markdown, `</div>`) stays, and so do tags
within a paragraph: they are Markdown too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyromark

from clippings.markdown.converter import Converter
from clippings.markdown.elements import NAMES
from clippings.markdown.guard import lost_text
from clippings.markdown.links import clean_address
from clippings.markdown.source import TAG, VOID
from clippings.markdown.tree import Document
from clippings.models import Image, Link

# A block that begins with one of these ends with its end tag, empty lines or not.
_WHOLE = "table figure iframe video audio object picture script style svg"
_BLOCKS = (
    "address article aside blockquote center div dl embed footer form h[1-6] header hr img main"
    " nav ol p pre section ul"
)
_HTML = re.compile(
    rf"(?im)^ {{0,3}}<(?P<whole>{_WHOLE.replace(' ', '|')})\b"
    rf"|^ {{0,3}}<(?P<block>{_BLOCKS.replace(' ', '|')})\b"
    r"|<(?P<inline>img|iframe|video|audio|embed|script|style)\b"
)
_ANY_TAG = re.compile(rf"(?i)<(?:{_WHOLE} {_BLOCKS})\b".replace(" ", "|"))  # found much faster
# Code as Hexo, Jekyll and Hugo write it, line by line; a picture of Hexo.
_CODE_TAG = re.compile(
    r"\{(?<![^\n]\{)(?:%-?|\{[<%]) *(?P<end>end|/)?(?P<name>codeblock|highlight)\b"
    r"(?P<options>[^%{}\n]*)[%>]\}\}?[ \t]*$",
    re.MULTILINE,
)
_OPTION = re.compile(r"\w+:(?!//)")
_IMAGE_TAG = re.compile(r"\{% *(?:asset_)?img\b([^%{}\n]*)%\}")
_ARGUMENT = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")
# A tag of a sentence; not of a shortcode, and not an element of a framework: {{<toc>}}, <Toc/>.
_BARE_TAG = re.compile(r"<(?<![\\{]<)([A-Za-z][A-Za-z0-9-]*)(?=[\s>])[^<>\"/]*>")
_END_TAG = re.compile(r"</([A-Za-z][A-Za-z0-9-]*)")
_TEMPLATE = re.compile(r"\{%[^%\n]*%\}|\{\{[^{}\n]*\}\}")
_KEPT = "\ud8f4"  # around the number of what was set aside; no body holds a surrogate by now
_ASIDE = re.compile(rf"{_KEPT}(\d+){_KEPT}")
_EMPTY_LINE = re.compile(r"\n(?=(?:-{3,})?[ \t]*$)", re.MULTILINE)  # or a rule
_TAG_LINE = re.compile(r"^[ \t]*</?(?:center|div|p|section)\b[^<>\n]*>[ \t]*$", re.MULTILINE | re.I)
_NAMED_ADDRESS = re.compile(r"(?i)<(a|img)\s[^<>]*?\b(?:href|src)\s{0,9}=\s{0,9}[\"']?([^\"'\s>]+)")


class Passage:
    """A Markdown body on its way through; `text` is what comes out."""

    def __init__(self, body: str, base_url: str | None) -> None:
        self.base_url = base_url
        self.features: set[str] = set()
        self.losses: Counter[str] = Counter()
        self.links: list[Link] = []
        self.images: list[Image] = []
        self._aside: list[str] = []
        self._sample = body[:500]
        body = _tags_as_markdown(body)
        self.text = self._with_blocks_converted(body) if _ANY_TAG.search(body) else body
        names = map(str.lower, _BARE_TAG.findall(self._note_references()))
        if not NAMES.issuperset(names):
            self.text = _words_as_text(self.text)

    def _with_blocks_converted(self, text: str) -> str:
        pieces = _code_and_prose(text)
        text = "".join(self._set_aside(piece) if is_code else piece for is_code, piece in pieces)
        text = _TEMPLATE.sub(lambda m: self._set_aside(m[0]), text)
        parts = []
        place = 0
        while found := _HTML.search(text, place):
            end = _end_of(text, found)
            written = self._block(text[found.start() : end], found)
            if written and text.startswith("\n---", end):
                written += "\n"  # not the underline of a heading
            parts += [text[place : found.start()], written]
            place = end if written else len(text) - len(text[end:].lstrip("\n"))
        text = "".join([*parts, text[place:]])
        return _ASIDE.sub(lambda m: self._aside[int(m[1])], text)

    def _set_aside(self, piece: str) -> str:
        self._aside.append(piece)
        return f"{_KEPT}{len(self._aside) - 1}{_KEPT}"

    def _block(self, source: str, found: re.Match[str]) -> str:
        """An HTML block as Markdown; as it is, if it is not whole or would lose a letter."""
        tag = (found["whole"] or found["block"] or found["inline"]).lower()
        if tag in ("script", "style", "svg"):
            return ""
        if _KEPT in source or not _is_whole(source):
            return source
        if "](" in source or "**" in source:  # Markdown in a frame of tags that hide it
            return _TAG_LINE.sub("", source).strip("\n")
        root = Document(source).root
        converter = Converter(base_url=self.base_url, sample=self._sample)
        markdown = converter.process_tag(root)
        if lost_text(root, markdown):
            return source
        self.features |= converter.features
        self.losses += converter.losses
        return markdown

    def _note_references(self) -> str:
        """Collect the links and pictures of the text, in their order, and what else is in it;
        return its tags."""
        tags: list[str] = []
        opened: list[tuple[str, int]] = []  # the address, and where in `words` its text begins
        words: list[str] = []
        for event in pyromark.events(self.text, options=pyromark.Options.ENABLE_TABLES):
            what, content = _taken_apart(event)
            if what in ("Text", "Code"):
                words.append(content)
            elif what in ("SoftBreak", "HardBreak"):
                words.append(" ")
            elif what == "Start":
                kind, details = _taken_apart(content)
                if kind in ("Link", "Image"):
                    opened.append((details["dest_url"], len(words)))
                elif kind == "CodeBlock":
                    self.features.add("code")
                elif kind == "Table":
                    self.features.add("table")
            elif what == "End" and content in ("Link", "Image"):
                address, start = opened.pop()
                self._note(content, address, " ".join("".join(words[start:]).split()))
            elif what in ("InlineHtml", "Html"):
                tags.append(content)
                for tag, address in _NAMED_ADDRESS.findall(content):
                    self._note("Image" if tag.lower() == "img" else "Link", address, "")
        return "".join(tags)

    def _note(self, kind: str, address: str, text: str) -> None:
        address = clean_address(address.removeprefix("mailto:"), self.base_url)
        if address and kind == "Image":
            self.images.append(Image(address, text, ""))
            self.features.add("image")
        elif address:
            self.links.append(Link(address, text))


def _tags_as_markdown(text: str) -> str:
    """Return Markdown whose `{% codeblock lang:js %}` is a fence, so that what is in it is no HTML,
    and whose `{% img /a.png 题 %}` is a picture."""
    tags = [bool(tag["end"]) for tag in _CODE_TAG.finditer(text)]
    if tags and tags == [False, True] * (len(tags) // 2) and "```" not in text:
        text = _CODE_TAG.sub(_fence, text)
    if not _IMAGE_TAG.search(text):
        return text
    pieces = _code_and_prose(text)
    return "".join(
        piece if is_code else _IMAGE_TAG.sub(_picture, piece) for is_code, piece in pieces
    )


def _words_as_text(text: str) -> str:
    """Return Markdown in which a name that is no element's and never ends is text: Result<T>."""
    pieces = list(_code_and_prose(text))
    ended = {
        name.lower() for is_code, piece in pieces if not is_code for name in _END_TAG.findall(piece)
    }

    def written(tag: re.Match[str]) -> str:
        is_element = tag[1].lower() in NAMES or tag[1].lower() in ended
        return tag[0] if is_element else f"\\{tag[0]}"

    return "".join(piece if is_code else _BARE_TAG.sub(written, piece) for is_code, piece in pieces)


def _arguments(written: str) -> list[str]:
    """Return the arguments of a tag, without the quotes around them."""
    return [word.strip("\"'") for word in _ARGUMENT.findall(written)]


def _fence(tag: re.Match[str]) -> str:
    words = _arguments(tag["options"])
    if tag["name"] == "highlight":
        return f"```{''.join(words[:1])}"
    named = "".join(word.removeprefix("lang:") for word in words if word.startswith("lang:"))
    caption = " ".join(word for word in words if not _OPTION.match(word))
    return f"{caption}\n\n```{named}" if caption else f"```{named}"


def _picture(tag: re.Match[str]) -> str:
    words = _arguments(tag[1])
    place = next((n for n, word in enumerate(words) if "." in word or "/" in word), None)
    if place is None:
        return tag[0]
    alt = " ".join(word for word in words[place + 1 :] if not word[:1].isdigit())
    return f"![{alt}]({words[place]})"


def _code_and_prose(markdown: str) -> Iterator[tuple[bool, str]]:
    """Yield the pieces of Markdown in their order, each with whether it is code."""
    data = markdown.encode()
    place = 0
    for event, at in pyromark.events_with_range(markdown):
        what, content = _taken_apart(event)
        if what == "Code" or (what == "Start" and "CodeBlock" in content):
            yield False, data[place : at["start"]].decode()
            yield True, data[at["start"] : at["end"]].decode()
            place = at["end"]
    yield False, data[place:].decode()


def _taken_apart(event: Any) -> tuple[str, Any]:
    """Return the name of an event of pyromark and what comes with it. It is a dict with the name
    as its one key, or only the name; a `match` over such dicts takes four times as long."""
    return (event, None) if isinstance(event, str) else next(iter(event.items()))


def _end_of(text: str, found: re.Match[str]) -> int:
    """Where the HTML that begins at a match ends."""
    if tag := found["whole"] or found["inline"]:
        if tag.lower() in VOID:
            close = text.find(">", found.start())
            return close + 1 if close >= 0 else len(text)
        depth = 0
        for edge in re.compile(rf"(?i)<(/?){tag}\b[^<>]*>").finditer(text, found.start()):
            depth += -1 if edge[1] else 1
            if depth == 0:
                return edge.end()
    empty = _EMPTY_LINE.search(text, found.end())
    return empty.start() if empty else len(text)


def _is_whole(source: str) -> bool:
    """Whether every element that a block opens is closed in it."""
    open_tags: Counter[str] = Counter()
    for tag in TAG.finditer(source):
        if tag[2].lower() not in VOID and tag[0][-2] != "/":
            open_tags[tag[2].lower()] += -1 if tag[1] else 1
    return not any(open_tags.values())
