"""Where pictures and films really are, and what to call what Markdown cannot show."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from turbohtml import Element

EMBEDDED = ("iframe", "video", "audio", "object", "embed")

# Where lazy loaders put the address of a picture, the most telling first. With one of these,
# `src` is a stand-in or a smaller copy.
_LAZY = (
    "data-src", "data-original", "data-lazy-src", "data-actualsrc", "data-actual-src",
    "data-original-src", "data-lazyload", "data-lazy", "data-echo", "nitro-lazy-src",
)  # fmt: skip
# These may name the page, or another form of the picture, where `src` is no stand-in; so may any
# other attribute that ends as a picture does.
_PERHAPS_LAZY = ("data-url", "data-img", "zoomfile", "file", "original", "real_src", "_src")
_QUERY = re.compile(r"[?!@#]")
_DRAWN = frozenset(("gif", "svg"))  # what stands in for a photograph is drawn
_PHOTOGRAPHS = frozenset("jpg jpeg png webp avif bmp".split())
_PICTURES = _DRAWN | _PHOTOGRAPHS
_LAZY_SETS = ("data-srcset", "data-lazy-srcset")
_LAZY_NAMES = frozenset((*_LAZY, *_LAZY_SETS))
_TEXTS = frozenset("src alt title style".split())  # no other address of the picture
_OFTEN = 3
"""On so many pictures of a page the same address is a stand-in, if they name another."""

# A stand-in: an address that is none, or a file whose name says so.
_NO_ADDRESS = re.compile(r"(?i)(?:data|about|javascript|blob):|#|$|.*(?:[{}]|\[object )")
_STAND_IN = re.compile(
    r"(?i)(?:[a-z]{1,12}[_-])?(?:blank|spacer|placeholder|load(?:ing|er)?(?:[_-]?img)?|lazy(?:load)?|transparent|gr[ae]y|1x1"
    r"|pixel|white|empty)(?:[._-][\w-]*)?\.(?:gif|png|svg|jpe?g|webp)|(?:undefined|null)$"
)
_CANDIDATE = re.compile(r"([^\s,]\S*)(?:\s+(\d+(?:\.\d+)?)[wxh](?![^\s,]))?")
# What counts readers, or unfolds code.
TRACKER = re.compile(
    r"(?i)(?:https?:)?//(?:[\w-]+\.)*(?:doubleclick\.net|pixel\.wp\.com|stats\.wordpress\.com"
    r"|google-analytics\.com|scorecardresearch\.com|hm\.baidu\.com|facebook\.com/tr\b|cnzz\.com|feedburner\.com/~|images\.cnblogs\.com/OutliningIndicators/)"
)
_NO_SIZE = re.compile(r"\s*[01](?:\.0*)?(?:px)?\s*$")

_KINDS = (
    ("video", re.compile(
        r"(?:^|\.)(?:youtube(?:-nocookie)?\.com|youtu\.be|vimeo\.com|bilibili\.com|youku\.com"
        r"|iqiyi\.com|v\.qq\.com|dailymotion\.com|ixigua\.com|tudou\.com|acfun\.cn|twitch\.tv"
        r"|wistia\.(?:net|com))$|^(?:video|player|v)\.|\.(?:mp4|webm|m3u8|mov|swf|flv)$")),
    ("audio", re.compile(
        r"(?:^|\.)(?:music\.163\.com|spotify\.com|soundcloud\.com|ximalaya\.com|lizhi\.fm"
        r"|podcasts\.apple\.com|xiaoyuzhoufm\.com)$|\.(?:mp3|m4a|ogg|wav|aac)$")),
)  # fmt: skip
# What an embedded thing is called, by the script that most of the article is written in.
_WORDS = (
    (re.compile(r"[a-zA-Z]{4}"), {"video": "Video: ", "audio": "Audio: ", "page": "Embedded: "}),
    (re.compile("[\u3040-\u30ff]"), {"video": "動画：", "audio": "音声：", "page": "埋め込み："}),
    (re.compile("[\uac00-\ud7a3]"), {"video": "동영상: ", "audio": "오디오: ", "page": "임베드: "}),
    (re.compile("[\u4e00-\u9fff]"), {"video": "视频：", "audio": "音频：", "page": "嵌入："}),
)


def image_address(
    image: Element, times: Callable[[str], int], source_of: Callable[[Element], str]
) -> str:
    """Return the address of a picture: `src`, unless that is a stand-in.

    That is told by the other attribute, by the same address on many pictures (`times` counts
    them), by its name, in this order. `source_of` is `picture_source`; many pictures may stand in
    one <picture>, whose sources are to be read once.
    """
    address = image.attr("src") or ""
    names = image.attrs
    if not _LAZY_NAMES.isdisjoint(names):
        for name in (*_LAZY, *_LAZY_SETS):
            value = image.attr(name) or ""
            value = _largest(value) if name in _LAZY_SETS else value
            if ("/" in value or "." in value) and is_real_address(value):
                return address if value in address else value  # a proxy names what it shows
    is_real = is_real_address(address)
    if is_real and times(address) < _OFTEN and _ending(address) not in _DRAWN:
        return address
    perhaps = [image.attr(name) or "" for name in _PERHAPS_LAZY]
    named = [*perhaps, *(image.attr(name) or "" for name in names if name not in _TEXTS)]
    found = [value for value in named if "/" in value and _ending(value) in _PICTURES]
    if is_real and times(address) < _OFTEN:
        return next((value for value in found if _ending(value) not in _DRAWN), address)
    found += [value for value in perhaps if "/" in value]
    found.append(_largest(image.attr("srcset") or ""))
    if picture := image.closest("picture"):
        found.append(source_of(picture))
    if not is_real and address[:5] != "data:" and _ending(address) not in _PHOTOGRAPHS:
        address = ""  # blank.gif
    return next(filter(is_real_address, found), address)


def picture_source(picture: Element) -> str:
    """Return the first address that the sources of a <picture> name; "" where none does."""
    sets = (
        source.attr(name) or ""
        for source in picture.iter_elements("source")
        for name in (*_LAZY_SETS, "srcset")
    )
    return next(filter(is_real_address, map(_largest, sets)), "")


def is_real_address(address: str) -> bool:
    """Whether an address may name a picture: it is one, and not called like a stand-in."""
    return not (_NO_ADDRESS.match(address) or _STAND_IN.match(address.rpartition("/")[2]))


def _ending(address: str) -> str:
    return _QUERY.split(address, maxsplit=1)[0].rpartition(".")[2].lower()


def _largest(srcset: str) -> str:
    """The candidate of a `srcset` with the greatest width or density."""
    found = [(float(m[2] or 1), m[1].rstrip(",")) for m in _CANDIDATE.finditer(srcset)]
    return max(found, key=lambda candidate: candidate[0])[1] if found else ""


def no_size(element: Element) -> bool:
    """Whether an element says that it is a pixel wide or high, or less."""
    width, height = element.attr("width"), element.attr("height")
    return bool((width and _NO_SIZE.match(width)) or (height and _NO_SIZE.match(height)))


def media_address(media: Element) -> str:
    """What an iframe, video, audio, object or embed shows; empty if it does not say."""
    for name in ("src", "data-src", "data-lazy-src", "data-original", "data", "href"):
        address = (media.attr(name) or "").strip()
        if address and not address.startswith(("about:", "data:", "javascript:")):
            return address
    for child in media.iter_elements(("source", "embed", "param", "iframe", "video")):
        if child.tag == "param" and child.attr("name") not in ("movie", "src"):
            continue
        value = child.attr("value" if child.tag == "param" else "src") or child.attr("data-src")
        if value:
            return value.strip()
    return ""


def media_kind(media: Element, address: str) -> str:
    """ "video", "audio" or "page"."""
    if media.tag in ("video", "audio"):
        return media.tag
    host, path = _host(address), address.lower().partition("?")[0]
    found = (kind for kind, known in _KINDS if known.search(host) or known.search(path))
    return next(found, "page")


def _host(address: str) -> str:
    with suppress(ValueError):
        return urlsplit(address).hostname or ""
    return ""


def media_label(kind: str, title: str, address: str, text: str) -> str:
    """What the link to an embedded thing says: its kind, in the words of `text`, and its name."""
    _, words = max(_WORDS, key=lambda row: len(row[0].findall(text[:100])))
    return words[kind] + (" ".join(title.split()) or _host(address) or address.rpartition("/")[2])
