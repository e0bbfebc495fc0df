"""Bytes of every encoding become the same text; what is no text is refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clippings.models import UnreadableArticle
from clippings.reading.decoding import decode

SIMPLIFIED = "两国代表谈了近八个小时，一致认为核战争打不赢也打不得。"
TRADITIONAL = "兩國代表談了近八個小時，一致認為核戰爭打不贏也打不得。"
JAPANESE = "両国の代表は八時間近く話し合い、核戦争に勝者はいないと述べた。"
KOREAN = "두 나라 대표는 여덟 시간 가까이 이야기하고 핵전쟁에는 승자가 없다고 했다."
RUSSIAN = "Представители двух стран говорили почти восемь часов."
FRENCH = "Les délégués ont parlé près de huit heures à Genève, d'après un témoin étranger."

# encoding of the file, the name it is read by, a text in it
LEGACY = (
    ("gbk", "gb18030", SIMPLIFIED),
    ("gb18030", "gb18030", SIMPLIFIED),
    ("gb18030", "gb18030", TRADITIONAL),
    ("gb18030", "gb18030", SIMPLIFIED + "𠮷野家"),
    ("big5", "big5hkscs", TRADITIONAL),
    ("cp950", "big5hkscs", TRADITIONAL),
    ("shift_jis", "cp932", JAPANESE),
    ("cp932", "cp932", JAPANESE),
    ("euc_jp", "euc_jp", JAPANESE),
    ("euc_kr", "cp949", KOREAN),
    ("cp1251", "cp1251", RUSSIAN),
    ("cp1252", "cp1252", FRENCH),
)


def codes(data: bytes) -> list[tuple[str, str]]:
    return [(found.severity, found.code) for found in decode(data).diagnostics]


@pytest.mark.parametrize(("encoding", "name", "text"), LEGACY)
@pytest.mark.parametrize("header", ["", "---\ntitle: a\n---\n"])
@pytest.mark.parametrize("times", [1, 400])
def test_legacy(encoding: str, name: str, text: str, header: str, times: int) -> None:
    """A sentence, or a long article of it, is told apart from the other encodings."""
    whole = header + text * times
    decoded = decode(whole.encode(encoding))
    assert decoded.text == whole
    assert decoded.encoding == name
    assert codes(whole.encode(encoding)) == [("info", "encoding-guessed")]


@pytest.mark.parametrize(
    ("encoding", "text", "share"),
    [
        ("gb18030", SIMPLIFIED, 0.9),
        ("big5", TRADITIONAL, 0.9),
        ("cp932", JAPANESE, 0.9),
        ("euc_kr", KOREAN, 0.9),
    ],
)
def test_a_few_words_are_enough(encoding: str, text: str, share: float) -> None:
    """Nine in ten pieces of eight characters, as in a short title, are read rightly."""
    pieces = [text[start : start + 8] for start in range(len(text) - 8)]
    right = [decode(piece.encode(encoding)).text == piece for piece in pieces]
    assert sum(right) >= share * len(pieces)


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-8"]
)
@pytest.mark.parametrize("text", [SIMPLIFIED, "plain words", "一" * 50])
def test_unicode(encoding: str, text: str) -> None:
    """Unicode is read with a BOM and without one, by the NULs of its line ends."""
    whole = f"---\ntitle: a\n---\n{text}"
    assert decode(whole.encode(encoding)).text == whole


def test_utf8_needs_no_diagnostic() -> None:
    """The usual file has nothing to say, with a BOM or foreign line ends or without."""
    decoded = decode("\ufeff一\r\n二\r三\n".encode())
    assert (decoded.text, decoded.encoding, decoded.diagnostics) == ("一\n二\n三\n", "utf-8", ())


@given(st.integers(0, 2**32))
def test_broken_utf8_stays_utf8(seed: int) -> None:
    """Up to three broken bytes in a sentence are replaced; the rest is not taken for GBK."""
    chance = random.Random(seed)
    data = bytearray(SIMPLIFIED.encode())
    for _ in range(chance.randint(1, 3)):
        data[chance.randrange(len(data))] = chance.choice((0x80, 0xA1, 0xE4, 0xFF))
    decoded = decode(bytes(data))
    assert decoded.encoding == "utf-8"
    if "\ufffd" in decoded.text:
        assert codes(bytes(data)) == [("warning", "bytes-replaced")]


def test_a_broken_byte_does_not_change_a_legacy_encoding() -> None:
    """A damaged GBK article is still GBK: one character is replaced, with a warning."""
    data = (SIMPLIFIED * 3).encode("gbk").replace("核".encode("gbk"), b"\xff\xff", 1)
    decoded = decode(data)
    assert decoded.encoding == "gb18030"
    assert decoded.text.endswith(SIMPLIFIED)
    assert codes(data) == [("info", "encoding-guessed"), ("warning", "bytes-replaced")]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_stray_nul_bytes_are_removed(encoding: str) -> None:
    """A few NULs in good text go, with a warning."""
    data = SIMPLIFIED.replace("，", "，\0").encode(encoding)
    assert decode(data).text == SIMPLIFIED
    assert ("warning", "nul-removed") in codes(data)


@pytest.mark.parametrize(
    "start", [b"\x89PNG\r\n\x1a\n", b"PK\3\4", b"\x1f\x8b", b"SQLite format 3\0", b"%PDF-1.7\n"]
)
def test_binary_files_are_refused(start: bytes) -> None:
    """A binary file renamed .md is known by how it begins, even if it goes on as text."""
    with pytest.raises(UnreadableArticle, match="binary-file"):
        decode(start + b"text " * 99)


@pytest.mark.parametrize("data", [bytes(range(32)) * 9, bytes(1000), b"MZ\x90\0\3\0\0\0\4" * 40])
def test_control_codes_are_no_text(data: bytes) -> None:
    """Without a known signature the control codes tell."""
    with pytest.raises(UnreadableArticle, match="binary-file"):
        decode(data)


@pytest.mark.parametrize("data", [b"", b" \r\n\t\n", b"\xef\xbb\xbf", "\u3000\n".encode()])
def test_empty_files_are_refused(data: bytes) -> None:
    """Nothing, white space, or a lone BOM is an empty file."""
    with pytest.raises(UnreadableArticle, match="empty-file"):
        decode(data)
