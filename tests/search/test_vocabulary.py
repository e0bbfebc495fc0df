"""Words without a dictionary: what holds together and stands freely, and no part of it."""

from __future__ import annotations

import random
import re

import numpy as np

from clippings.search.folding import fold
from clippings.search.occurrences import Texts
from clippings.search.vocabulary import Vocabulary

# 300 words of two, three and four characters that no two of them share.
_SIZES = [2, 3, 2, 4, 2] * 60
NOUNS = [
    "".join(chr(0x4E10 + 4 * at + step) for step in range(size)) for at, size in enumerate(_SIZES)
]
NOUNS = [word for word in NOUNS if fold(word) == word and not set(word) & set("的在了")]


def texts(count: int = 1500) -> list[str]:
    """Sentences of a made-up language: its words and what joins them."""
    rng = random.Random(19)

    def sentence() -> str:
        one, other, third = rng.sample(NOUNS, 3)
        return f"{one}的{other}在{third}了"

    return ["，".join(sentence() for _ in range(3)) + "。" for _ in range(count)]


def vocabulary(made: list[str]) -> Vocabulary:
    return Vocabulary(Texts([], made, 0))


def found(made: list[str]) -> set[str]:
    words = vocabulary(made)
    return {words.written(number) for number in range(len(words.size))}


def test_words_are_whole_and_nothing_else_is_one() -> None:
    """All words of the language, its joining characters, and no part, pair or phrase of them."""
    assert found(texts()) == {*NOUNS, "的", "在", "了"}


def test_counts_are_those_of_the_text() -> None:
    """A word is counted wherever it stands, as the search does; of some places, there only."""
    made = texts()
    words = vocabulary(made)
    every = np.ones(len(words.begin), bool)
    half = words.begin < len(re.findall(r"\w", "".join(made[:200])))
    whole, part, texts_of = words.count(every), words.count(half), words.count_texts(half)
    for number in range(len(words.size)):
        word = words.written(number)
        assert whole[number] == sum(text.count(word) for text in made)
        assert part[number] == sum(text.count(word) for text in made[:200])
        assert texts_of[number] == sum(word in text for text in made[:200])


def test_words_are_shown_as_written() -> None:
    """Folded for counting, not for reading: 動畫 is not 动划, NASA not nasa; scripts are apart."""
    made = ["動畫與ＮＡＳＡ的プログラム"] * 3 + texts()
    shown = found([*made, *("NASA プログラム，画面" for _ in range(9))])
    assert {"ＮＡＳＡ", "プログラム"} <= shown
    assert not {"プ", "グ", "プログ", "nasa"} & shown


def test_nothing_to_read() -> None:
    """No texts, no letters: no words."""
    for made in ([], [""], ["，。", "1 2 3"], ["字"]):
        assert found(made) == set()
