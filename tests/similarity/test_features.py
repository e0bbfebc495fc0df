"""What a worker finds out about an article is about that article only."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from clippings.search.arrays import TextBatch
from clippings.similarity.features import keywords, sketches
from clippings.similarity.near_duplicates import KEPT
from clippings.similarity.related import KEYWORDS, READ

words = st.text(st.sampled_from("核战争的演习ab12 。\n"), max_size=60)


def keywords_of(title: str, text: str) -> list[tuple[int, int]]:
    ((numbers, factors),) = keywords(TextBatch([title]), TextBatch([text]))
    return list(zip(array("I", numbers), factors, strict=True))


def test_keywords_are_the_frequent_tokens() -> None:
    """A title's token counts as three; one seen once, or of one character, is none."""
    found = keywords_of("江城", "桥。大桥，大桥；合龙")
    (titled,) = keywords_of("江城", "")
    (written,) = keywords_of("", "大桥，大桥")
    assert found == sorted([titled, written])
    assert (titled[1], written[1]) == (2, 1)


def test_keywords_are_bounded() -> None:
    """So many of an article, however long; what comes late in a long text is not read."""
    many = " ".join(f"{a}{b} {a}{b}" for a in "abcdefghij" for b in "abcdefghij")
    assert len(keywords_of("", many)) == KEYWORDS
    late = " ".join(chr(97 + n % 26) + chr(97 + n // 26 % 26) + "x" for n in range(26 * 26))
    assert keywords_of("", "same " * READ + (late + " ") * 2) == keywords_of("", "same " * READ)


def test_ties_do_not_hang_on_the_order() -> None:
    """The same words in another order have the same keywords."""
    words = [f"{a}{b}" for a in "abcdefghij" for b in "abcdefghij"] * 2
    assert keywords_of("", " ".join(words)) == keywords_of("", " ".join(reversed(words)))


def test_a_sketch_is_packed_numbers() -> None:
    """Day, title, title without numbers, source, length, clauses, then these and the figures, each
    set sorted; a clause is the same wherever it stands."""
    texts = ["核战争打不赢也打不得。短，\n12 与 34", "此外：核战争打不赢也打不得！"]
    titles, dates = ["第1集", "第2集"], ["2022-01-11", None]
    drawn = sketches(titles, TextBatch(texts), dates, ["果壳", None])
    one, other = (array("I", each) for each in drawn)
    assert one[0] == 738166 and other[0] == 0
    assert one[1] != other[1] and one[2] == other[2]
    assert one[3] and not other[3]
    assert one[4:6].tolist() == [len(texts[0]), 1]
    assert len(one) == 6 + 1 + 2 and len(other) == 6 + 1
    assert one[6] == other[6] and one[7] < one[8]


def test_a_sketch_is_bounded() -> None:
    """Of many clauses and figures the smallest numbers are kept."""
    text = "".join(f"这是第{n}句各不相同的话，" for n in range(20 * KEPT))
    assert len(sketches([""], TextBatch([text]), [None], [None])[0]) == 4 * (6 + 2 * KEPT)


@given(st.lists(words, min_size=1, max_size=5))
def test_a_batch_is_each_text_by_itself(several: list[str]) -> None:
    """Which others come along makes no difference."""
    batch, dates = TextBatch(several), [None] * len(several)
    assert sketches(several, batch, dates, dates) == [
        sketches([text], TextBatch([text]), [None], [None])[0] for text in several
    ]
    titles = TextBatch([*reversed(several), "more"])
    assert keywords(titles, batch) == [
        keywords(TextBatch([title]), TextBatch([text]))[0]
        for title, text in zip(reversed(several), several, strict=True)
    ]
