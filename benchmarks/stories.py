"""How surely tellings of one story are found: `python benchmarks/stories.py [FOLDER]`.

The articles of FOLDER (seeds/ when none is given) that have at least 200 characters are edited
into a labelled set, which is built as any archive is; every pair of articles that the database
links is then right or wrong.

Tellings of one story: the article; it under another title; it with a paragraph of another article
added; it within the boilerplate of another source; all of these at once. Not tellings: different
articles in one boilerplate; a
round-up of how five articles begin; a digest of five; an
article in which every number is another; notices in one mould; all else that FOLDER holds. All of
it within three days.

Where two articles of FOLDER have half of their lines in common, nobody could say whether they tell
one story: the first is taken. The rest is parted in two by its digest. Thresholds were chosen on
one half (`--thresholds` prints what others would give there); the figures are those of the other.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, combinations
from pathlib import Path

import click

from clippings.build.executors import mapper, usable_cores
from clippings.build.pipeline import build
from clippings.build.process import process_files
from clippings.markdown.rendering import plain_text
from clippings.models import Article, ProcessedArticle
from clippings.reading.sources import find_articles
from clippings.similarity import near_duplicates as stories

ROOT = Path(__file__).parents[1]
FEWEST_CHARACTERS = 200
DAYS = ("2022-03-01", "2022-03-02", "2022-03-03")
SOURCES = ("晨星日报", "Harbor Post", "看江湖", "數據週刊", "五点半")
HALVES = ("chosen on", "measured")

HEADERS = (
    "{s}讯 本报记者从现场发回的报道。\n\n点击上方蓝字关注{s}，第一时间获取最新资讯。",
    "{s}编者按：以下内容转载自合作媒体，略有删节，小标题为编者所加。",
    "This story was first published by our partners. Sign up for the newsletter of {s}.",
)
FOOTERS = (
    "本文仅代表作者个人观点，不代表{s}立场。未经授权，不得转载。\n\n"
    "责任编辑：{s}夜班组。新闻热线：400-800-{n}。\n\n更多精彩内容请下载{s}客户端。",
    "{s}版权所有，转载请注明来源于{s}官方网站。\n\n欢迎扫描二维码加入读者群，与编辑面对面交流。",
    "Copyright {s}. All rights reserved. Read more stories like this one in the {s} app.\n\n"
    "Do you have a tip for our newsroom? Write to the editors of {s}, we answer every letter.",
)
MOULD = (
    "{d}{t}，{a}气象台发布{c}预警信号。预计未来{n}小时，{a}大部分地区将出现{w}天气，"
    "最低气温{m}度，阵风可达{g}级。请有关单位和人员做好防范准备。\n\n"
    "防御指南：政府及相关部门按照职责做好防御准备工作。有关部门视情况通知停课停工。"
    "行人注意尽量少骑自行车。居民要妥善安置室外搭建物。"
)


@dataclass(frozen=True, slots=True)
class Telling:
    """An article of the labelled set; `story` is the same in all tellings of one story."""

    story: str
    kind: str
    title: str
    source: str
    day: str
    text: str


def bases(folder: Path) -> dict[str, list[Article]]:
    """The articles that are long enough to be edited, each text once, parted in two halves."""
    found: dict[str, Article] = {}
    for outcome in process_files(find_articles([folder]).files):
        if (
            isinstance(outcome, ProcessedArticle)
            and outcome.article.characters >= FEWEST_CHARACTERS
        ):
            found.setdefault(outcome.article.digest, outcome.article)
    halves: dict[str, list[tuple[Article, set[str]]]] = {half: [] for half in HALVES}
    for digest, article in sorted(found.items()):
        half, lines = halves[HALVES[int(digest, 16) % 2]], set(_paragraphs(article))
        if not any(_same_lines(lines, others) for _, others in half):
            half.append((article, lines))
    return {name: [article for article, _ in half] for name, half in halves.items()}


def _same_lines(here: set[str], there: set[str]) -> bool:
    return len(here & there) > min(len(here), len(there)) / 2


def labelled(articles: list[Article], seed: int = 7) -> Iterator[Telling]:
    """The labelled set of one half; the same articles give the same set."""
    rng = random.Random(seed)
    for article in articles:
        company = [a for a in articles if a.language == article.language and a is not article]
        yield from _tellings(rng, article, company)
        yield from _other_numbers(rng, article)
    by_size = sorted(articles, key=lambda a: (a.language or "", a.characters, a.digest))
    for five in zip(*[iter(by_size)] * 5, strict=False):
        yield _one("digest", "今日要闻", "\n\n".join(a.markdown for a in five), rng)
        parts = [_part(article, 0.4 * five[0].characters) for article in five]
        if min(map(len, parts)) > 0.2 * five[0].characters:
            yield _one("round-up", _some_title(rng, five[0]), "\n\n".join(parts), rng)
    for number in range(len(articles) // 2):
        yield Telling(f"notice {number}", "notice", "天气预警", SOURCES[0], DAYS[0], _notice(rng))


def _tellings(rng: random.Random, article: Article, company: list[Article]) -> Iterator[Telling]:
    title, text = article.title, article.markdown
    other = _some_title(rng, article)
    added = _with_paragraph(rng, text, company)
    outlet = rng.choice(SOURCES)
    versions = {
        "original": (title, SOURCES[0], text),
        "retitled": (other, SOURCES[1], text),
        "added to": (title, SOURCES[2], added),
        "framed": (title, outlet, _framed(text, outlet)),
        "all at once": (other, outlet, _framed(added, outlet)),
    }
    kept = ["original", *rng.sample([kind for kind in versions if kind != "original"], 2)]
    for kind in kept:
        new_title, source, new_text = versions[kind]
        yield Telling(article.digest, kind, new_title, source, rng.choice(DAYS), new_text)


def _other_numbers(rng: random.Random, article: Article) -> Iterator[Telling]:
    if len(set(re.findall(r"\d+", plain_text(article.markdown)))) >= stories.FEWEST_FIGURES:
        text = re.sub(r"\d+", lambda number: _other_number(rng, number.group()), article.markdown)
        yield _one("other numbers", article.title, text, rng)


def _one(kind: str, title: str, text: str, rng: random.Random) -> Telling:
    return Telling(f"{kind} {rng.random()}", kind, title, SOURCES[3], rng.choice(DAYS), text)


@cache
def _paragraphs(article: Article) -> list[str]:
    """The lines of an article's text that are more than a label."""
    return [line for line in plain_text(article.markdown).splitlines() if len(line) > 20]


def _part(article: Article, most: float) -> str:
    """The first paragraphs of an article, so many characters at most."""
    parts = _paragraphs(article)
    sizes = list(accumulate(map(len, parts), initial=0))
    return "\n\n".join(parts[: bisect_right(sizes, most) - 1])


def _some_title(rng: random.Random, article: Article) -> str:
    lines = plain_text(article.markdown)
    clauses = [c.strip() for c in re.split(r"[，。！？,.!?\n]", lines) if 6 <= len(c.strip()) <= 40]
    return rng.choice(clauses[:20] or ["无题"]) + rng.choice(
        ["", "！", "？这是怎么回事", " | 关注"]
    )


def _with_paragraph(rng: random.Random, text: str, company: list[Article]) -> str:
    parts = text.split("\n\n")
    fitting = [part for other in company[:20] for part in _paragraphs(other) if len(part) < 300]
    parts.insert(
        rng.randrange(len(parts) + 1), rng.choice(fitting or ["本报将继续关注此事的进展。"])
    )
    return "\n\n".join(parts)


def _framed(text: str, source: str) -> str:
    number = SOURCES.index(source)
    above, below = HEADERS[number % len(HEADERS)], FOOTERS[number % len(FOOTERS)]
    return f"{above.format(s=source)}\n\n{text}\n\n{below.format(s=source, n=1000 + number)}"


def _other_number(rng: random.Random, number: str) -> str:
    return (
        str(int(number[:9]) + rng.randint(1, 9))
        if int(number[:9]) < 100
        else "".join(rng.choice("123456789") for _ in number)
    )


def _notice(rng: random.Random) -> str:
    return MOULD.format(
        d=f"3月{rng.randint(1, 28)}日",
        t=f"{rng.randint(0, 23)}时{rng.randint(10, 59)}分",
        a=rng.choice("江城 青石 白鹭 临港 南浦 云州 北坪 海门".split()),
        c=rng.choice(["大风蓝色", "寒潮黄色", "暴雪橙色", "雷电黄色"]),
        n=rng.choice([6, 12, 24, 48]),
        w=rng.choice(["大风降温", "雷阵雨", "暴雪", "冰雹"]),
        m=rng.randint(-19, 9),
        g=rng.randint(5, 11),
    )


def linked(tellings: list[Telling]) -> set[tuple[int, int]]:
    """The pairs of tellings (by their place) that a build of them links as one story."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "articles")
        source.mkdir()
        for number, telling in enumerate(tellings):
            names = ["新闻", telling.source, "头条"]
            header = json.dumps({"title": telling.title, "date": telling.day, "categories": names})
            (source / f"{number:06}.md").write_text(f"{header}\n\n{telling.text}", "utf-8")
        target = Path(folder, "set.db")
        build((source,), target, mapper(usable_cores()), 1.0, lambda done, total: None)
        db = sqlite3.connect(target)
        found: dict[int, list[int]] = {}
        for story, path in db.execute(
            "select story, path from stories join placements using (article) order by path"
        ):
            found.setdefault(story, []).append(int(path[:6]))
        db.close()
    return {pair for members in found.values() for pair in combinations(sorted(members), 2)}


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs linked rightly, in all that are linked, and in all that should be."""

    right: int
    linked: int
    wanted: int
    wrong_kinds: Counter[tuple[str, str]]
    missed_kinds: Counter[tuple[str, str]]

    @property
    def precision(self) -> float:
        """The part of what is linked that should be."""
        return self.right / max(self.linked, 1)

    @property
    def recall(self) -> float:
        """The part of what should be linked that is."""
        return self.right / max(self.wanted, 1)


def score(tellings: list[Telling]) -> Score:
    """Build a labelled set and count its pairs."""
    members: dict[str, list[int]] = {}
    for number, telling in enumerate(tellings):
        members.setdefault(telling.story, []).append(number)
    wanted = {pair for group in members.values() for pair in combinations(group, 2)}
    found = linked(tellings)

    def kinds(pairs: set[tuple[int, int]]) -> Counter[tuple[str, str]]:
        return Counter((tellings[a].kind, tellings[b].kind) for a, b in pairs)

    return Score(
        len(found & wanted), len(found), len(wanted), kinds(found - wanted), kinds(wanted - found)
    )


@click.command()
@click.argument("folder", default=ROOT / "seeds", type=click.Path(exists=True, path_type=Path))
@click.option("--thresholds", is_flag=True, help="Try others on the half they are chosen on.")
@click.option("--errors", is_flag=True, help="Show what kinds of pairs are wrong or missed.")
def main(folder: Path, thresholds: bool, errors: bool) -> None:
    """Print precision and recall of the stories found in a set made of FOLDER's articles."""
    chosen_on, measured = (list(labelled(articles)) for articles in bases(folder).values())
    if thresholds:
        for stories.SHARED in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95):
            print(f"shared {stories.SHARED:.2f}: {line(score(chosen_on))}")
        return
    found = score(measured)
    print(f"{len(measured)} articles: {line(found)}")
    if errors:
        print(f"wrong: {found.wrong_kinds.most_common()}")
        print(f"missed: {found.missed_kinds.most_common()}")


def line(found: Score) -> str:
    """A score on one line."""
    return (
        f"precision {found.precision:.4f}, recall {found.recall:.4f} "
        f"({found.right} right of {found.linked} linked and {found.wanted} wanted)"
    )


if __name__ == "__main__":
    main()
