"""What counts as the same letter."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clippings.search.folding import changed_by, fold, fold_in_place, folding_table

SPELLINGS = """
    隨著 随着, 著名 着名, 瞭解 了解, 瞭望 了望, 憑藉 凭借, 藉由 借由, 彷彿 仿佛,
    甚麼 什么, 甚至 什至, 妳們 你们, 牠們 它们, 計畫 计划, 計劃 计划, 動畫 动画,
    回覆 回复, 反覆 反复, 姊姊 姐姐, 沈默 沉默, 祇有 只有, 甦醒 苏醒, 店舖 店铺,
    擡頭 抬头, 搧風 扇风, 軟件 软件, 網絡 网络, 裡面 里面, 裏面 里面, 乾淨 干净,
    後來 后来, 頭髮 头发, 發現 发现, 麵條 面条, 餘額 余额, 著作權 着作权
"""


@pytest.mark.parametrize("pair", SPELLINGS.split(","), ids=str.strip)
def test_both_spellings_of_a_word_meet(pair: str) -> None:
    """In whichever script a word was written, it is the same to the index."""
    traditional, simplified = pair.split()
    assert fold(traditional) == fold(simplified)


@pytest.mark.parametrize("configuration", ["t2s", "s2t"])
def test_opencc_gives_one_character_for_one(configuration: str) -> None:
    """So a folded text keeps its places; and what is the same in both scripts stays."""
    table = changed_by(configuration)
    assert len(table) > 3000
    assert all(len(old) == len(new) == 1 for old, new in table.items())
    assert not set("核天人山水") & table.keys()


def test_traditional_folds_like_its_simplified() -> None:
    """Every Traditional character meets the one that OpenCC gives for it."""
    assert all(fold(old) == fold(new) for old, new in changed_by("t2s").items())


@given(st.text())
def test_folding_is_stable(text: str) -> None:
    """Folded text folds to itself, so a folded query means what the query meant."""
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_folding_in_place_is_folding(text: str) -> None:
    """Where every place stays, it is the same text."""
    folded = fold_in_place(text)
    assert folded is None or (folded == fold(text) and len(folded) == len(text))


def test_the_table_says_what_fold_does() -> None:
    """The table for plain SQL is the folding of single characters, in a fixed order."""
    table = list(folding_table())
    assert table == sorted(table)
    assert len(dict(table)) == len(table)
    assert all(fold(character) == folded for character, folded in table)
    assert {"軟": "软", "Ａ": "a", "é": "e", "ﾊ": "ハ"}.items() <= dict(table).items()


def test_only_digits_join_a_number() -> None:
    """①22 is 1 and 22, 10² is 10 and 2: no other character grows a number."""
    for code in range(0x30000):
        character = chr(code)
        if unicodedata.category(character) != "Nd" and fold(character):
            first, *_, last = re.findall("[0-9]+", fold(f"5{character}5"))
            assert first == last == "5", hex(code)
    assert fold("①②").split() == fold("①② e\u0301").split()[:2] == ["1", "2"]


def test_emoji_fold_to_the_sign() -> None:
    """Skin tones, variation selectors and joiners say nothing of their own."""
    assert fold("👍🏽❤️") == "👍❤"
