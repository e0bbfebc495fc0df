"""What counts as the same letter: one table for the build, the queries and the snippets.

Folded away are compatibility forms (NFKC: full-width, half-width kana, ligatures), case, the
accents of Latin and Greek, the vowel points of Hebrew and Arabic, invisible characters and
variation selectors, and the difference between Traditional and Simplified Chinese (OpenCC's
table, one character to one character, and some that it keeps). Kana, hangul and Cyrillic keep
their marks, since か and が or и and й are different letters.

Signs such as ★ → € and emoji stay. Whatever else can not be part of a word becomes a blank: a
space stays a space, punctuation and line breaks become a line break, so that the tokenizer can
tell "AI 芯片" from "AI。芯片".
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from opencc import OpenCC

# Scripts written without spaces between words, as a regular expression's character class:
# Han with its extensions, kana, bopomofo, hangul, Yi, Thai, Lao, Myanmar, Khmer.
CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3041-\u3096\u3099-\u309a\u309d-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua000-\ua48c\uf900-\ufaff\U00016fe0-\U0001b2ff\U00020000-\U0003fffd"
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecf\u1000-\u103f\u1050-\u109d\u1780-\u17d3\u17dc-\u17dd"
)
ONE_CJK = re.compile(f"[{CJK}]")
# Letters that carry their accent inside, which no decomposition takes off.
_STROKED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}
)
# Characters that OpenCC keeps, since what they become hangs on the word: 隨著 随着, 著名 著名. As
# one letter both spellings of a word meet: 瞭解 了解, 憑藉 凭借, 彷彿 仿佛, 甚麼 什么, 計畫 计划,
# 回覆 回复, 姊妹 姐妹, 沈默 沉默. The price is that 画 finds 划, 什 finds 甚, 你 finds 妳.
_KEPT = dict(
    zip(
        "著瞭藉彷甚妳牠祇衹姊画覆沈甦甯礆迳黏砲銲镕薰粧痲蔴籐荳菓姪搾揹",
        "着了借仿什你它只只姐划复沉苏宁硷径粘炮焊熔熏妆麻麻藤豆果侄榨背",
        strict=True,
    )
)
# Only here does a character's folded form depend on its neighbours.
_COMBINING = re.compile("[\u0300-\u036f\u1100-\u11ff\u3099\u309a\uff9e\uff9f]")
MARKS = "\u0300-\u036f\u1160-\u11ff\u3099\u309a\uff9e\uff9f"  # those that join the one before
_MARKED = re.compile(f"(?s).[{MARKS}]+")
_ACCENTS = re.compile("(?<=[A-Za-zͰ-Ͽ])[\u0300-\u036f]+|(?<=е)\u0308")
# Marks on letters that say nothing of their own: stray accents, Hebrew points, Arabic vowels and
# tatweel, variation selectors, skin tones. Format characters and enclosing marks go by category.
_DROPPED = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u0652\u0670"
    "\u180b-\u180d\u180f\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
)
SYMBOLS = "+#%@"  # part of a word beside one: C++, C#, Disney+, 50%, #tag, @name
# Each is a word by itself, as a character class: currencies, arrows, mathematics, technical and
# geometric shapes, dingbats, emoji; not the lines and blocks (2500-259f) that tables are drawn of.
SIGNS = (
    "\u00a2-\u00a9\u00ac\u00ae\u00b0\u00b1\u00d7\u00f7\u20a0-\u20cf\u2190-\u23ff"
    "\u25a0-\u27bf\u27f0-\u27ff\u2900-\u297f\u2a00-\u2bff\U0001f000-\U0001faff"
)


def fold(text: str) -> str:
    """Return `text` as the index sees it: letters folded, all else a space or a line break."""
    if _COMBINING.search(text):
        # Not the whole text: ①② would be the number 12 there, and two elsewhere.
        text = _MARKED.sub(lambda marked: unicodedata.normalize("NFKC", marked[0]), text)
    return text.translate(_TABLE)


def fold_in_place(text: str) -> str | None:
    """As `fold`, if every character folds to just one, so that places stay the same; else None."""
    if _COMBINING.search(text):
        return None
    folded = text.translate(_TABLE)
    return folded if _TABLE.uneven.isdisjoint(text) else None


def is_combining(character: str) -> bool:
    """Return whether the folding of a character depends on those beside it."""
    return bool(_COMBINING.match(character))


def is_of(characters: str, character: str) -> bool:
    """Return whether a character is of a class, CJK or SIGNS."""
    return bool(re.match(f"[{characters}]", character))


@cache
def folding_table() -> tuple[tuple[str, str], ...]:
    """Return (character, folded) for every character that folding changes, in code point order.

    This is what the database keeps for queries written in plain SQL; characters that only
    become a blank are left out.
    """
    characters = [*map(chr, range(0x20, 0x30000))]  # those before are blanks
    # Most are folded to themselves: all at once, since one at a time takes ten times as long.
    text = unicodedata.normalize("NFKD", "\n".join(characters).casefold())
    text = unicodedata.normalize("NFKC", _ACCENTS.sub("", text.translate(_STROKED)))
    at_once = zip(characters, text.split("\n"), strict=True)
    changed = (old for old, new in at_once if old != new or old in _simplified())
    pairs = ((each, fold_character(each)) for each in changed)
    return tuple((old, new) for old, new in pairs if new != old and new.strip())


class _Table(dict[int, str]):
    """A translation table that works out each character when it is first met; `uneven` are
    those it met that fold to none or to several."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven = set[str]()

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        if len(folded) != 1:
            self.uneven.add(chr(code))  # first: another thread may meet the character now
        self[code] = folded
        return folded


_TABLE = _Table()


def fold_character(character: str) -> str:
    """Fold one character by itself: to one, several or none."""
    text = unicodedata.normalize("NFKC", character).casefold()
    text = unicodedata.normalize("NFKD", text).translate(_STROKED)
    text = unicodedata.normalize("NFKC", _ACCENTS.sub("", text))
    folded = "".join(_as_word_or_blank(_simplified().get(c, c)) for c in text)
    if not folded.strip():
        return folded[:1]  # … is one break, not three
    # ① and ² stand for digits, and are none of the number beside them.
    is_apart = unicodedata.category(character) != "Nd" and re.search("[0-9]", folded)
    return f" {folded} " if is_apart else folded


def _as_word_or_blank(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cf", "Me") or _DROPPED.match(character):
        return ""
    is_sign = category in ("So", "Sm", "Sc") and is_of(SIGNS, character)
    if is_sign or category[0] in "LMN" or character in SYMBOLS:
        return character
    return " " if category == "Zs" or character == "\t" else "\n"


@cache
def _simplified() -> dict[str, str]:
    table = {old: _KEPT.get(new, new) for old, new in changed_by("t2s").items()}
    return {old: table.get(new, new) for old, new in (table | _KEPT).items()}


@cache
def converter(configuration: str) -> OpenCC:
    """Return OpenCC with a configuration, read once."""
    return OpenCC(configuration)


@cache
def changed_by(configuration: str) -> dict[str, str]:
    """Return what OpenCC's configuration (`t2s`, `s2t`) makes of each Han character by itself,
    without those that it leaves as they are."""
    blocks = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0x20000, 0x2EBF0), (0x30000, 0x323B0))
    characters = [chr(code) for block in blocks for code in range(*block)]
    converted = str(converter(configuration).convert("\n".join(characters))).split("\n")
    pairs = zip(characters, converted, strict=True)
    return {character: other for character, other in pairs if character != other}
