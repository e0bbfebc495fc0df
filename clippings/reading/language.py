"""The language of a text, as a BCP 47 tag.

Scripts decide first; then, for Han, the characters that only one of Simplified
and Traditional has (by OpenCC), and for Latin letters a few function
words of each language. It is made for articles of a paragraph or more.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

import numpy as np

from clippings.search.arrays import code_points, look_up
from clippings.search.folding import changed_by

SAMPLES = (600, 2_500)  # characters that decide; more of them where the first do not tell

# Code, addresses and tags are in no language. Each begins with one of a few characters.
_NOISE = re.compile(
    r"(?=[`~\n<h&\]])(?:(`{3,}|~{3,})[\s\S]*?(?:\1|\Z)|`[^`\n]*`|\n(?: {4}|\t)[^\n]*"
    r"|</?[A-Za-z!][^<>]*>?|https?://[^\s)\"'<>]+|&[#\w]{1,30};|\]\([^)\s]*)"
)
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z]{4})?([-_]([A-Za-z]{2}|\d{3}))?([-_]\w{5,8})*")

# How the Unicode names of a script's letters begin → the script, or the language that it tells.
_SCRIPTS = {
    **{"LATIN": "Latn", "CYRILLIC": "Cyrl", "ARABIC": "Arab", "CJK": "Han", "GREEK": "el"},
    **{"HIRAGANA": "ja", "KATAKANA": "ja", "KATAKANA-HIRAGANA": "ja", "HALFWIDTH": "ja"},
    **{"HANGUL": "ko", "THAI": "th", "HEBREW": "he", "DEVANAGARI": "hi", "BENGALI": "bn"},
    **{"TAMIL": "ta", "MYANMAR": "my", "GEORGIAN": "ka", "KHMER": "km"},
}

# What a character may be: a number, and the script for which it counts.
_NO_LETTER, _HANS, _HANT = 1, 2, 3  # 0: not met yet
_SCRIPT_OF_CLASS = (None, None, "Han", "Han", *dict.fromkeys(_SCRIPTS.values()))
_CLASS_OF_CODE = np.zeros(0x110000, np.uint8)  # worked out when a character is first met

# A Han character or a syllable says as much as several letters; and English words stand in
# the texts of all the world, while the other scripts are used by their readers only.
_WEIGHTS = {"Latn": 1.0, "Cyrl": 2.0, "Han": 4.0, "ja": 4.0, "ko": 4.0}

# Words that are frequent in technical English (o, os, as, com) tell of no other language.
_WORDS = {
    "en": "the of and to in is that for it with as on are this was be by you from have not do no",
    "es": "el la los las de que y en un una por con para es del se lo como más su está son al fue",
    "pt": "de que em um uma por para é da dos das na nas não se mais você são como foi ao pela sua",
    "ca": "el la els les de que i en un una per amb és del dels al als més aquest són hi està cal",
    "fr": "le la les des de et à un une du est pour que dans qui sur pas avec vous ce au nous par",
    "de": "der die das und zu in den von ist mit nicht ein eine für auf im sich dem auch es wir",
    "it": "il la le di che una un per con è del della dei sono non si da nel gli più alla questo",
    "ro": "și în de la cu pe care este sunt un nu din să mai pentru ce fi al ale prin acest după",
    "nl": "de het een en van in is dat op te voor met zijn niet aan er om ook als bij naar wordt",
    "pl": "w i na z się do nie to jest że jak po co dla od za przez ale tym jego są może oraz",
    "tr": "ve bir bu için de da ile olarak çok daha olan gibi var en ne kadar sonra ki her",
    "vi": "và của là có không trong được cho với các một này những người khi đã để như về",
    "id": "yang dan di untuk dengan ini dari pada dalam tidak akan adalah itu ke atau juga bisa",
    "sv": "och att det som en på är av för med den till inte om ett har jag från var vid vi",
    "nb": "og å det som en på er av for med den til ikke om et har fra var ved vi etter ble må du",
    "da": "og at det som en på er af for med den til ikke om et har fra var ved vi efter blev du",
    "fi": "ja on ei se että oli hän mutta kun niin myös ovat tai joka mitä olla vain nyt tämä jos",
    "cs": "a je se na že do to jako by ale za pro který jsou od nebo jeho však tak při pak aby byl",
    "hu": "a az és hogy nem is egy de ez meg van volt csak mint el még már lehet azt vagy most",
}

# The Cyrillic and Arabic languages by letters that they have, and that they have not.
_LETTERS = {
    "Cyrl": (("uk", "іїєґ", ""), ("be", "ў", ""), ("sr", "ђћџљњј", ""), ("bg", "ъ", "ыэё")),
    "Arab": (("fa", "پچژگ", ""),),
}
_ELSE = {"Cyrl": "ru", "Arab": "ar"}

_CHINESE = {"cn": "Hans", "sg": "Hans", "my": "Hans", "tw": "Hant", "hk": "Hant", "mo": "Hant"}
_MISNAMED = {"cn": "zh-Hans", "tw": "zh-Hant", "jp": "ja", "kr": "ko"}


def detect(text: str, declared: str | None = None) -> str | None:
    """Return the language of `text`, or None when nothing in it tells.

    `declared` is what the article says of itself; it wins when it is a plausible
    BCP 47 tag (RFC 5646). Chinese is always told apart by script: `zh-Hans`, `zh-Hant`.
    """
    tag = _canonical(declared or "")
    if tag and tag != "zh":
        return tag
    if tag:
        return _han(_classes(_sample(text, SAMPLES[-1])))
    told = (_by_script(_sample(text, size)) for size in SAMPLES)
    return next(filter(None, told), None)


def _sample(text: str, size: int) -> str:
    """So many characters of a Markdown text, without its noise."""
    return _NOISE.sub(" ", text[: 4 * size])[:size]


def _canonical(declared: str) -> str | None:
    """Write a declared tag the usual way: `zh_cn` → `zh-Hans`, `EN-us` → `en-US`."""
    declared = declared.strip()
    if declared.lower() in _MISNAMED:
        return _MISNAMED[declared.lower()]
    if not _TAG.fullmatch(declared):
        return None
    first, *rest = re.split(r"[-_]", declared.lower())
    if first == "zh":
        script = [part.title() for part in rest if part in ("hans", "hant")]
        script += [_CHINESE[part] for part in rest if part in _CHINESE]
        return f"zh-{script[0]}" if script else "zh"
    cased = {2: str.upper, 4: str.title}
    parts = [cased.get(len(part), str.lower)(part) for part in rest]
    return None if first == "und" else "-".join([first, *parts])


def _by_script(sample: str) -> str | None:
    classes = _classes(sample)
    shares: Counter[str] = Counter()
    for number in dict.fromkeys(classes):
        if script := _SCRIPT_OF_CLASS[number]:
            shares[script] += classes.count(number)
    if not shares:
        return None
    # Japanese is written in Han and kana: where kana are no mere quotation, both count for it.
    if shares["ja"] * 5 > shares["Han"]:
        shares["ja"] += shares.pop("Han", 0)
    weights = {script: shares[script] * _WEIGHTS.get(script, 3.0) for script in shares}
    main = max(weights, key=weights.__getitem__)
    if main == "Latn":
        if language := _latin(sample):
            return language
        # Code without a fence has no function words; what stands beside it tells.
        less = weights.pop("Latn") / 5
        main = max(weights, key=weights.__getitem__, default="Latn")
        if weights.get(main, 0) < less:
            return None
    if main == "Han":
        return _han(classes)
    told = (tag for tag, has, lacks in _LETTERS.get(main, ()) if _tells(sample, has, lacks))
    return next(told, _ELSE.get(main, main))


def _tells(sample: str, has: str, lacks: str) -> bool:
    """Return whether a text has letters (one in 200), and more than of those that it lacks."""
    found, against = (sum(map(sample.count, letters)) for letters in (has, lacks))
    return found * 200 > len(sample) and found > against


def _classes(text: str) -> bytes:
    """Return the class of each character, a number of _SCRIPT_OF_CLASS."""
    return look_up(code_points(text), _CLASS_OF_CODE, _class).tobytes()


def _class(character: str) -> int:
    for number, characters in zip((_HANS, _HANT), _only(), strict=True):
        if character in characters:
            return number
    if not character.isalpha():
        return _NO_LETTER
    script = _SCRIPTS.get(unicodedata.name(character, "").split(" ")[0])
    return _SCRIPT_OF_CLASS.index(script, _HANT + 1) if script else _NO_LETTER


def _han(classes: bytes) -> str:
    return "zh-Hant" if classes.count(_HANT) > classes.count(_HANS) else "zh-Hans"


@cache
def _only() -> tuple[frozenset[str], frozenset[str]]:
    """Return the characters that only Simplified and that only Traditional text has: those that
    OpenCC changes one way. What is frequent in Big5 (台, 后, 里) is no sign of Simplified text."""
    simplified, traditional = changed_by("s2t").keys(), changed_by("t2s").keys()
    return (
        frozenset(c for c in simplified - traditional if not _is_frequent_in_big5(c)),
        frozenset(traditional - simplified),
    )


def _is_frequent_in_big5(character: str) -> bool:
    return b"\xa4\x40" <= character.encode("big5", "replace") <= b"\xc6\x7e"


def _latin(sample: str) -> str | None:
    words = Counter(re.findall(r"[^\W\d_]+", sample.lower()))
    languages = _function_words()
    scores = dict.fromkeys(_WORDS, 0.0)
    for word in words.keys() & languages.keys():
        for tag in languages[word]:
            scores[tag] += words[word] / len(languages[word])
    best = max(scores, key=lambda tag: scores[tag])
    known = [word for word in words if best in languages.get(word, ())]
    # One word may be a name or a letter of a list, two that many languages have (de la) as well.
    few = len(known) < 2 or scores[best] < 1
    return None if few or sum(words[word] for word in known) * 20 < words.total() else best


@cache
def _function_words() -> dict[str, list[str]]:
    """Word → the languages that use it."""
    languages: dict[str, list[str]] = {}
    for tag, words in _WORDS.items():
        for word in words.split():
            languages.setdefault(word, []).append(tag)
    return languages
