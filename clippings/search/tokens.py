"""Text → tokens: what is written into the index.

What matches what
-----------------
1. Text is folded first (see `folding`), then cut at everything that is not a letter or digit.
2. A run of CJK characters is written as its overlapping pairs: 核战争 → 核战 战争. Any substring
   of two or more characters is then a phrase of pairs, found exactly, never across punctuation.
3. Each field starts with the set of its CJK characters, one token each: that answers queries of
   one character as fast as a word.
4. Other words are split where letters and digits meet: iPhone13 → iphone 13. So `iphone13`,
   `iphone 13` and `13` find it. A word with punctuation inside is the phrase of its pieces:
   Wi-Fi, node.js, GPT-4, 12.5.
5. `+`, `#`, `%` and `@` right after a word are words too: C++ is the phrase c ++, and `C` finds it
   as well; 50% is 50 %, also where it is written with a space. So are `#` and `@` before one:
   `tag` finds #tag, `#tag` nothing else. Signs (★ × → 😀) are words wherever they stand.
6. Where CJK and other writing touch, the CJK character at the seam is written once more, with
   the side on which the other writing stands: AI芯片 → ai 芯b 芯片, 用AI → 用a ai. So AI芯, AI芯片
   and 片AI are exact phrases. One space at the seam is no difference: 5G 网络 is 5G网络.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from clippings.search.arrays import TextBatch
from clippings.search.folding import CJK, SIGNS, SYMBOLS

# A space at a seam, or before a per cent sign. It starts with the space so that the search skips
# quickly from one to the next.
_SEAM = re.compile(f" (?:(?<=[{CJK}] )(?=[^\\s{CJK}])|(?<=[^\\s{CJK}] )(?=[%{CJK}]))")
_RUN = re.compile(f"[{CJK}]+|[0-9]+|\\++|[#@]+|[%{SIGNS}]|[^{CJK}0-9{SYMBOLS}{SIGNS}]+")

VALUE = "|"  # stands before and after each value of a label column


def join_labels(values: Iterable[tuple[str, str]]) -> str:
    """Return the tokens of a column of names (sources, tags), given the characters and the words
    of each: `| 知乎 | 果壳 壳网 |`.

    The bars let a query ask for a whole value: `source:"知乎"` leaves 知乎日报 out.
    """
    cut = list(values)
    characters = sorted(set("".join(characters for characters, _ in cut)))
    words = (piece for _, words in cut for piece in (VALUE, words) if piece)
    return " ".join([*characters, *words, VALUE]) if cut else ""


def facts(published: str | None, language: str | None, features: Iterable[str]) -> str:
    """Return the tokens of what is known about an article besides its words.

    `published` is ISO 8601 (only its date counts), `language` a BCP 47 tag, `features` words
    such as "image". A date is written at every width a range may need: d d2 d20 d202 d2022
    d202201 d20220111; `all` is on every article.
    """
    day = (published or "")[:10].replace("-", "")
    dates = [f"d{day[:width]}" for width in (0, 1, 2, 3, 4, 6, 8)] if len(day) == 8 else []
    tag = (language or "").lower().split("-")
    languages = dict.fromkeys([f"lang{tag[0]}", f"lang{''.join(tag)}"] if tag[0] else [])
    return " ".join(["all", *dates, *languages, *(f"has{name}" for name in sorted(features))])


def tokens(text: str) -> list[str]:
    """Return the tokens of `text` in their order, without the set of its characters."""
    return TextBatch([text]).words[0].split()


def spans(folded: str) -> list[str]:
    """Cut folded text at its blanks, save for a single space at a seam."""
    return _SEAM.sub("", folded).split()


def runs(span: str) -> list[str]:
    """Cut a span into runs of one kind: CJK, digits, symbols, a sign, letters of other scripts.

    Symbols without a word, and `+` and `%` before one, are none.
    """
    return _RUN.findall(span.lstrip("+%")) if span.strip(SYMBOLS) else []
