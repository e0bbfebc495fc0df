"""Is a body HTML, or Markdown with some HTML in it?"""

from __future__ import annotations

import re
from itertools import accumulate

TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)(?![A-Za-z0-9-])[^<>]*>")
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
# A page, or what the archive's generator wrote around the text of a feed.
_DOCUMENT = re.compile(
    r"(?i)\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)\b|<div> {3}\n"
)
_WRAPPER = re.compile(r"\s*<(div|article|section|main|table)\b")
_EDGES = {tag: re.compile(rf"<(?=/?{tag}\b)") for tag in "div article section main table".split()}
# A wrapper around Markdown: an empty line, then one of its signs.
# Bare text of a feed may begin with `- `, `> `, `# ` or `[` too, so these are no sign here.
_FRAMED = re.compile(
    r"\s*<[a-z]+(?![a-z])[^<>]*>[ \t]*\n[ \t]*\n"
    r"(?:\*\*\S|```|!?\[[^\[\]\n]*\]\(|\{\{|\{%|#{1,6} .*\n\n[^<]*\Z)"
)
_COMMENTS = re.compile(r"(?:\s|<!--(?:[^-]|-(?!->))*-->)+")
_ELEMENT = "\0"  # stands for an element where only what is outside counts
# What only Markdown has: at the start of a line, within one, or an empty line between texts.
_SIGN = re.compile(
    r"^(?:#{1,6} \S|```|~~~|[-*+] \S|\d{1,3}\. \S|> ?\S|\[[^\]\n]+\]: ?\S)"
    r"|\*\*[^\s*]|\[[^\[\]\n]*\]\([^()\s]+\)|`[^`\n]+`|\{\{[<%]|\{%"
    rf"|[^\s{_ELEMENT}][ \t]*\n[ \t]*\n\s*[^\s{_ELEMENT}]",
    re.MULTILINE,
)


def is_html(body: str) -> bool:
    """Whether a body is HTML: it has tags, and outside of its elements no sign of Markdown.

    The feeds' bodies are one `<div>` from end to end, which is seen without reading them.
    """
    if "<" not in body:
        return False
    if before := _COMMENTS.match(body):
        body = body[before.end() :]
    if _DOCUMENT.match(body):
        return True
    if _is_one_element(body):
        return _FRAMED.match(body) is None
    if "{{<" in body or "{{%" in body:  # Hugo's, and never HTML's
        return False
    tags = list(TAG.finditer(body))
    return bool(tags) and not _SIGN.search(_outside(body, tags))


def _is_one_element(body: str) -> bool:
    """Whether the element that a body begins with lasts to its end."""
    first = _WRAPPER.match(body)
    if not first:
        return False
    if "\n\n" not in body:  # no Markdown can follow without an empty line
        return True
    edges = _EDGES[first[1]].split(body)  # what stands before, and between, its tags
    depths = list(accumulate(1 if edge[:1] != "/" else -1 for edge in edges[1:]))
    if edges[-1].partition(">")[2].strip():
        return False
    return depths[-1] < 0 or 0 not in depths[:-1]  # a surplus end tag ends nothing


def _outside(body: str, tags: list[re.Match[str]]) -> str:
    """The text outside of all elements that are closed."""
    open_tags: dict[str, list[int]] = {}
    paired: set[int] = set()
    for number, tag in enumerate(tags):
        same = open_tags.setdefault(tag[2].lower(), [])
        if not tag[1]:
            same.append(number)
        elif same:
            paired |= {number, same.pop()}
    parts: list[str] = []
    depth = place = 0
    for number, tag in enumerate(tags):
        if depth == 0:
            parts += [body[place : tag.start()], _ELEMENT]
        place = tag.end()
        if number in paired:
            depth += -1 if tag[1] else 1
    if depth == 0:
        parts.append(body[place:])
    return "".join(parts)
