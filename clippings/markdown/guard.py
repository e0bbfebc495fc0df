"""The guard: is every letter that the page shows still there in the Markdown?"""

from __future__ import annotations

import html
import re
from collections import Counter

from turbohtml import Element

from clippings.markdown.commonmark import plain_text

_NEAR = 2000  # how far on a text is looked for as it stands; addresses may come between
_TAG = re.compile(r"<[A-Za-z/!?][^<>]*>")
_ODD_LETTERS = 200
_WORD = re.compile(r"[^\W_]+")


def lost_text(root: Element, markdown: str) -> str:
    """The characters of a cleaned tree that are missing in its Markdown, white space aside.

    Nearly every text stands in the Markdown as it stood in the page, so looking for one after
    the other costs little; only an article where that fails is compared letter by letter.
    """
    place = 0
    for text in root.stripped_strings:
        found = markdown.find(text, place, place + len(text) + _NEAR)
        if found >= 0:
            place = found + len(text)
            continue
        for word in _WORD.findall(text):
            found = markdown.find(word, place)
            if found < 0:
                return _missing(root.text, plain_text(markdown))
            place = found + len(word)
    return ""


def lost_in_repair(source: str, root: Element) -> str:
    """Return the letters of HTML that its tree has not, whatever was done to the HTML before.

    Tags are told roughly, so a few letters of odd attributes are no loss.
    """
    before = "".join(_WORD.findall(html.unescape(_TAG.sub("", source))))
    lost = _missing(before, root.text)
    return lost if len(lost) > _ODD_LETTERS + len(before) // 50 else ""


def _missing(before: str, after: str) -> str:
    missing = Counter("".join(before.split())) - Counter("".join(after.split()))
    return "".join(missing.elements())
