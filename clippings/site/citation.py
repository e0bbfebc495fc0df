"""How an article is cited, and what search engines are told of it.

Articles are rows of the table of articles: id, title, author, source, section, day and so on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_NOT_IN_SCRIPT = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_BIBTEX = str.maketrans({c: f"\\{c}" for c in "{}%&#_$"} | {"\\": r"\textbackslash "})


def cite(article: Mapping[str, Any], address: str, accessed: str) -> str:
    """Return a citation after GB/T 7714 (an online document), which both languages can read.

    `accessed` is the day on which it was read, in ISO 8601; the standard asks for it.
    """
    author = article["author"] or article["source"]
    where = "" if article["source"] in (None, author) else f"{article['source']}, "
    day = f"({article['day']})" if article["day"] else ""
    who = f"{author}. " if author else ""
    return f"{who}{article['title']}[EB/OL]. {where}{day}[{accessed}]. {address}"


def bibtex(article: Mapping[str, Any], address: str, accessed: str) -> str:
    """Return the same for BibLaTeX; titles keep their capitals, what TeX would read is escaped."""
    names = {
        "title": article["title"],
        "author": article["author"] or article["source"],
        "organization": article["source"],
    }
    dates = {"year": (article["day"] or "")[:4], "date": article["day"]}
    lines = [
        f"  {field} = {{{{{_one_line(name).translate(_BIBTEX)}}}}},"
        for field, name in names.items()
        if name
    ]
    lines += [f"  {field} = {{{value}}}," for field, value in dates.items() if value]
    end = (f"  urldate = {{{accessed}}},", f"  url = {{{address}}}", "}")
    return "\n".join((f"@online{{clippings{article['id']},", *lines, *end))


def ris(article: Mapping[str, Any], address: str, accessed: str) -> str:
    """Return the same for Zotero, EndNote and the like: a tag a line, each of one line."""
    fields = {
        "TY": "ELEC",
        "TI": article["title"],
        "AU": article["author"] or article["source"],
        "PB": article["source"],
        "PY": (article["day"] or "")[:4],
        "DA": (article["day"] or "").replace("-", "/"),
        "LA": article["language"],
        "UR": address,
        "Y2": accessed.replace("-", "/"),
    }
    lines = [f"{tag}  - {_one_line(text)}\r\n" for tag, text in fields.items() if text]
    return "".join((*lines, "ER  - \r\n"))


def news_article(article: Mapping[str, Any], address: str, image: str | None) -> str:
    """Return the article as schema.org NewsArticle in JSON that is safe in a script element."""
    author = article["author"] or article["source"]
    found = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article["title"],
        "description": article["summary"],
        "datePublished": article["published"],
        "dateModified": article["updated"],
        "inLanguage": article["language"],
        "articleSection": article["section"],
        "author": {"@type": "Organization", "name": author} if author else None,
        "publisher": {"@type": "Organization", "name": article["source"]}
        if article["source"]
        else None,
        "image": image,
        "url": address,
        "isBasedOn": article["url"],
    }
    known = {key: value for key, value in found.items() if value}
    return json.dumps(known, ensure_ascii=False).translate(_NOT_IN_SCRIPT)


def _one_line(text: str) -> str:
    return " ".join(text.split())
