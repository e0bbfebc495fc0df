"""Where pictures, films and links really point, and what to call what cannot be shown."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from lxml import etree

EMBEDDED = ("iframe", "video", "audio", "object", "embed")

# Where lazy loaders put the address of a picture, the most telling first.
_LAZY = (
    "data-src", "data-original", "data-lazy-src", "data-actualsrc", "data-actual-src",
    "data-original-src", "data-lazyload", "data-lazy", "data-url", "data-echo", "data-img",
    "data-full-url", "data-large-file", "zoomfile", "file", "original", "real_src", "_src", "nitro-lazy-src",
)  # fmt: skip
_LAZY_SETS = ("data-srcset", "data-lazy-srcset", "srcset")
_PLACEHOLDER = re.compile(
    r"(?i)^(?:data:|about:|javascript:|blob:|#|$)"
    r"|/(?:undefined|null)$"
    r"|(?:^|[/_-])(?:blank|spacer|placeholder|loading|lazy(?:load)?|transparent|grey|gr[ae]y|1x1|pixel|white|empty)"
    r"(?:[._-][\w-]*)?\.(?:gif|png|svg|jpe?g|webp)(?:[?#].*)?$"
)
_CANDIDATE = re.compile(r"\s*(\S*[^\s,])(?:\s+([\d.]+)[wxh])?\s*(?:,|$)")
_TRACKER = re.compile(
    r"(?i)//(?:[^/]*\.)?(?:doubleclick\.net|pixel\.wp\.com|stats\.wordpress\.com|google-analytics\.com"
    r"|scorecardresearch\.com|hm\.baidu\.com|cnzz\.com|feedburner\.com/~r|feeds\.feedburner\.com/~)"
)
_NO_SIZE = re.compile(r"\s*[01](?:\.0*)?(?:px)?\s*$")

_UNSAFE_SCHEME = re.compile(r"(?i)[\x00-\x20]*(?:j[\s]*a[\s]*v[\s]*a[\s]*script|vbscript|data|blob|about|file):")
_IN_ADDRESS = re.compile(r"""[\x00-\x20<>\\`*_"|\[\]\xa0\u3000]|&(?=#?\w{1,32};)""")

_VIDEO_HOSTS = re.compile(
    r"(?i)(?:^|\.)(?:youtube(?:-nocookie)?\.com|youtu\.be|vimeo\.com|bilibili\.com|youku\.com|iqiyi\.com"
    r"|v\.qq\.com|dailymotion\.com|ixigua\.com|tudou\.com|acfun\.cn|twitch\.tv|wistia\.(?:net|com))$|^video\.|^player\."
)
_AUDIO_HOSTS = re.compile(
    r"(?i)(?:^|\.)(?:music\.163\.com|spotify\.com|soundcloud\.com|ximalaya\.com|podcasts\.apple\.com"
    r"|lizhi\.fm|xiaoyuzhoufm\.com)$"
)
# What an embedded thing is called, by the script of the article that embeds it.
_WORDS = (
    (re.compile("[\u3040-\u30ff]"), {"video": "動画：", "audio": "音声：", "other": "埋め込み："}),
    (re.compile("[\uac00-\ud7a3]"), {"video": "동영상: ", "audio": "오디오: ", "other": "임베드: "}),
    (re.compile("[\u4e00-\u9fff]"), {"video": "视频：", "audio": "音频：", "other": "嵌入："}),
    (re.compile(""), {"video": "Video: ", "audio": "Audio: ", "other": "Embedded: "}),
)
