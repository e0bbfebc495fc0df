"""What search engines are told of an article."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_NOT_IN_SCRIPT = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def news_article(article: Mapping[str, Any], address: str, image: str | None) -> str:
    """Return a row of the table of articles as schema.org NewsArticle, in JSON that is safe in a
    script element."""
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
