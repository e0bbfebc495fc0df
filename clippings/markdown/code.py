"""Code as it was written: lines kept, line numbers left out, the language found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

from turbohtml import Element, Text

from clippings.markdown.elements import AROUND_CODE, DEEPEST
from clippings.markdown.tokens import LINE, syntax

# A class that names the language, and a class that stands beside the name.
_LANGUAGE = re.compile(
    r"(?:^|[\s;\"'])(?:language|lang|highlight-source|highlight-text|brush|sourceCode)[-:]\s*([\w+#.-]+)"
    r"|(?:^|\s)(?:highlight|sourceCode|prettyprint|codehilite|chroma|hljs)\s+(?!highlight-|lang)(?:hl-)?([\w+#.-]+)"
    r"|^([\w+#.-]+)\s+hljs|(?:^|\s)(mermaid)(?:\s|$)|(?:^|\s)highlight-([\w+#.-]+)"
    r"|^(bash|shell|sh|cpp|csharp|css|dart|go|html|java|javascript|js|json|jsx|kotlin|lua|nginx|php|python|py|ruby|rust"
    r"|scala|sql|swift|ts|tsx|typescript|vue|xml|ya?ml)$",
    re.IGNORECASE,
)
_LANGUAGE_ATTRIBUTES = ("data-lang", "data-language", "data-ke-language", "lang")
# Words that stand where a language would and name none; `lang` may be that of its reader.
_NO_LANGUAGE = re.compile(
    r"(?i)(?:null|none|undefined|auto|nohighlight|highlight\S*|hljs|wrap|linenos|linenums|line-?numbers|number"
    r"|prettyprint\w*|code|copyable|notranslate|default|text|ipynb|(?:zh|en|ja|ko)(?:-\w+)*)$"
)
_LINE_NUMBERS = re.compile(
    r"(?:^|[\s_-])(?:gutter|nums|lineno|linenos|linenodiv|line-?numbers?(?:-rows|-wrapper)?|rouge-gutter|hljs-ln-numbers"
    r"|pre-numbering|blob-num|lnt?|code-snippet__line-index)(?:$|\s)"
)
_COUNTS = re.compile(r"[\d\s.:|+$>-]+")
# What a button to copy says, alone in an element; and what ends no code, in any.
COPY = "复制代码 复制 拷贝代码 拷贝 已复制 複製程式碼 複製 Copy copy Copied Copied!".split()
COPY += ["Copy code", "Copy to clipboard"]
_COPY_WORDS = re.compile(
    r"(?:复制代码|拷贝代码|複製程式碼|\n(?:Copy(?: code)?|Copied!|复制|複製))\s{0,99}\Z"
)
# In the HTML of code, the work of scripts: buttons to copy, comments without words.
NO_CODE = re.compile(
    r"(?i)<!--\W{0,9}-->|<button(?=[^<>]*(?:cop[yi]|clip))[^<>]*>[^<]{0,99}(?:<(?!/button)[^<]{0,99}){0,20}</button>"
    rf"|<button\b[^<>]*>\s{{0,99}}(?:{'|'.join(COPY)})\s{{0,99}}</button>"
)
_WRAPPERS = frozenset("figure div table td".split())  # of code, which may name its language
_ONE_LINE = frozenset("div li tr".split())
_OWN_LINE = _ONE_LINE | {"p"}

_BACKTICKS = re.compile("`+")


def code_text(element: Element) -> str:
    """The lines of a code block; a `<br>`, and each block in it, ends a line.

    So does each `<code>`, where there is nothing but those in it.
    """
    parts: list[str] = []
    shown = [n for n in element if isinstance(n, (Element, Text)) and n.text.strip()]
    only_code = len(shown) > 1 and all(
        isinstance(child, Element) and child.tag == "code" for child in shown
    )
    _gather(element, parts, _OWN_LINE | {"code"} if only_code else _OWN_LINE)
    return "".join(parts)


def _gather(element: Element, parts: list[str], lines: frozenset[str], level: int = 0) -> None:
    for child in element:
        if isinstance(child, Text):
            around = (child.previous_sibling, child.next_sibling)
            is_between = all(isinstance(n, Element) and n.tag in _ONE_LINE for n in around)
            if not (is_between and child.data.strip(" ") == "\n"):  # it ends a line of the HTML
                parts.append(child.data)
        elif not isinstance(child, Element):
            continue
        elif child.tag == "br":
            parts.append("\n")
        elif level > DEEPEST:
            parts.append(child.text)
        else:
            tag = child.tag
            if tag in lines and parts and not parts[-1].endswith("\n"):
                parts.append("\n")
            before = len(parts)
            _gather(child, parts, lines, level + 1)
            is_ended = len(parts) > before and parts[-1].endswith("\n")
            is_last = not any(isinstance(n, Element) for n in child.next_siblings)
            if tag in _OWN_LINE and not (is_ended or is_last):
                parts.append("\n")


def code_language(element: Element) -> str:
    """The language of a code block: by its own attributes, its `<code>`'s, or its wrappers'."""
    code = element.find("code")
    own = [element, code] if code else [element]
    named = [place.attr(name) for place in own for name in _LANGUAGE_ATTRIBUTES]
    around = (up for up in element.ancestors if isinstance(up, Element) and up.tag in _WRAPPERS)
    for place in (*own, *islice(around, 5)):
        classes = place.attr("class") or ""
        named += [next(filter(None, m.groups())) for m in _LANGUAGE.finditer(classes)]
    return next((name for name in named if name and not _NO_LANGUAGE.match(name)), "")


def code_cells(table: Element) -> list[Element]:
    """The cells that hold the code, where a highlighter wrote a table of numbers and lines."""
    cells = list(table.iter_elements("td"))
    code = [cell for cell in cells if not is_line_number(cell)]
    return code if len(code) < len(cells) else []


def is_line_number(element: Element) -> bool:
    """Whether an element only counts the lines of code beside it."""
    named = _LINE_NUMBERS.search(element.attr("class") or "")
    return bool(named) and not _COUNTS.sub("", element.text)


def drop_line_numbers(pre: Element) -> None:
    """Take the numbers away with which all lines begin, each in an element of its own."""
    lines = [line.strip() for line in pre.text.rstrip().split("\n")]
    numbers = [str(number) for number in range(1, len(lines) + 1)]
    found: list[Element] = []
    for span in pre.iter_elements("span"):
        if span.text.strip(" ") == str(len(found) + 1):
            found.append(span)
    is_numbered = 1 < len(lines) == len(found) and all(map(str.startswith, lines, numbers))
    if not is_numbered or lines == numbers:
        return
    for span in found:
        if isinstance(after := span.next_sibling, Text):
            after.data = after.data.removeprefix(" ")
        span.extract()


def drop_copy_button(pre: Element) -> None:
    """Take the words of a button beside code or at its end away: 复制代码; a picture's and the
    name of the language, too."""
    code = pre.find("code")
    before = code.previous_siblings if code else ()
    for siblings in (pre.previous_siblings, pre.next_siblings, before):
        beside = next((n for n in siblings if not isinstance(n, Text) or n.data.strip()), None)
        if isinstance(beside, Element):
            pictures = " ".join(image.attr("alt") or "" for image in beside.iter_elements("img"))
            words = beside.text.strip() or pictures
            is_bar = words and beside.tag in ("div", "span")
            label = words.removeprefix(code_language(pre)).strip() if is_bar else words
            if label in COPY or (is_bar and not label):
                beside.extract()
    texts = [n for n in pre.descendants if isinstance(n, Text) and n.data.strip()]
    if len(texts) > 1 and texts[-1].parent is not pre and texts[-1].data.strip() in COPY:
        texts[-1].data = ""
    elif texts:
        texts[-1].data = _COPY_WORDS.sub("", texts[-1].data)


def fenced(text: str, language: str) -> str:
    """A fenced code block, its fence longer than any row of backticks in it."""
    longest = max(map(len, _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def code_parts(
    element: Element, converted: Callable[[Element], str], level: int = 0
) -> Iterator[str]:
    """Yield inline code with links or marks in it: these stand around code, not the other way.

    `converted` gives the Markdown of a link or a picture in it.
    """
    for child in element:
        if isinstance(child, Text):
            yield code_syntax(child.data)
        elif not isinstance(child, Element):
            continue
        elif child.tag in ("a", "img"):
            yield converted(child)
        elif child.tag == "br":
            yield LINE
        elif level > DEEPEST:
            yield code_syntax(child.text)
        else:
            before, after = AROUND_CODE.get(child.tag, ("", ""))
            yield before
            yield from code_parts(child, converted, level + 1)
            yield after


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
