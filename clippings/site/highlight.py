"""The words of a search marked in the body of an article, for links that lead from results.

body as safe HTML, query ─► mark_hits ─► the same with <mark>, the first of them id="hit"
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from html import escape, unescape
from itertools import chain
from operator import itemgetter

from clippings.search.closest import split_question
from clippings.search.query import parse_query
from clippings.search.snippets import Span, find_terms

_TAG = re.compile(r"(<[^>]*>)")
_INLINE = re.compile(r"</?(?:a|abbr|b|code|del|em|i|ins|kbd|mark|s|small|span|strong|sub|sup|u)\b")
_LONGEST = 200_000  # characters of a body that are looked through
# So much of the text at a place is looked for: a picture's text may follow, which is not shown.
_OF_A_PLACE = (24, 12, 6)


def mark_hits(body: str, asked: str, at: str = "") -> str:
    """Return the body with what a query finds in it marked; `at` is the text that begins at the
    one to lead to, the first where it is nowhere.

    Where it finds nothing there, the article was one of the closest: then the parts of the
    question are marked that it holds.
    """
    query = parse_query(asked)
    if not query.terms or len(body) > _LONGEST:
        return body
    marked = _mark(body, query.terms, at)
    return marked or _mark(body, split_question("\n".join(query.plain))) or body


def _mark(body: str, terms: Iterable[str], at: str = "") -> str:
    """Mark the terms in the text between tags; "" where there is none of them."""
    pieces = _TAG.split(body)  # text, tag, text, tag, … text
    texts = [unescape(text) for text in pieces[::2]]
    # A block begins a line, so that no term is found across two of them.
    gaps = ["" if _INLINE.match(tag) else "\n" for tag in pieces[1::2]] + [""]
    whole = "".join(chain.from_iterable(zip(texts, gaps, strict=True)))
    spans = find_terms(whole, terms)
    if not spans:
        return ""
    tries = (find_terms(whole, [f"{at[:length]}*"]) for length in _OF_A_PLACE if at)
    places = next(filter(None, tries), None)
    hit = max(0, bisect_right(spans, places[0][0], key=itemgetter(0)) - 1) if places else 0
    ends = [high for _, high in spans]
    start = 0
    for number, (text, gap) in enumerate(zip(texts, gaps, strict=True)):
        end = start + len(text)
        first, last = bisect_right(ends, start), bisect_left(spans, (end, 0))
        inside = [(low - start, high - start) for low, high in spans[first:last]]
        if inside:
            pieces[2 * number] = _marked(text, inside, hit - first)
        start = end + len(gap)
    return "".join(pieces)


def _marked(text: str, spans: list[Span], hit: int) -> str:
    """Mark stretches of a text, which may begin before it and end after it; one is the hit."""
    done, end = "", 0
    for index, (low, high) in enumerate(spans):
        name = ' id="hit"' if index == hit and low >= 0 else ""
        done += escape(text[end : max(low, 0)])
        done += f"<mark{name}>{escape(text[max(low, 0) : high])}</mark>"
        end = high
    return done + escape(text[end:])
