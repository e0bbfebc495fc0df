"""Titles as generators write them, nothing escaped, in quotes that a YAML loader reads.

title: ""'普华永道：报告'""      ─►  "普华永道：报告"
title: #话题# 今天的云           ─►  "#话题# 今天的云"
title: 今日看点                  ─►  "今日看点\\n时间：周六"
时间：周六
"""

from __future__ import annotations

import json
import re

_KEYS_AFTER = "date|author|tags|category|layout|slug|permalink|comments|categories"
_NO_TITLE = r"[# \t]*[\w@$.][\w.@$/() -]{0,60}:(?:\s|$)|.*<"
_COMMENT_OR_FENCE = r"#+(?:\s|$)|(?:-{3,}|\.{3})[ \t]*$"
_FLAGS = re.MULTILINE | re.IGNORECASE
_LINES = r"(?:title|标题|標題)[ \t]*:[ \t]*(?P<value>.*(?:\n(?!%s).*){0,100}?)(?=\n(?:%s))"
_TITLE = re.compile(
    _LINES % (f"{_NO_TITLE}|{_COMMENT_OR_FENCE}", rf"(?:{_KEYS_AFTER})[ \t]*:"), _FLAGS
)
_GENERATED_TITLE = re.compile(_LINES % (_NO_TITLE, "categories: (?:\n|$)"), _FLAGS)
_GENERATED = re.compile("^categories: $", re.MULTILINE)
_TEXT = re.compile(
    r"^(?:title|subtitle|description|summary|标题|標題)[ \t]*:[ \t]*(?P<value>.*)$", _FLAGS
)
_QUOTED = re.compile(r"""(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")(?:\s+#.*)?""", re.DOTALL)


def is_generated(header: str) -> bool:
    """Return whether this archive's generator wrote the header: it leaves a blank behind a key.

    It escapes nothing and writes no comments, so that every sign in a value is text.
    """
    return _GENERATED.search(header) is not None


def title_lines(text: str, start: int) -> re.Match[str] | None:
    """Match the title that begins at `start`, with the lines on which it goes on.

    They end at one of the keys that usually follow; none of them holds another key (with an
    ASCII colon), a tag or, but in a header of the generator, a comment or a fence.
    """
    return _GENERATED_TITLE.match(text, start) or _TITLE.match(text, start)


def quote_titles(header: str) -> tuple[str, bool]:
    """Put titles that YAML would misread in quotes; say whether one was no YAML at all."""
    generated = is_generated(header)
    position, pieces, broken = 0, list[str](), False
    for line in _TEXT.finditer(header):
        if line.start() < position:
            continue
        value = title_lines(header, line.start()) or line
        if meant := _meant(value["value"].strip(), generated):
            text, is_yaml = meant
            quoted = json.dumps(text, ensure_ascii=False)
            pieces += header[position : value.start("value")], quoted
            position = value.end()
            broken = broken or not is_yaml
    return "".join((*pieces, header[position:])), broken


def _meant(written: str, generated: bool) -> tuple[str, bool] | None:
    """Read a title's value as it was meant, and say whether YAML would have read some title there;
    None where YAML reads it so."""
    is_yaml = _QUOTED.fullmatch(written) is not None
    if is_yaml and not (generated and ("\n" in written or "''" in written)):
        return None
    lead, tail = (len(written) - len(rest) for rest in (written.lstrip('"'), written.rstrip('"')))
    if written and (lead == len(written) or min(lead, tail) > 1):
        run = min(lead, tail)
        return unquoted(written[run:-run], escaped=False), False
    if is_yaml or ("\n" in written and (generated or written[0] not in "|>-{")):
        lines = "\n".join(filter(None, map(str.strip, written.split("\n"))))
        return unquoted(lines, escaped=not generated), is_yaml
    is_list = written[:1] == "[" and written.endswith("]") and written != "[]"
    is_text = generated and ("#" in written or written[:1] in ("-", "."))
    if is_list or is_text or re.search(r"^#|\s#\w", written):
        return None if written[0] in "'\"" else (written, True)
    return None


def unquoted(text: str, *, escaped: bool = True) -> str:
    """Take the quotes around a value off; what is inside stays as written, but for quotes that are
    `escaped`."""
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "\"'":
        return text
    quote, inner = text[0], text[1:-1]
    first, last = inner.find(quote), inner.rfind(quote)
    if first < last and inner[first + 1].isspace() and inner[last - 1].isspace():
        return text  # two quoted words are no quoted value: "Foo" and "Bar"
    if not escaped:
        return inner
    return inner.replace('\\"', '"') if quote == '"' else inner.replace("''", "'")
