"""Collocates and key words of a made-up archive of which it is known what they are, and the
measures against worked examples of their literature."""

from __future__ import annotations

import random
import sqlite3

import numpy as np
import pytest

from clippings.build.executors import mapper
from clippings.build.pipeline import build
from clippings.search.concordance import concordance
from clippings.search.folding import fold
from clippings.search.keyness import (
    SIGNIFICANT,
    collocates,
    keyness,
    log_dice,
    log_likelihood,
    log_ratio,
)
from clippings.search.occurrences import open_positions
from clippings.search.query import parse_query

NOUNS = [chr(0x5200 + 2 * at) + chr(0x5201 + 2 * at) for at in range(100)]
NOUNS = [word for word in NOUNS if fold(word) == word]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """芯片 is followed by 紧缺 half of the time; in February the news are of 彗星."""
    rng = random.Random(19)
    folder = tmp_path_factory.mktemp("made")
    (folder / "source").mkdir()
    for number in range(120):
        month, subject = ("02", "彗星") if number % 2 else ("01", "芯片")
        lines = []
        for at in range(8):
            one, other = rng.sample(NOUNS, 2)
            lines.append(f"{subject}{'紧缺' if at % 2 else one}，{one}的{other}也没有了")
        lines.append("the Comet is bright, and the comet is bright" if number % 2 else "说完了")
        lines.append("的也没有了" * 2)
        lines.append("{}紧缺{}".format(*rng.sample(NOUNS, 2)))
        lines += ["".join(rng.sample(NOUNS, 3)) for _ in range(30)]
        text = "\n\n".join(lines)
        head = f"---\ntitle: 第{number}篇\ndate: 2022-{month}-{number % 28 + 1:02}\n---\n\n"
        (folder / "source" / f"{number}.md").write_text(head + text + f"\n\n编号{number}x\n")
    build((folder / "source",), folder / "clippings.db", mapper(1), 1.0, lambda *_: None)
    conn = sqlite3.connect(folder / "clippings.db")
    open_positions(conn)
    return conn


def test_collocates_stand_near(archive: sqlite3.Connection) -> None:
    """What follows the word leads; what is as frequent everywhere is none. Lines agree."""
    found = collocates(archive, parse_query("芯片"))
    assert (found.occurrences, found.read, found.found) == (480, 60, 60)
    words = {each.word: each for each in found.words}
    assert {"紧缺"} <= set(words)
    assert not set(words) & {"也", "没有", "芯片", "芯", "片"}
    first = words["紧缺"]
    assert (first.near, first.before, first.after, first.total) == (240, 0, 240, 300)
    lines = concordance(archive, parse_query("芯片"), near="紧缺")
    assert lines.occurrences == 240
    assert {line.right[:2] for line in lines.lines} == {"紧缺"}
    assert [*concordance(archive, parse_query("芯片"), near="彗星").lines] == []


def test_english_words_are_near_by_words(archive: sqlite3.Connection) -> None:
    """Five words on each side, whatever their length."""
    found = {each.word.lower() for each in collocates(archive, parse_query("comet")).words}
    assert "bright" in found
    assert not found & {"第", *NOUNS}


def test_key_words_of_two_months(archive: sqlite3.Connection) -> None:
    """Each side's own subject leads it, with counts per million of its own characters."""
    one, other = keyness(archive, parse_query("date:2022-01"), parse_query("date:2022-02"))
    assert one.words[0].word == "芯片"
    assert other.words[0].word == "彗星"
    assert (one.read, one.found) == (60, 60)
    first = one.words[0]
    assert (first.here, first.there, first.articles) == (480, 0, 60)
    assert first.log_ratio > 5
    assert 0 < first.here_rate < 1e6 / len(first.word)
    assert first.there_rate == 0
    assert not {each.word for each in one.words} & {*NOUNS, "紧缺", "的"}


def test_nothing_to_compare(archive: sqlite3.Connection) -> None:
    """A query that finds nothing, or has no word, has no collocates and no key words."""
    assert collocates(archive, parse_query("nosuchword")).words == []
    assert collocates(archive, parse_query("date:2022")).found == 0
    sides = keyness(archive, parse_query("nosuchword"), parse_query("芯片"))
    assert [side.found for side in sides] == [0, 60]
    assert sides[0].words == []


def counts(*values: int) -> np.ndarray:
    return np.array(values)


def test_log_likelihood_is_that_of_two_cells() -> None:
    """G2 by hand; 0 for what is not more frequent here, also where it stands nowhere."""
    found = log_likelihood(counts(100, 10, 20, 0), 10_000, counts(20, 10, 20, 0), 10_000)
    by_hand = 2 * (100 * np.log(100 / 60) + 20 * np.log(20 / 60))
    assert found.tolist() == pytest.approx([by_hand, 0, 0, 0])
    assert log_likelihood(counts(12), 1000, counts(0), 1000)[0] > SIGNIFICANT


def test_log_dice_is_fourteen_at_most() -> None:
    """14 for words that are always together, one less for half of that (Rychly 2008)."""
    assert log_dice(counts(50, 25), 50, counts(50, 50)).tolist() == [14, 13]


def test_log_ratio_is_a_doubling_a_point() -> None:
    """Twice as frequent is 1, half as frequent -1; none counts half (Hardie 2014)."""
    assert log_ratio(counts(40, 10, 4), 1000, counts(20, 20, 0), 1000).tolist() == [1, -1, 3]
