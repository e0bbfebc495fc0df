"""An article as an entry of a bibliography: BibTeX, RIS, CSL JSON, and a line of GB/T 7714.

Each function takes a mapping with id, title, author, source, language, day (YYYY-MM-DD or None),
url and accessed (the day on which the address was looked at, or None), and leaves out what is None.

    biblatex's @online    https://ctan.org/pkg/biblatex
    RIS, type ELEC        https://en.wikipedia.org/wiki/RIS_(file_format)
    CSL JSON, webpage     https://docs.citationstyles.org/en/stable/specification.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

Article = Mapping[str, Any]

_TEX = str.maketrans(
    {c: f"\\{c}" for c in "{}%&#_$"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)
_BREAKS_A_FIELD = re.compile(r"[\s{}\\]")


def entry(article: Article, address: str) -> dict[str, Any]:
    """Return an article as a bibliography has it, read today; `address` where it has no other."""
    return {**article, "url": article["url"] or address, "accessed": date.today().isoformat()}


def as_bibtex(article: Article) -> str:
    """Return the entry for BibTeX and biblatex; doubled braces keep the capitals of a title."""
    fields = {
        "title": _braced(article["title"]),
        "author": _braced(article["author"] or article["source"]),
        "organization": _braced(article["source"]),
        "year": (article["day"] or "")[:4],
        "date": article["day"],
        "url": _address(article["url"]),
        "urldate": article["accessed"],
    }
    lines = [f"  {key} = {{{value}}},\n" for key, value in fields.items() if value]
    return f"@online{{{_key(article)},\n{''.join(lines)}}}\n\n"


def as_line(article: Article) -> str:
    """Return a citation after GB/T 7714 (an online document), which readers of Chinese and of
    English understand."""
    author = article["author"] or article["source"]
    where = "" if article["source"] in (None, author) else f"{article['source']}, "
    day = f"({article['day']})" if article["day"] else ""
    who = f"{author}. " if author else ""
    return f"{who}{article['title']}[EB/OL]. {where}{day}[{article['accessed']}]. {article['url']}"


def as_ris(article: Article) -> str:
    """Return the entry as RIS, which Zotero, EndNote and Mendeley read; lines end in CRLF."""
    fields = {
        "TY": "ELEC",
        "ID": _key(article),
        "TI": article["title"],
        "AU": article["author"] or article["source"],
        "T2": article["source"],
        "PY": (article["day"] or "")[:4],
        "DA": (article["day"] or "").replace("-", "/"),
        "LA": article["language"],
        "UR": _address(article["url"]),
        "Y2": (article["accessed"] or "").replace("-", "/"),
    }
    lines = [f"{tag}  - {_line(value)}\r\n" for tag, value in fields.items() if value]
    return "".join(lines) + "ER  - \r\n"


def as_csl(article: Article) -> dict[str, Any]:
    """Return the entry as CSL JSON, which pandoc, citeproc and Zotero read."""
    author = article["author"] or article["source"]
    fields = {
        "id": _key(article),
        "type": "webpage",
        "title": _line(article["title"]),
        "author": [{"literal": author}] if author else None,
        "container-title": article["source"],
        "issued": _date(article["day"]),
        "accessed": _date(article["accessed"]),
        "language": article["language"],
        "URL": _address(article["url"]),
    }
    return {key: value for key, value in fields.items() if value}


def _key(article: Article) -> str:
    return f"clippings{article['id']}"


def _braced(name: str | None) -> str | None:
    return f"{{{_line(name).translate(_TEX)}}}" if name else None


def _line(text: str) -> str:
    return " ".join(text.split())


def _address(url: str | None) -> str:
    """Return an address in which nothing can end a field or a line."""
    return _BREAKS_A_FIELD.sub(lambda found: quote(found[0]), url or "")


def _date(day: str | None) -> dict[str, list[list[int]]] | None:
    return {"date-parts": [[int(part) for part in day.split("-")]]} if day else None
