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
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from clippings.models import Diagnostic, UnreadableArticle

SAMPLE = 16_384  # bytes that decide the encoding; a longer look changes nothing

# UTF-32 first: its little-endian BOM begins with that of UTF-16.
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_BINARY = re.compile(
    rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|PK(?:\x03\x04|\x05\x06)|\x1f\x8b|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd"
    rb"|BZh9|\x7fELF|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe|SQLite format 3|%PDF-|\xd0\xcf\x11\xe0"
)
"""How pictures, archives, programs, databases and documents begin, whatever their name says."""

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROL_CODES = bytes(code for code in range(0x80) if CONTROL.match(chr(code)))
BROKEN = "\N{REPLACEMENT CHARACTER}"
_ASCII = bytes(range(0x80))
_TWO = re.compile(r"[\x80-\u07ff]{2,}")
_THREE = re.compile(r"[\u0800-\ufffc\U00010000-\U0010ffff]")
_RARE = frozenset(("Cn", "Co", "Cs"))  # unassigned, private, half a pair


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, the encoding it was read by, and what was repaired."""

    text: str
    encoding: str
    diagnostics: tuple[Diagnostic, ...] = ()


class Legacy(NamedTuple):
    """A legacy encoding as patterns of its bytes.

    `frequent` holds what any text of the language is full of, `everyday` matches
    the rows of its common characters, `rarer` those of its other characters.
    """

    encoding: str
    everyday: bytes
    rarer: bytes
    frequent: str

    def score(self, data: bytes) -> float:
        """Rate how well `data` reads: 1 to 2 for real text, below 0 for noise."""
        kinds = Counter(found.lastindex for found in _grammar(self).finditer(data))
        total = sum(kinds.values())
        return (2 * kinds[1] + kinds[2] - 2 * kinds[None]) / max(total, 1)


@cache
def _grammar(legacy: Legacy) -> re.Pattern[bytes]:
    """Compile the pattern of one character beyond ASCII: frequent, everyday, rarer or noise."""
    frequent = b"|".join(re.escape(char.encode(legacy.encoding)) for char in legacy.frequent)
    return re.compile(
        rb"(%b)|(%b)|(%b)|[\x80-\xff][\x30-\xff]?" % (frequent, legacy.everyday, legacy.rarer),
        re.DOTALL,
    )


_HANS = "的一是了不在有人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年也能而说"
_HANT = "的一是了不在有人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年也能而說"
_KANA = "".join(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7)))) + "ー"
_HANGUL = "이다는을의에가고하지를도한은로기사리자시서어대아정인해스나그일수있라부제전"
_MARKS = "，。、：；？！（）《》“”「」『』…\u3000"

LEGACY = (
    Legacy("gb18030", rb"[\xb0-\xd7][\xa1-\xfe]", rb"[\x81-\xfe][\x40-\xfe]", _HANS + _MARKS),
    Legacy("big5hkscs", rb"[\xa4-\xc6][\x40-\xfe]", rb"[\xc9-\xf9][\x40-\xfe]", _HANT + _MARKS),
    Legacy("cp932", rb"[\x88-\x97][\x40-\xfc]", rb"[\x98-\xea][\x40-\xfc]", _KANA + _MARKS),
    Legacy("euc_jp", rb"[\xb0-\xcf][\xa1-\xfe]", rb"[\xd0-\xf4][\xa1-\xfe]", _KANA + _MARKS),
    Legacy("cp949", rb"[\xb0-\xc8][\xa1-\xfe]", rb"[\xca-\xfd][\xa1-\xfe]", _HANGUL + _MARKS),
    # Single bytes: Cyrillic letters stand together, accented ones among plain letters.
    Legacy(
        "cp1251",
        rb"(?<![A-Za-z])[\xc0-\xff](?=[\xe0-\xff])|(?<=[\xc0-\xff])[\xe0-\xff](?![A-Za-z])",
        rb"(?<![A-Za-z])[\x96-\xff](?![A-Za-z])",
        "№",
    ),
    Legacy(
        "cp1252", rb"(?<=[A-Za-z])[\xdf-\xff]|[\xc0-\xff](?=[a-z])", rb"[\x91-\xbf]", "‘’“”–—…\xa0"
    ),
)


def decode(data: bytes) -> Decoded:
    """Read the bytes of a file as text.

    Returns the text without its BOM and NULs, with line ends as `\\n`. Raises
    `UnreadableArticle` (`empty-file`, `binary-file`) for what is no text.
    """
    if _BINARY.match(data):
        message = "The file is a picture, archive, program or document: move it out of the folder."
        raise UnreadableArticle("binary-file", message)
    text, encoding, found = _read(data)
    if count := text.count("\0"):
        if count * 10 > len(text):
            raise UnreadableArticle("binary-file", "The file is not text: it is full of NUL bytes.")
        text = text.replace("\0", "")
        message = f"{count} NUL bytes were removed; save the file again as text."
        found += (Diagnostic("warning", "read", "nul-removed", message),)
    sample = text[:SAMPLE].encode("utf-8", "replace")
    controls = len(sample) - len(sample.translate(None, _CONTROL_CODES))
    if controls > 0.05 * min(len(text), SAMPLE):
        raise UnreadableArticle("binary-file", "The file is not text: it is full of control codes.")
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff\n")
    if not text.strip():
        raise UnreadableArticle("empty-file", "The file is empty or holds only white space.")
    return Decoded(text, encoding, found)


def _read(data: bytes) -> tuple[str, str, tuple[Diagnostic, ...]]:
    for bom, encoding in BOMS:
        if data.startswith(bom):
            text = data[len(bom) :].decode(encoding, "replace")
            return text, encoding, _notes(text, encoding)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _utf16(data) or _guess(data)
    # Plain ASCII in UTF-16 is valid UTF-8 too: every second byte is NUL.
    wide = text.count("\0") * 5 > len(text)
    return (_utf16(data) if wide else None) or (text, "utf-8", ())


def _utf16(data: bytes) -> tuple[str, str, tuple[Diagnostic, ...]] | None:
    """Read UTF-16 without a BOM; None when the bytes are something else.

    It is full of NULs, and the wrong byte order, like any other text with a NUL
    in it, makes unassigned characters and no line ends.
    """
    sample = data[: min(SAMPLE, len(data) // 2 * 2)]
    if sample.count(0) * 200 < len(sample):
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample.decode(encoding, "replace")
        rare = any(unicodedata.category(char) in _RARE for char in set(text))
        if "\n" in text and not rare and not CONTROL.search(text):
            text = data.decode(encoding, "replace")
            return text, encoding, _notes(text, encoding)
    return None


def _guess(data: bytes) -> tuple[str, str, tuple[Diagnostic, ...]]:
    """Choose between broken UTF-8 and the legacy encodings."""
    text = data.decode("utf-8", "replace")
    plain = len(data) - len(data.lstrip(_ASCII))
    start = max(0, plain - 1)  # the letter before the first other byte tells too
    sample = data[start : start + SAMPLE // 4]
    best = max(LEGACY, key=lambda legacy: legacy.score(sample))
    if _nearly_utf8(text) or best.score(sample) < 0:
        return text, "utf-8", _notes(text, "utf-8")
    text = data.decode(best.encoding, "replace")
    return text, best.encoding, _notes(text, best.encoding)


def _nearly_utf8(text: str) -> bool:
    """Tell UTF-8 with a few broken bytes: in other encodings nearly every character breaks."""
    # Two bytes make a character by chance more easily than three.
    whole = 3 * len(_THREE.findall(text)) + sum(map(len, _TWO.findall(text)))
    return whole > 0 and whole >= 2 * text.count(BROKEN)


def _notes(text: str, encoding: str) -> tuple[Diagnostic, ...]:
    """Return what encoding was guessed, and how many places did not fit it."""
    notes = []
    if encoding != "utf-8":
        message = f"The file was read as {encoding}; save it as UTF-8 if characters look wrong."
        notes.append(Diagnostic("info", "read", "encoding-guessed", message))
    if count := text.count(BROKEN):
        message = f"{count} places are not valid {encoding} and stand as U+FFFD in the text."
        notes.append(Diagnostic("warning", "read", "bytes-replaced", message))
    return tuple(notes)
