"""HTML that stands as text by accident: a feed's Markdown took its indented HTML for code, or
escaped it twice. Real examples of HTML stay code:

    code that has a class (a language, line numbers)                   an example
    does not begin with a tag that articles have                       an example
    `<html>`, `<script>`, `<input>`, `{{ }}`, `v-if`, `onclick`        an example
    begins with an end tag, or its second line is indented by eight    an accident
    blanks or more, or it says `referrerpolicy="no-referrer"`
    ends with a tag, and a sentence of 80 letters (25 Chinese ones)    an accident
    stands between its tags
    stands on a page with an accident                                  an accident
    anything else                                                      an example

How often that is right is in docs/reading.md.
"""

from __future__ import annotations

import html
import re

from turbohtml import Element

_BEGINS = re.compile(
    r"(?i)\s*</?(?:a|article|blockquote|br|button|center|div|em|figure|font|h[1-6]|hr|img|label|li|ol|p"
    r"|picture|section|source|span|strong|table|tbody|td|tr|ul|video)[\s/>]"
)
_ONLY_IN_CODE = re.compile(
    r"(?i)<!doctype|</?(?:html|head|body|script|style|link|meta|input|textarea|select|form|template"
    r"|[a-z]+-[a-z-]+)[\s/>]|\{\{|\{%|<%|<\?|\s(?:v-[a-z]+|ng-[a-z]+|on[a-z]+|[@:][a-z.:-]+|\*ng[a-z]+"
    r"|className)=|(?-i:<[A-Z][a-z])"
)
_ACCIDENT = re.compile(
    r'\A\s*</|\A\s*<[^\n]*\n(?:[ \t]*\n)*[ \t]{8,}\S|\sreferrerpolicy="no-referrer"'
)
_SENTENCE = re.compile(r">[^<>]{80}|>[^<>]{0,20}[\u4e00-\u9fff，。、：；？！]{25}")
_PAGE = re.compile(r"(?is)\s*<([a-z][a-z0-9]*)[\s>].*</?[a-z][^<>]*>\s*$")
_ADDRESS = re.compile(r"""<(?:img|a)\s[^<>]*\b(?:src|href)\s?=\s?["']?(?:https?:)?//[^<>]*>""")
_WRAPPERS = frozenset("html body div p br span article section".split())


def pages_as_code(root: Element) -> list[Element]:
    """Return the code blocks of a page that hold HTML of the article itself, not an example."""
    found = [pre for pre in root.iter_elements("pre") if _may_be_page(pre)]
    return found if any(map(_is_accident, found)) else []


def text_of_page(element: Element) -> str:
    """Return the HTML that stands as text in an element, escaped once or twice too often."""
    text = element.text
    return html.unescape(text) if "<" not in text else text


def _may_be_page(pre: Element) -> bool:
    if any(code.attr("class") for code in pre.iter_elements(("pre", "code"), include_self=True)):
        return False
    text = text_of_page(pre)
    return bool(_BEGINS.match(text)) and not _ONLY_IN_CODE.search(text)


def _is_accident(pre: Element) -> bool:
    text = text_of_page(pre)
    ended = text.rstrip().endswith(">")
    return bool(_ACCIDENT.search(text) or (ended and _SENTENCE.search(text)))


def is_page_as_text(root: Element) -> bool:
    """Whether all that a page shows is HTML, escaped once too often: it begins and ends with a tag,
    or a link or picture in it has an address."""
    if any(element.tag not in _WRAPPERS for element in root.iter_elements()):
        return False
    text = text_of_page(root)
    found = _PAGE.match(text)
    return bool((found and f"</{found[1]}" in found[0]) or _ADDRESS.search(text))
