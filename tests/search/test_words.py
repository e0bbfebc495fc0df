"""Words without a dictionary: what holds together and stands freely, and no part of it."""

from __future__ import annotations

import random

from clippings.search.folding import fold
from clippings.search.words import LONGEST, Words

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


def found(words: Words) -> set[str]:
    return {
        words.text(index, size)
        for size in range(1, LONGEST + 1)
        for index in range(len(words.words[size - 1]))
    }


def test_words_are_whole_and_nothing_else_is_one() -> None:
    """All words of the language, its joining characters, and no part, pair or phrase of them."""
    assert found(Words(texts())) == {*NOUNS, "的", "在", "了"}


def test_counts_are_those_of_the_text() -> None:
    """A word is counted wherever it stands, as the search does; of some places, there only."""
    made = texts()
    words = Words(made)
    half = slice(0, words.edges[200])
    for size in range(1, LONGEST + 1):
        whole, part = words.count(size, slice(None)), words.count(size, half)
        for index in range(len(words.words[size - 1])):
            word = words.text(index, size)
            assert whole[index] == sum(text.count(word) for text in made)
            assert part[index] == sum(text.count(word) for text in made[:200])
            holding = sum(word in text for text in made[:200])
            assert words.articles(index, size, half) == holding


def test_words_are_shown_as_written() -> None:
    """Folded for counting, not for reading: 動畫 is not 动划, NASA not nasa; scripts are apart."""
    made = ["動畫與ＮＡＳＡ的プログラム"] * 3 + texts()
    shown = found(Words([*made, *("NASA プログラム，画面" for _ in range(9))]))
    assert {"ＮＡＳＡ", "プログラム"} <= shown
    assert not {"プ", "グ", "プログ", "nasa"} & shown


def test_nothing_to_read() -> None:
    """No texts, no letters: no words."""
    for made in ([], [""], ["，。", "1 2 3"], ["字"]):
        assert found(Words(made)) == set()
