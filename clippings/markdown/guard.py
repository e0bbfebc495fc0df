"""The guard: is every letter that the page shows still there in the Markdown?"""

from __future__ import annotations

from collections import Counter

from lxml import etree

from clippings.rendering import plain_text


def lost_text(root: etree._Element, markdown: str) -> str:
    """The characters of a cleaned tree that are missing in its Markdown, white space aside.

    Nearly every text stands in the Markdown as it stood in the page, so looking for one after
    the other costs little; only an article where that fails is compared letter by letter.
    """
    place = 0
    for text in root.itertext():
        if not text.isspace():
            text = text.strip()
            found = markdown.find(text, place)
            if found < 0:
                return _missing("".join(root.itertext()), plain_text(markdown))
            place = found + len(text)
    return ""


def _missing(before: str, after: str) -> str:
    missing = Counter("".join(before.split())) - Counter("".join(after.split()))
    return "".join(missing.elements())
