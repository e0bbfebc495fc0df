"""Search measured against LIKE, trigram and tantivy: `python benchmarks/search.py --articles N`.

One run prints everything, each figure beside what it is to be compared with in the same run and,
in brackets, its bound. The articles are those of `generate.py`, made up or, with `--from FOLDER`,
of real clauses. Texts are stored folded, so that LIKE is the truth for both Chinese scripts.

`--corpus ../shared/corpus` builds that folder and asks the questions of `questions.tsv` as people
type them.
"""

from __future__ import annotations

import hashlib
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click

from clippings.database.index import labels
from clippings.search.arrays import TextBatch
from clippings.search.folding import CJK, folding_table
from clippings.search.passages import search
from clippings.search.query import parse_query
from clippings.search.results import ORDERS, count
from clippings.search.snippets import snippet
from clippings.search.tokens import facts
from generate import Draft, clauses_of, drafts, made_up_clauses

PROJECT = Path(__file__).parents[1]
SCHEMA = PROJECT / "clippings" / "database" / "schema.sql"
LENGTHS = (1, 2, 3, 4, 6, 10)
COMMON = ("的", "我们", "一个", "中国")
PAGE = 20

TEXT = "select title, text from articles where docid = ?"
LIKE = "select docid from articles where text like '%' || ? || '%'"
MATCH = "select rowid from articles_fts where articles_fts match ?"
MIXED = f"[{CJK}]{{1,3}}[a-z0-9]+[{CJK}]{{0,3}}|[a-z0-9]+[{CJK}]{{1,3}}"
COLUMNS = "body, title, summary, author, section, source, feed, tags, facts"
INSERT = f"insert into articles_fts (rowid, {COLUMNS}) values (?{', ?' * 9})"
ONE_SEGMENT = "insert into {0} ({0}, rank) values ('hashsize', 67108864)"
OPTIMIZE = "insert into {0} ({0}) values ('optimize')"

PATHS = "select articles.id, path from articles join placements on placements.id = articles.id"

Result = TypeVar("Result")


def build(path: Path, articles: Iterable[Draft]) -> sqlite3.Connection:
    """Fill a database with texts and index; print what the index costs in bytes and CPU time."""
    connection = sqlite3.connect(path)
    schema = re.search(r"create virtual table articles_fts.*?;", SCHEMA.read_text(), re.DOTALL)
    connection.execute(schema[0] if schema else "")
    connection.execute("create table articles (docid integer primary key, title, text)")
    connection.execute(ONE_SEGMENT.format("articles_fts"))
    table = str.maketrans(dict(folding_table()))
    size, preparing, inserting = 0, 0.0, 0.0
    for docid, draft in enumerate(articles, 1):
        text = "\n".join(draft.paragraphs)
        size += len(text.encode()) + len(draft.title.encode())
        row = docid, draft.title, text.translate(table)
        connection.execute("insert into articles values (?, ?, ?)", row)
        seconds, tokens = cpu(partial(tokens_of, draft, text))
        preparing += seconds
        inserting += cpu(partial(connection.execute, INSERT, (docid, *tokens)))[0]
    inserting += cpu(partial(connection.execute, OPTIMIZE.format("articles_fts")))[0]
    connection.commit()
    index = index_bytes(connection)
    say("text", f"{size / 1e6:.0f} MB in {docid} articles")
    say("index", f"{index / 1e6:.0f} MB = {index / size:.2f} times the text (1.6)")
    say("tokens", f"{preparing:.1f} s = {size / 1e6 / preparing:.1f} MB/s")
    say("insert", f"{inserting:.1f} s = {size / 1e6 / inserting:.1f} MB/s")
    return connection


def tokens_of(draft: Draft, text: str) -> tuple[str, ...]:
    """Give the columns of the index for one article."""
    known = facts(draft.published.isoformat(), "zh", ["image"])
    return (
        *TextBatch([text, draft.title, "", draft.source]).fields,
        *labels([[(draft.section, draft.source, draft.feed)]])[0],
        "",
        known,
    )


def index_bytes(connection: sqlite3.Connection) -> int:
    """Give the bytes of the index's pages, without what a merge left free."""
    sql = "select sum(pgsize) from dbstat where name like 'articles!_fts!_%' escape '!'"
    return int(connection.execute(sql).fetchone()[0])


def beside_trigram(articles: list[Draft]) -> None:
    """Index some of the articles both ways; the CPU time of pairs includes preparing them."""
    texts = [("\n".join(draft.paragraphs), draft.title) for draft in articles]
    ours = (TextBatch(each).fields for each in texts)
    pairs = cpu(partial(fill, "ascii tokenchars '+#%@|'", ours))[0]
    trigram = cpu(partial(fill, "trigram", texts))[0]
    text = f"{pairs:.1f} s = {pairs / trigram:.2f} times trigram's (1)"
    say(f"index time of {len(texts)}", text)


def fill(tokenizer: str, rows: Iterable[Sequence[str]]) -> None:
    """Make an index of bodies and titles with a tokenizer, and throw it away."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(f"{folder}/i")) as made:
        made.execute("pragma journal_mode = off")
        made.execute("pragma synchronous = off")
        made.execute(
            f"""create virtual table f using fts5
                (body, title, content='', tokenize="{tokenizer}")"""
        )
        made.execute(ONE_SEGMENT.format("f"))
        made.executemany("insert into f (body, title) values (?, ?)", rows)
        made.execute(OPTIMIZE.format("f"))
        made.commit()


def substrings(connection: sqlite3.Connection, count: int) -> Iterator[str]:
    """Draw substrings of each length from the texts, in turn."""
    rng = random.Random(4)
    last = connection.execute("select max(docid) from articles").fetchone()[0]
    for number in range(count):
        length = LENGTHS[number % len(LENGTHS)]
        runs: list[str] = []
        while not runs:
            _, text = connection.execute(TEXT, [rng.randint(1, last)]).fetchone()
            runs = [run for run in re.findall(f"[{CJK}]+", text) if len(run) >= length]
        run = rng.choice(runs)
        start = rng.randrange(len(run) - length + 1)
        yield run[start : start + length]


def exactness(connection: sqlite3.Connection, queries: list[str]) -> list[float]:
    """Compare what the index finds with what LIKE finds; give the seconds of each LIKE scan."""
    scans, right, found, there = [], 0, 0, 0
    for query in queries:
        seconds, truth = wall(connection.execute(LIKE, [query]).fetchall)
        match = text_only(parse_query(f'"{query}"').match)  # not in the words of Taiwan too
        hits = connection.execute(MATCH, [match]).fetchall()
        right += len(set(hits) & set(truth))
        found, there = found + len(hits), there + len(truth)
        scans.append(seconds)
    text = f"recall {right / there:.3f}, precision {right / found:.3f} (1.000)"
    say(f"exactness of {len(queries)}", text)
    return scans


def text_only(match: str) -> str:
    """Leave titles and authors out of an expression, as LIKE and the rule do."""
    return match.replace("body title summary author", "body")


def mixed(connection: sqlite3.Connection, count: int) -> None:
    """Compare words of several scripts with the rule that marks matches in texts."""
    texts = connection.execute("select docid, text from articles where docid <= 1000").fetchall()
    words = [word for _, text in texts for word in re.findall(MIXED, text)]
    drawn = random.Random(4).sample(words, min(count, len(words)))
    right = found = there = 0
    for word in drawn:
        query = parse_query(f'"{word}"')
        truth = {
            docid
            for docid, text in texts
            if any(marked for _, marked in snippet(text, query).parts)
        }
        match = text_only(query.match)
        hits = {docid for (docid,) in connection.execute(MATCH, [match]) if docid <= 1000}
        right += len(hits & truth)
        found, there = found + len(hits), there + len(truth)
    text = f"recall {right / there:.3f}, precision {right / found:.3f} (0.99, 0.95)"
    say(f"mixed words, {len(drawn)}", text if drawn else "none")


def speed(connection: sqlite3.Connection, queries: list[str], scans: list[float]) -> None:
    """Print medians in ms, by length: the LIKE scan, a page of each order, the total."""
    names = "LIKE scan", "relevance", "ratio", "p95", "newest", "total"
    click.echo(" " * 14 + "".join(f"{name:>11}" for name in names))
    for length in LENGTHS:
        chosen = [(q, s) for q, s in zip(queries, scans, strict=True) if len(q) == length]
        speed_line(connection, f"{length} characters", *zip(*chosen, strict=True))
    for word in COMMON:
        scan, rows = wall(connection.execute(LIKE, [word]).fetchall)
        if rows:
            speed_line(connection, word, (word,), (scan,))


def speed_line(
    connection: sqlite3.Connection, name: str, queries: tuple[str, ...], scans: tuple[float, ...]
) -> None:
    """Print how long queries of one kind take beside their LIKE scans."""
    relevance = [wall(partial(page, connection, query, "relevance"))[0] for query in queries]
    newest = [wall(partial(page, connection, query, "newest"))[0] for query in queries]
    total = [wall(partial(total_of, connection, query))[0] for query in queries]
    ratio = statistics.median(scans) / statistics.median(relevance)
    slowest = percentile(scans, 95) / percentile(relevance, 95)
    cells = ms(scans), ms(relevance), f"1/{ratio:.0f}", f"1/{slowest:.0f}", ms(newest), ms(total)
    click.echo(f"{name:14}" + "".join(f"{cell:>11}" for cell in cells))


def page(connection: sqlite3.Connection, query: str, order: str) -> list[int]:
    """Search for the first page, from what a reader typed to docids."""
    wanted = {"match": parse_query(query).match, "limit": PAGE, "offset": 0}
    return [docid for (docid,) in connection.execute(ORDERS[order], wanted)]


def total_of(connection: sqlite3.Connection, query: str) -> int:
    """Count the matches of a query, as far as a page counts them."""
    return count(connection, parse_query(query).match)


def snippets(connection: sqlite3.Connection, queries: list[str]) -> None:
    """Print how long the passages of a page of results take."""
    seconds = []
    for query in queries[:100]:
        docids = page(connection, query, "newest")
        texts = [connection.execute(TEXT, [docid]).fetchone()[1] for docid in docids]
        seconds.append(wall(partial(snippets_of, texts, query))[0])
    say("snippets of a page", f"{ms(seconds)} ms")


def snippets_of(texts: list[str], query: str) -> list[str]:
    """Give the passages of a page of results."""
    return [snippet(text, query).html for text in texts]


def known_items(connection: sqlite3.Connection, count: int) -> None:
    """Look for articles by three distinctive words of their bodies, and by their titles."""
    rng = random.Random(4)
    last = connection.execute("select max(docid) from articles").fetchone()[0]
    chosen = rng.sample(range(1, last + 1), min(count, last))
    by_words = by_title = 0
    for docid in chosen:
        title, text = connection.execute(TEXT, [docid]).fetchone()
        words = " ".join(distinctive(connection, text, rng))
        by_words += docid in page(connection, words, "relevance")[:10]
        by_title += docid in page(connection, title, "relevance")[:3]
    say(
        f"known items, {len(chosen)}",
        f"3 words, in the first 10: {by_words / len(chosen):.1%} (95)",
    )
    say("", f"title, in the first 3: {by_title / len(chosen):.1%} (99)")


def distinctive(connection: sqlite3.Connection, text: str, rng: random.Random) -> list[str]:
    """Draw thirty words of two to four characters and keep the three that fewest articles hold."""
    runs = [run for run in re.findall(f"[{CJK}]+", text) if len(run) >= 2] or [text[:4]]
    drawn = [rng.choice(runs) for _ in range(30)]
    starts = [rng.randrange(max(len(run) - 3, 1)) for run in drawn]
    words = {run[at : at + rng.randint(2, 4)] for run, at in zip(drawn, starts, strict=True)}
    return sorted(words, key=lambda word: (total_of(connection, word), word))[:3]


def questions(folder: Path) -> None:
    """Build a folder and ask it questions with and without an answer there."""
    lines = (Path(__file__).with_name("questions.tsv")).read_text("utf-8").splitlines()
    asked = [line.split("\t") for line in lines if not line.startswith("#")]
    with tempfile.TemporaryDirectory() as scratch:
        database = Path(scratch) / "corpus.db"
        command = [sys.executable, str(PROJECT / "build_db.py"), str(folder), "-o", str(database)]
        subprocess.run(command, check=True, capture_output=True)
        with closing(sqlite3.connect(database)) as connection:
            for name, there in (("questions", True), ("without an answer", False)):
                ask(connection, name, [each for each in asked if bool(each[1]) == there])


def ask(connection: sqlite3.Connection, name: str, asked: list[list[str]]) -> None:
    """Print in which place of the first ten the answers stand, or how often nothing is shown."""
    paths = dict(connection.execute(PATHS).fetchall())
    places, seconds = [], []
    for question, answers in asked:
        spent, found = cpu(partial(search, connection, parse_query(question), limit=10))
        shown = [paths[hit.article["id"]] for hit in found.first(10)]
        seconds.append(spent)
        hits = (place for place, path in enumerate(shown, 1) if digest(path) in answers.split())
        places.append(next(hits, 0) if answers else not shown)
    first_ten = sum(map(bool, places)) / len(places)
    if name == "questions":
        rank = sum(1 / place for place in places if place) / len(places)
        quality = f"in the first 10: {first_ten:.1%} (95), MRR {rank:.3f} (0.9)"
    else:
        quality = f"nothing shown: {first_ten:.1%} (75)"
    say(f"{name}, {len(asked)}", f"{quality}, {ms(seconds)} ms")


def digest(path: str) -> str:
    """Name an article by its path without saying it."""
    return hashlib.sha256(path.encode()).hexdigest()[:12]


def beside_tantivy(connection: sqlite3.Connection, queries: list[str]) -> None:
    """Search the same tokens with tantivy, where it is installed."""
    if not find_spec("tantivy"):
        say("tantivy", "not installed (pip install tantivy)")
        return
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("body", tokenizer_name="whitespace")
    schema = builder.build()
    index = tantivy.Index(schema)
    writer = index.writer(200_000_000, 1)
    for (text,) in connection.execute("select text from articles"):
        writer.add_document(tantivy.Document(body=TextBatch([text]).fields[0]))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def first_page(query: str) -> Any:
        words = parse_query(query).match.split('"')[1].split()
        if len(words) == 1:
            return searcher.search(tantivy.Query.term_query(schema, "body", words[0]), PAGE)
        asked = tantivy.Query.phrase_query(schema, "body", list[str | tuple[int, str]](words))
        return searcher.search(asked, PAGE)

    theirs = [wall(partial(first_page, query))[0] for query in queries]
    ours = [wall(partial(page, connection, query, "relevance"))[0] for query in queries]
    ratio = statistics.median(ours) / statistics.median(theirs)
    say("tantivy", f"first page {ms(theirs)} ms, ours {ms(ours)} ms = {ratio:.1f} times (10)")


def cpu(work: Callable[[], Result]) -> tuple[float, Result]:
    """CPU seconds of a piece of work, and its result."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def wall(work: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds of a piece of work, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def percentile(values: Iterable[float], share: int) -> float:
    """Give the value below which a share (in hundredths) of the values lie."""
    ranked = sorted(values)
    return ranked[min(len(ranked) * share // 100, len(ranked) - 1)]


def ms(values: Iterable[float]) -> str:
    """Write the median of seconds in milliseconds."""
    return f"{statistics.median(values) * 1e3:.2f}"


def say(name: str, text: str) -> None:
    """Print one line of the report."""
    click.echo(f"{name:22}{text}")


@click.command(help="Measure search on N generated articles.")
@click.option("--articles", default=10_000, show_default=True, help="How many.")
@click.option("--queries", default=400, show_default=True, help="Substrings drawn from the text.")
@click.option("--known-items", "items", default=500, show_default=True, help="Articles to find.")
@click.option("--from", "folder", type=click.Path(exists=True, path_type=Path), help="Real texts.")
@click.option(
    "--corpus",
    type=click.Path(exists=True, path_type=Path),
    help="The articles that questions.tsv asks about; with --articles 0 nothing else is measured.",
)
def main(articles: int, queries: int, items: int, folder: Path | None, corpus: Path | None) -> None:
    """Build once, then measure one thing after the other."""
    if corpus:
        questions(corpus)
    if not articles:
        return
    clauses = clauses_of(folder) if folder else made_up_clauses()
    with (
        tempfile.TemporaryDirectory() as scratch,
        closing(build(Path(scratch) / "search.db", drafts(articles, clauses))) as connection,
    ):
        beside_trigram(list(islice(drafts(articles, clauses), 5_000)))
        mixed(connection, 50)
        drawn = list(substrings(connection, queries))
        speed(connection, drawn, exactness(connection, drawn))
        snippets(connection, drawn)
        known_items(connection, items)
        beside_tantivy(connection, drawn)


if __name__ == "__main__":
    main()
