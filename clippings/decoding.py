"""Bytes of unknown encoding become text.

    BOM ─► NUL parity (UTF-16) ─► strict UTF-8 ─► UTF-8 with a few broken bytes ─► legacy

GB18030 decodes nearly anything, so the legacy encodings are told apart by what
they make of the bytes: each puts its everyday characters in rows of its own
(GB 2312 level 1, Big5 level 1, JIS level 1, the Hangul rows of KS X 1001), and
text read by the wrong one falls outside them.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass

from clippings.errors import UnreadableArticle
from clippings.models import Diagnostic

SAMPLE = 16_384  # bytes that decide the encoding; a longer look changes nothing

# UTF-32 first: its little-endian BOM begins with that of UTF-16.
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# How files begin that are no text, whatever their name says.
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"BZh91AY&SY", "a bzip2 file"),
    (b"\x7fELF", "an ELF program"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program"),
    (b"\xca\xfe\xba\xbe", "a Java class"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"%PDF-", "a PDF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
)

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
BROKEN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, the encoding it was read by, and what was repaired."""

    text: str
    encoding: str
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Legacy:
    """A legacy encoding: the lead bytes of its everyday rows and of its rarer ones.

    `frequent` holds the characters that any text of the language is full of.
    """

    encoding: str
    everyday: range
    rarer: range
    frequent: str

    def score(self, data: bytes) -> float:
        """Say how well `data` reads in this encoding: about 1 for real text, below 0 for noise."""
        text = data.decode(self.encoding, "replace")
        counts = Counter(char for char in text if char >= "\x80")
        total = sum(counts.values())
        return sum(self._value(char) * count for char, count in counts.items()) / max(total, 1)

    def _value(self, char: str) -> float:
        if char in self.frequent:
            return 2.0
        if char == BROKEN:
            return -6.0
        lead = char.encode(self.encoding, "replace")
        if len(lead) != 2:
            return -2.0
        if lead[0] in self.everyday:
            return 1.0
        return 0.0 if lead[0] in self.rarer else -2.0


_HANS = "的一是了不在有人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年也能而说"
_HANT = "的一是了不在有人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年也能而說"
_KANA = "".join(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7)))) + "ー"
_HANGUL = "이다는을의에가고하지를도한은로기사리자시서어대아정인해스나그일수있라부제전"
_MARKS = "，。、：；？！（）《》“”「」『』·—…\u3000"

LEGACY = (
    Legacy("gb18030", range(0xB0, 0xD8), range(0xD8, 0xF8), _HANS + _MARKS),
    Legacy("big5hkscs", range(0xA4, 0xC7), range(0xC9, 0xFA), _HANT + _MARKS),
    Legacy("cp932", range(0x88, 0x98), range(0x98, 0xEB), _KANA + _MARKS),
    Legacy("euc_jp", range(0xB0, 0xD0), range(0xD0, 0xF5), _KANA + _MARKS),
    Legacy("cp949", range(0xB0, 0xC9), range(0xCA, 0xFE), _HANGUL + _MARKS),
)


def decode(data: bytes) -> Decoded:
    """Read the bytes of a file as text.

    Returns the text without its BOM and NULs, with line ends as `\\n`. Raises
    `UnreadableArticle` (`empty-file`, `binary-file`) for what is no text.
    """
    _refuse_binary(data)
    text, encoding, found = _read(data)
    if "\0" in text and CONTROL.search(text):
        text, removed = _without_nul(text)
        found += removed
    if len(CONTROL.findall(text, 0, SAMPLE)) > 0.05 * min(len(text), SAMPLE):
        raise UnreadableArticle("binary-file", "The file is not text: it is full of control codes.")
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    if not text.strip():
        raise UnreadableArticle("empty-file", "The file is empty or holds only white space.")
    return Decoded(text, encoding, found)


def _refuse_binary(data: bytes) -> None:
    for signature, name in SIGNATURES:
        if data.startswith(signature):
            raise UnreadableArticle(
                "binary-file", f"The file is {name}, not text: move it out of the folder."
            )


def _read(data: bytes) -> tuple[str, str, tuple[Diagnostic, ...]]:
    for bom, encoding in BOMS:
        if data.startswith(bom):
            text = data[len(bom) :].decode(encoding, "replace")
            return text, encoding, _said(encoding) + _broken(text, encoding)
    if encoding := _utf16_by_nuls(data):
        text = data.decode(encoding, "replace")
        return text, encoding, _said(encoding) + _broken(text, encoding)
    try:
        return data.decode("utf-8"), "utf-8", ()
    except UnicodeDecodeError:
        return _guess(data)


def _utf16_by_nuls(data: bytes) -> str | None:
    """Tell UTF-16 without a BOM: its NULs stand on one side of each pair of bytes."""
    sample = data[:SAMPLE]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) < max(1, len(sample) // 50) or min(even, odd) * 20 > max(even, odd):
        return None
    encoding = "utf-16-be" if even > odd else "utf-16-le"
    text = sample[: len(sample) // 2 * 2].decode(encoding, "replace")
    return None if BROKEN in text[:-1] or CONTROL.search(text) else encoding


def _guess(data: bytes) -> tuple[str, str, tuple[Diagnostic, ...]]:
    """Choose between broken UTF-8 and the legacy encodings."""
    text = data.decode("utf-8", "replace")
    broken = text.count(BROKEN)
    if sum(char >= "\x80" for char in text) >= 5 * broken:
        return text, "utf-8", _broken(text, "utf-8")
    sample = data[:SAMPLE]
    best = max(LEGACY, key=lambda legacy: legacy.score(sample))
    if best.score(sample) < 0:
        return text, "utf-8", _broken(text, "utf-8")
    text = data.decode(best.encoding, "replace")
    return text, best.encoding, _said(best.encoding) + _broken(text, best.encoding)


def _without_nul(text: str) -> tuple[str, tuple[Diagnostic, ...]]:
    count = text.count("\0")
    if count * 10 > len(text):
        raise UnreadableArticle("binary-file", "The file is not text: it is full of NUL bytes.")
    message = f"{count} NUL bytes were removed; save the file again as text."
    return text.replace("\0", ""), (Diagnostic("warning", "read", "nul-removed", message),)


def _said(encoding: str) -> tuple[Diagnostic, ...]:
    if encoding == "utf-8":
        return ()
    message = f"The file was read as {encoding}; save it as UTF-8 if characters look wrong."
    return (Diagnostic("info", "read", "encoding-guessed", message),)


def _broken(text: str, encoding: str) -> tuple[Diagnostic, ...]:
    count = text.count(BROKEN)
    if not count:
        return ()
    message = f"{count} places are not valid {encoding} and stand as U+FFFD in the text."
    return (Diagnostic("warning", "read", "bytes-replaced", message),)
