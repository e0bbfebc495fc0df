"""How an article is cited, and what search engines are told of it.

Articles are rows of the table of articles: id, title, author, source, section, day and so on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_NOT_IN_SCRIPT = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def cite(article: Mapping[str, Any]) -> str:
    """Return a citation after GB/T 7714 (an online document), which both languages can read.

    The article has, besides its columns, `accessed`: the day on which it was read.
    """
    author = article["author"] or article["source"]
    where = "" if article["source"] in (None, author) else f"{article['source']}, "
    day = f"({article['day']})" if article["day"] else ""
    who = f"{author}. " if author else ""
    return f"{who}{article['title']}[EB/OL]. {where}{day}[{article['accessed']}]. {article['url']}"


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
