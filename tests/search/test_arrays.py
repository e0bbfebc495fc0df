"""Many texts at once give what the rules give for each."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import CORPUS, ROOT
from hypothesis import given
from hypothesis import strategies as st

from clippings.markdown.rendering import plain_text
from clippings.search.arrays import AFTER, BEFORE, TextBatch
from clippings.search.folding import CJK, fold, fold_character
from clippings.search.tokens import runs, spans

ODD = "核战争軟件Ａé１a9 -－%％++#＃@ｶﾞ한กﬁß😀★→𠮷\n\0|\u00ad\u200b\u0301\U000e0100\u1100\u1161㈱①²½"
odd = st.text(st.sampled_from(ODD), max_size=20)


def characters(text: str) -> str:
    """The different CJK characters of a text: the rule, for one string."""
    return "".join(sorted(set(re.findall(f"[{CJK}]", fold(text)))))


def words(text: str) -> str:
    """The tokens of a text: the rules of `tokens`, for one string."""
    return " ".join(token for span in spans(fold(text)) for token in _of_span(runs(span)))


def _of_span(pieces: list[str]) -> Iterable[str]:
    for index, run in enumerate(pieces):
        if not re.match(f"[{CJK}]", run):
            yield run
            continue
        if index:
            yield run[0] + BEFORE
        yield from [run] if len(run) == len(pieces) == 1 else map("".join, pairwise(run))
        if index < len(pieces) - 1:
            yield run[-1] + AFTER


def check(texts: list[str]) -> None:
    batch = TextBatch(texts)
    assert batch.lengths == [len(fold(text)) for text in texts]
    assert batch.characters == [characters(text) for text in texts]
    assert batch.words == [words(text) for text in texts]


@given(st.lists(st.one_of(st.text(), odd), max_size=6))
def test_any_texts(texts: list[str]) -> None:
    """Whatever characters, in whatever order, beside whatever other text."""
    check(texts)


def test_every_character() -> None:
    """By itself, every fourth between others too: none is left out or taken for another."""
    for start in range(0, 0x30000, 4096):
        some = [chr(code) for code in range(start, start + 4096)]
        check(
            [*some, *(f"核{character}a1{character}1" for character in some[start // 4096 % 4 :: 4])]
        )


def test_folding_twice_is_folding_once() -> None:
    """A text that is folded as a string can go through the table."""
    for code in (*range(0x30000), *range(0xE0000, 0xE0200)):
        folded = fold_character(chr(code))
        assert all(fold_character(character) == character for character in folded), hex(code)


@pytest.mark.parametrize("folder", [ROOT / "seeds", CORPUS], ids=["seeds", "corpus"])
def test_real_articles(folder: Path) -> None:
    """A few hundred texts, as they lie in their files and as plain text."""
    if not folder.is_dir():
        pytest.skip("../shared/corpus does not stand beside this checkout")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    random.Random(4).shuffle(files)
    for start in range(0, min(300, len(files)), 16):
        raw = [path.read_text("utf-8", errors="replace") for path in files[start : start + 16]]
        check([*raw, *map(plain_text, raw)])
