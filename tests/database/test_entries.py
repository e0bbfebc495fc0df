"""An article's entry is the same in whatever batch it is made, and again from its row."""

from __future__ import annotations

from conftest import ROOT, index_labels, index_text, process_article

from clippings.database.entries import Columns, index, index_tokens
from clippings.markdown.rendering import plain_text
from clippings.models import ProcessedArticle


def test_an_entry_depends_on_its_article_only() -> None:
    """All at once, one by one, and from what the database keeps of it."""
    files = sorted((ROOT / "seeds").rglob("*.md"))
    outcomes = [process_article(path.name, path.read_bytes()) for path in files]
    articles = [outcome.article for outcome in outcomes if isinstance(outcome, ProcessedArticle)]
    texts = [plain_text(article.markdown) for article in articles]
    entries = index(articles, texts)
    assert entries == [index([a], [text])[0] for a, text in zip(articles, texts, strict=True)]
    for a, text, (tokens, *_) in zip(articles, texts, entries, strict=True):
        tags = a.tags[::-1]
        row = Columns(a.title, a.summary, a.author, a.published, a.language, text, tags, a.features)
        assert index_tokens(row) == tokens
        assert tokens.title == index_text(a.title)
        assert tokens.body == index_text(text)
        assert tokens.tags == index_labels(*sorted(a.tags))
    assert index([], []) == []
