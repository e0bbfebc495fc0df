"""What the search index and the stories go by: pure functions of an article's own row.

The worker that converts an article makes its tokens; so can whoever has the row, and an index
that does not keep its text (FTS5's contentless tables) needs the same tokens again to forget it.
"""

from __future__ import annotations

from collections.abc import Iterable

from clippings.models import Article, IndexTokens
from clippings.reading.normalize import opening
from clippings.search import facts, fold, index_folded, index_labels, index_text
from clippings.similarity.near_duplicates import sketch


def tokens_and_sketch(article: Article, text: str) -> tuple[IndexTokens, bytes]:
    """The tokens of an article, and its sketch; `text` is the plain text of its Markdown."""
    folded = fold(text)
    tokens = index_tokens(
        article.title,
        article.summary,
        article.author,
        article.published,
        article.language,
        text,
        article.tags,
        article.features,
        folded,
    )
    return tokens, sketch(fold(article.title), folded, article.published)


def index_tokens(
    title: str,
    summary: str,
    author: str | None,
    published: str | None,
    language: str | None,
    text: str,
    tags: Iterable[str],
    features: Iterable[str],
    folded: str | None = None,
) -> IndexTokens:
    """The tokens of the columns of its row; tags and features in any order, `folded` the text
    where it was folded already."""
    # A summary that is only how the text begins would count each of its words twice.
    own_summary = "" if summary == opening(text) else summary
    return IndexTokens(
        title=index_text(title),
        summary=index_text(own_summary),
        author=index_text(author or ""),
        body=index_folded(fold(text) if folded is None else folded),
        tags=index_labels(sorted(tags)),
        facts=facts(published, language, features),
    )
