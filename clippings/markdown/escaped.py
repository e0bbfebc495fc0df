"""HTML that stands as text by accident: a feed's Markdown took its indented HTML for code, or
escaped it twice. Real examples of HTML stay code.

    code that has a language or line numbers                        an example
    code that does not begin and end with a tag                     an example
    `<html>`, `<script>`, `<input>`, `{{ }}`, `v-if`, `onclick`     an example
    begins with an end tag; its second line is indented by eight    an accident
    blanks or more; `referrerpolicy="no-referrer"`; a sentence
    of 80 letters (25 Chinese characters) between its tags
    none of these                                                   an example

Measured on 743 articles of feeds, where 41 of 41 blocks of HTML are accidents, 38 were found; and
on HTML examples of handbooks and blogs (`benchmarks/escaped.py`).
"""

from __future__ import annotations

import re

from lxml import etree

_EDGES = re.compile(r"(?s)\s*</?[a-z][^<>]*>.*>\s*$")
_ONLY_IN_CODE = re.compile(
    r"(?i)<!doctype|</?(?:html|head|body|script|style|link|meta|input|textarea|select|form|template"
    r"|[a-z]+-[a-z-]+)[\s/>]|\{\{|\{%|<%|<\?|\s(?:v-[a-z]+|ng-[a-z]+|on[a-z]+|[@:][a-z.:-]+|\*ng[a-z]+"
    r"|className)=|<[A-Z][a-z]"
)
_ACCIDENT = re.compile(
    r"\A\s*</"
    r"|\A\s*<[^\n]*\n(?:[ \t]*\n)*[ \t]{8,}\S"
    r'|\sreferrerpolicy="no-referrer"'
    r"|>[^<>]{80}|>[^<>]{0,20}[\u4e00-\u9fff，。、：；？！]{25}"
)
_PAGE = re.compile(r"(?is)\s*<([a-z][a-z0-9]*)[\s>].*</?[a-z][^<>]*>\s*$")
_WRAPPERS = frozenset("html body div p br span article section".split())


def is_page_as_code(pre: etree._Element) -> bool:
    """Whether a code block holds HTML of the article itself, not an example."""
    if any(element.get("class") for element in pre.iter() if element.tag in ("pre", "code")):
        return False
    text = "".join(pre.itertext())
    return bool(_EDGES.match(text) and _ACCIDENT.search(text) and not _ONLY_IN_CODE.search(text))


def is_page_as_text(root: etree._Element) -> bool:
    """Whether all that a page shows is HTML, escaped once too often."""
    if any(element.tag not in _WRAPPERS for element in root.iter()):
        return False
    found = _PAGE.match("".join(root.itertext()))
    return bool(found and f"</{found[1]}" in found[0])
