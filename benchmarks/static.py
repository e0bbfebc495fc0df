"""What a static copy costs: `python benchmarks/static.py --articles N` prints its figures.

Of an archive made for measuring (benchmarks/generate.py), built and copied in a temporary folder:
CPU seconds of this process, files, bytes for each article (pages in all languages, index, all),
and how many bytes the largest file of the index has, which a query may have to fetch.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import click
import yaml

from clippings.executors import mapper
from clippings.pipeline import build
from clippings.static import ADDRESS, static_copy
from generate import as_file, drafts, made_up_clauses

ROOT = Path(__file__).parents[1]


def make_archive(folder: Path, articles: int) -> Path:
    """A database of so many articles."""
    source = folder / "articles"
    source.mkdir()
    for number, draft in enumerate(drafts(articles, made_up_clauses())):
        (source / f"{number}.md").write_text(as_file(draft, number), "utf-8")
    database = folder / "clippings.db"
    build((source,), database, mapper(1), 0.0, lambda done, total: None)
    return database


def sizes(files: Iterable[Path]) -> list[int]:
    """The bytes of each file."""
    return [file.stat().st_size for file in files if file.is_file()]


@click.command()
@click.option("--articles", default=300, show_default=True, help="Articles of the archive.")
def main(articles: int) -> None:
    """Measure a static copy."""
    metadata = yaml.safe_load((ROOT / "metadata.yml").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        database = make_archive(Path(folder), articles)
        copy = Path(folder) / "site"
        began = time.process_time()
        files, _ = static_copy(database, copy, ROOT, metadata, ADDRESS, lambda name, done: None)
        seconds = time.process_time() - began
        words = sizes((copy / "words").iterdir())
        whole = sum(sizes(copy.rglob("*"))) - sum(sizes((copy / "downloads").iterdir()))
    print(f"articles     {articles:>9,}")
    print(f"files        {files:>9,}")
    print(f"CPU seconds  {seconds:>9.1f}  ({articles / seconds:.0f} articles a second)")
    print(
        f"an article   {whole / articles / 1000:>9.1f} KB, {sum(words) / articles / 1000:.1f} index"
    )
    print(f"largest      {max(words) / 1000:>9.1f} KB of the index")


if __name__ == "__main__":
    main()
