"""Code as it was written: lines kept, line numbers left out, the language found."""

from __future__ import annotations

import re
from itertools import islice

from lxml import etree

from clippings.markdown.tokens import syntax

# A class that names the language, and a class that stands beside the name.
_LANGUAGE = re.compile(
    r"(?:^|[\s;\"'])(?:language|lang|highlight-source|highlight-text|brush|sourceCode)[-:]\s*([\w+#.-]+)"
    r"|(?:^|\s)(?:highlight|sourceCode|prettyprint|codehilite|chroma|hljs)\s+(?!highlight-|lang)([\w+#.-]+)"
    r"|^([\w+#.-]+)\s+hljs|(?:^|\s)highlight-([\w+#.-]+)",
    re.IGNORECASE,
)
_LANGUAGE_ATTRIBUTES = ("data-lang", "data-language", "lang")
# Words that stand where a language would and name none; `lang` may be that of its reader.
_NO_LANGUAGE = re.compile(
    r"(?i)(?:null|none|undefined|auto|nohighlight|highlight\S*|hljs|wrap|linenos|linenums|line-?numbers|number"
    r"|prettyprint\w*|code|copyable|notranslate|default|text|ipynb|(?:zh|en|ja|ko)(?:-\w+)*)$"
)
_LINE_NUMBERS = re.compile(
    r"(?:^|[\s_-])(?:gutter|lineno|linenos|linenodiv|line-?numbers?(?:-rows)?|rouge-gutter|hljs-ln-numbers"
    r"|pre-numbering|blob-num|lnt?|code-snippet__line-index)(?:$|\s)"
)
_COUNTS = re.compile(r"[\d\s.:|+$>-]+")
# What a button to copy says, alone in an element; and what ends no code, in any.
_COPY = frozenset("复制代码 复制 拷贝代码 已复制 複製程式碼 複製 Copy copy Copied Copied!".split())
_COPY_WORDS = re.compile(r"(?:复制代码|拷贝代码|複製程式碼|\n(?:Copy|Copied!|复制|複製))\s{0,99}\Z")
_OWN_LINE = frozenset("div p li tr".split())
_CODE_CELL = re.compile(r"(?:^|[\s_-])code(?:-inner)?(?:$|\s)")
_BACKTICKS = re.compile("`+")


def code_text(element: etree._Element) -> str:
    """The lines of a code block; a `<br>`, and each block in it, ends a line.

    So does each `<code>`, where there is nothing but those in it.
    """
    parts: list[str] = []
    only_code = len(element) > 1 and all(
        child.tag == "code" and not (child.tail or "").strip() for child in element
    )
    _gather(element, parts, _OWN_LINE | {"code"} if only_code else _OWN_LINE)
    return "".join(parts)


def _gather(element: etree._Element, parts: list[str], lines: frozenset[str]) -> None:
    if element.text:
        parts.append(element.text)
    for child in element:
        tag = child.tag
        if tag == "br":
            parts.append("\n")
        else:
            if tag in lines and parts and not parts[-1].endswith("\n"):
                parts.append("\n")
            _gather(child, parts, lines)
            if tag in _OWN_LINE and child.getnext() is not None:
                parts.append("\n")
        if child.tail:
            parts.append(child.tail)


def code_language(element: etree._Element) -> str:
    """The language of a code block: by its own attributes, its `<code>`'s, or its wrappers'."""
    own = [element, *element.findall("code")[:1]]
    named = [place.get(name) for place in own for name in _LANGUAGE_ATTRIBUTES]
    for place in (*own, *islice(element.iterancestors("figure", "div", "table", "td"), 5)):
        named += [
            next(filter(None, m.groups())) for m in _LANGUAGE.finditer(place.get("class", ""))
        ]
    return next((name for name in named if name and not _NO_LANGUAGE.match(name)), "")


def code_cells(table: etree._Element) -> list[etree._Element]:
    """The cells that hold the code, where a highlighter wrote a table of numbers and lines."""
    cells = [cell for cell in table.iter("td") if _CODE_CELL.search(cell.get("class", ""))]
    return cells if cells and any(map(is_line_number, table.iter("td"))) else []


def is_line_number(element: etree._Element) -> bool:
    """Whether an element only counts the lines of code beside it."""
    named = _LINE_NUMBERS.search(element.get("class", ""))
    return bool(named) and not _COUNTS.sub("", "".join(element.itertext()))


def drop_copy_button(pre: etree._Element) -> None:
    """Take the words of a button at the end of code away: 复制代码."""
    last = pre
    while len(last) and not (last[-1].tail or "").strip():
        last = last[-1]
        if "".join(last.itertext()).strip() in _COPY:
            parent = last.getparent()
            if parent is not None:
                parent.remove(last)
            return
    tail = last[-1].tail if len(last) else last.text
    if tail and (words := _COPY_WORDS.search(tail)):
        if len(last):
            last[-1].tail = tail[: words.start()]
        else:
            last.text = tail[: words.start()]


def fenced(text: str, language: str) -> str:
    """A fenced code block, its fence longer than any row of backticks in it."""
    longest = max(map(len, _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def code_syntax(text: str) -> str:
    """Return text as inline code; its row of backticks differs from every row in it."""
    # Two wide spaces would begin a paragraph.
    text = text.replace("\n", " ").replace("\xa0", " ").replace("\u3000\u3000", "\u3000 ")
    if not text.strip():
        return " " * bool(text)
    rows = {len(row) for row in _BACKTICKS.findall(text)}
    fence = "`" * next(n for n in range(1, len(rows) + 2) if n not in rows)
    pad = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return syntax(f"{fence}{pad}{text}{pad}{fence}")
