"""Make an archive of any size to measure with: `python benchmarks/generate.py OUT --articles N`.

The files have the archive's own format (front matter, HTML bodies, folders as categories) and
the sizes of real ones: half have more than 900 characters, one in ten more than 4,000. Their
clauses come from a made-up lexicon with the long tail of a natural one, or with `--from FOLDER`
from the texts in a folder; with `--repeat FOLDER` the files are those of a folder, again and again
with other characters. Same arguments, same files.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from itertools import accumulate
from pathlib import Path

import click

SECTIONS = {
    "新媒体": ("观察站", "果壳园", "夜读"),
    "编程": ("开源周报", "Hacker Digest", "码农手记"),
    "科技": ("芯片观察", "5G 时报"),
    "金融": ("财经早报", "市场晚班"),
    "设计": ("版式", "Type Notes"),
}
FEEDS = ("头条", "最新", "深度", "Weekly")
_FIRST_DAY = datetime(2020, 1, 1)
_LATIN = (
    "ai app web data cloud open source model python linux update google apple chip node".split()
)
_CLAUSE_END = re.compile(r"[，。；！？、\s]*[，。；！？\n][，。；！？、\s]*")
_TEXT_SUFFIXES = (".md", ".markdown", ".html", ".htm", ".txt")


@dataclass(frozen=True, slots=True)
class Draft:
    """One article before it becomes a file: `paragraphs` are plain text."""

    title: str
    section: str
    source: str
    feed: str
    published: datetime
    paragraphs: tuple[str, ...]


def drafts(count: int, clauses: list[str], *, seed: int = 4) -> Iterator[Draft]:
    """Yield `count` articles, the newest last, a hundred or so a day."""
    rng = random.Random(seed)
    per_day = max(count // 1000, 1)
    for number in range(count):
        section = rng.choice(list(SECTIONS))
        length = int(min(rng.lognormvariate(math.log(900), 1.05), 60_000))
        minute = timedelta(days=number // per_day, minutes=rng.randrange(1440))
        yield Draft(
            title="，".join(rng.choices(clauses, k=2))[:40],
            section=section,
            source=rng.choice(SECTIONS[section]),
            feed=rng.choice(FEEDS),
            published=_FIRST_DAY + minute,
            paragraphs=tuple(_paragraphs(rng, clauses, length)),
        )


def _paragraphs(rng: random.Random, clauses: list[str], length: int) -> Iterator[str]:
    while length > 0:
        picked = rng.choices(clauses, k=rng.randint(3, 16))
        paragraph = "".join(clause + rng.choice("，，，。") for clause in picked)[:-1] + "。"
        yield paragraph
        length -= len(paragraph)


def made_up_clauses(count: int = 60_000, *, seed: int = 4) -> list[str]:
    """Make clauses of words from a lexicon of 30,000; the n-th is about 1/n as frequent."""
    rng = random.Random(seed)
    # The first level of GB 2312: the 3,755 most common characters of Simplified Chinese.
    codes = [bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)]
    characters = [code.decode("gb2312", "ignore") for code in rng.sample(codes, len(codes))]
    weights = list(accumulate(1 / (n + 8) for n in range(len(characters))))
    sizes = rng.choices((1, 2, 3, 4), (1, 6, 2, 1), k=30_000)
    words = ["".join(rng.choices(characters, cum_weights=weights, k=size)) for size in sizes]
    words[40::60] = [f"{word}{n % 40 or ''}" for n, word in enumerate(_LATIN * 40)][
        : len(words[40::60])
    ]
    frequency = list(accumulate(1 / (n + 3) for n in range(len(words))))
    return [
        "".join(rng.choices(words, cum_weights=frequency, k=rng.randint(2, 6)))
        for _ in range(count)
    ]


def clauses_of(folder: Path) -> list[str]:
    """Cut the texts of a folder (front matter and tags left out) into their clauses."""
    clauses: dict[str, None] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in _TEXT_SUFFIXES:
            text = path.read_text("utf-8", errors="replace")
            text = re.sub(r"(?s)\A\s*---\n.*?\n---\n", "", text)
            text = re.sub(r"<[^>]*>|\S*://\S*", "\n", text)
            clauses |= dict.fromkeys(
                re.split(r"[，。；！？、\s]*[，。；！？\n][，。；！？、\s]*", text)
            )
    return [clause for clause in clauses if 2 <= len(clause) <= 60]


def as_file(draft: Draft, number: int) -> str:
    """Write a draft as the archive's generator does."""
    image = f"https://img.example.org/{number}.jpg"
    body = "\n".join(_block(text, index) for index, text in enumerate(draft.paragraphs))
    title = draft.title.replace("'", "’")
    return (
        f"\n---\ntitle: '{title}'\ncategories: \n - {draft.section}\n - {draft.source}\n"
        f" - {draft.feed}\nheadimg: '{image}'\nauthor: {draft.source}\ncomments: false\n"
        f"date: {draft.published:%a, %d %b %Y %H:%M:%S} GMT\nthumbnail: '{image}'\n---\n\n"
        f'<div>   \n<img src="{image}" referrerpolicy="no-referrer">\n{body}\n</div>\n            '
    )


def _block(text: str, index: int) -> str:
    words = escape(text, quote=False)
    if index % 9 == 4:
        return f"<h2>{words[:20]}</h2>\n<ul><li>{words}</li><li><b>{words[:9]}</b></li></ul>"
    link = f'<a href="https://example.org/{len(text)}" target="_blank">{words[:6]}</a>'
    return f"<p>\n{link}{words[6:]}\n</p>" if index % 5 == 1 else f"<p>\n{words}\n</p>"


def repeated(folder: Path, count: int) -> Iterator[tuple[Path, bytes]]:
    """Yield (path, content) of `count` files: those of `folder`, then copies of them.

    In each copy the common Chinese characters of title and body have changed places, so that it
    has the markup and the lengths of its original, and other words.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix in _TEXT_SUFFIXES)
    common = [bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)]
    characters = [code.decode("gb2312", "ignore") for code in common]
    characters = [character for character in characters if character]
    for number in range(count):
        copy, original = divmod(number, len(files))
        data = files[original].read_bytes()
        if copy:
            others = random.Random(copy).sample(characters, len(characters))
            data = _translated(data, str.maketrans(dict(zip(characters, others, strict=True))))
        yield Path(f"{copy:03}") / files[original].relative_to(folder), data


def _translated(data: bytes, table: dict[int, str]) -> bytes:
    text = data.decode("utf-8", "surrogateescape")
    header, fence, body = text.partition("\n---\n") if "\n---\n" in text else ("", "", text)
    header = re.sub("(?m)^title:.*", lambda line: line[0].translate(table), header)
    return f"{header}{fence}{body.translate(table)}".encode("utf-8", "surrogateescape")


@click.command(help="Write N articles in the archive's format below OUT.")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--articles", default=1_000, show_default=True, help="How many.")
@click.option("--from", "folder", type=click.Path(exists=True, path_type=Path), help="Real texts.")
@click.option("--repeat", type=click.Path(exists=True, path_type=Path), help="Real files.")
def main(out: Path, articles: int, folder: Path | None, repeat: Path | None) -> None:
    """Write the files one by one, in the folders of their categories."""
    if repeat:
        for below, data in repeated(repeat, articles):
            path = out / below
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        click.echo(f"{articles} articles in {out}")
        return
    clauses = clauses_of(folder) if folder else made_up_clauses()
    for number, draft in enumerate(drafts(articles, clauses)):
        path = out / draft.section / draft.source / draft.feed / f"{number:07}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_file(draft, number), "utf-8")
    click.echo(f"{articles} articles in {out}")


if __name__ == "__main__":
    main()
