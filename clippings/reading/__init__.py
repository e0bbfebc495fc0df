"""From bytes to an article: sources, decoding, front matter, dates, language, columns."""
