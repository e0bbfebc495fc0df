"""What the search index holds of an article: a pure function of the article's own row.

The worker that converts an article makes its tokens; so can whoever has the row, and an index
that does not keep its text (FTS5's contentless tables) needs the same tokens again to forget it.
"""

from __future__ import annotations

from collections.abc import Iterable

from clippings.models import Article, IndexTokens
from clippings.normalize import opening
from clippings.search import facts, index_labels, index_text


def article_tokens(article: Article, text: str) -> IndexTokens:
    """The tokens of an article; `text` is the plain text of its Markdown."""
    return index_tokens(
        article.title,
        article.summary,
        article.author,
        article.published,
        article.language,
        text,
        article.tags,
        article.features,
    )


def index_tokens(
    title: str,
    summary: str,
    author: str | None,
    published: str | None,
    language: str | None,
    text: str,
    tags: Iterable[str],
    features: Iterable[str],
) -> IndexTokens:
    """The same of the columns of its row; tags and features in any order."""
    # A summary that is only how the text begins would count each of its words twice.
    own_summary = "" if summary == opening(text) else summary
    return IndexTokens(
        title=index_text(title),
        summary=index_text(own_summary),
        author=index_text(author or ""),
        body=index_text(text),
        tags=index_labels(sorted(tags)),
        facts=facts(published, language, features),
    )
