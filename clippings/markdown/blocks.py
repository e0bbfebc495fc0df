"""How small blocks are written: headings, quotations, definitions, check boxes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from turbohtml import Element, Text

from clippings.markdown.tokens import FINISHED

_CLOSING_HASHES = re.compile(r"(?:^|(?<= ))#+$")


def heading(level: int, title: str, style: str) -> str:
    """Return a heading in a style of markdownify's: atx, atx_closed or underlined."""
    if title[-1:] == "#":
        title = _CLOSING_HASHES.sub(r"\\\g<0>", title)
    if style == "underlined" and level < 3:
        return f"{title}\n{'=-'[level - 1] * max(3, len(title))}"
    return f"{'#' * level} {title}{' ' + '#' * level if style == 'atx_closed' else ''}"


def quotation(text: str) -> str:
    """Return a text as a quotation; nothing of no text."""
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n")) if text else ""


def definition_list(blocks: Iterable[str]) -> str:
    """Return terms and definitions as HTML, which Markdown has no notation for; what is neither
    becomes a definition."""
    texts = [text[1:] if text[0] in FINISHED else text for text in blocks]
    rows = [t if t.startswith(("<dt>", "<dd>")) else f"<dd>\n\n{t}\n\n</dd>" for t in texts]
    return "\n".join(["<dl>", *rows, "</dl>"]) if rows else ""


def check_box(box: Element) -> str:
    """Return a check box of a list, with a space between it and its text."""
    mark = "[ ]" if box.attr("checked") is None else "[x]"
    after = box.next_sibling
    return mark if isinstance(after, Text) and after.data[:1].isspace() else f"{mark} "


def visible_text(el: Element, joint: str = "") -> str:
    """Return the text of an element on one line, its pieces joined by `joint`."""
    return " ".join((joint.join(el.strings) if joint else el.text).split())
