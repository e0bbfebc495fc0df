"""Search measured against LIKE, trigram and tantivy: `python benchmarks/search.py --articles N`.

One run prints everything, each figure beside what it is to be compared with in the same run.
The articles are those of `generate.py`, made up or, with `--from FOLDER`, of real clauses.
"""

from __future__ import annotations

import random
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import click
from generate import Draft, clauses_of, drafts, made_up_clauses

from clippings.search import ORDERS, TOTAL, facts, folding_table, index_labels, index_text
from clippings.search import parse_query, snippet
from clippings.search.folding import CJK

SCHEMA = Path(__file__).parents[1] / "clippings" / "schema.sql"
LENGTHS = (1, 2, 3, 4, 6, 10)
COMMON = ("的", "我们", "一个", "中国")
LIKE = "select docid from articles where text like '%' || ? || '%'"
_HASHSIZE = "insert into {0} ({0}, rank) values ('hashsize', 67108864)"
_OPTIMIZE = "insert into {0} ({0}) values ('optimize')"

Timings = list[float]


def build(path: Path, articles: Iterable[Draft]) -> sqlite3.Connection:
    """Fill a database with texts and index, printing what each part costs in CPU time."""
    connection = sqlite3.connect(path)
    schema = re.search(r"create virtual table articles_fts.*?;", SCHEMA.read_text(), re.DOTALL)
    connection.execute(schema[0])  # type: ignore[index]
    connection.execute("create table articles (docid integer primary key, title, text)")
    connection.execute(_HASHSIZE.format("articles_fts"))
    table = str.maketrans(dict(folding_table()))
    size, preparing, inserting = 0, 0.0, 0.0
    for docid, draft in enumerate(articles, 1):
        text = "\n".join(draft.paragraphs)
        size += len(text.encode()) + len(draft.title.encode())
        # The text is stored folded, so that LIKE is the truth for both scripts.
        values = docid, draft.title, text.translate(table)
        connection.execute("insert into articles values (?, ?, ?)", values)
        seconds, row = timed(lambda: tokens(draft, text))  # noqa: B023
        preparing += seconds
        inserting += timed(lambda: connection.execute(_INSERT, (docid, *row)))[0]  # noqa: B023
    inserting += timed(lambda: connection.execute(_OPTIMIZE.format("articles_fts")))[0]
    connection.commit()
    index = bytes_of(connection, "articles_fts")
    say("text", f"{size / 1e6:.0f} MB")
    say("index", f"{index / 1e6:.0f} MB = {index / size:.2f} times the text (at most 1.6)")
    say("tokens", f"{preparing:.1f} s = {size / 1e6 / preparing:.1f} MB/s")
    say("insert", f"{inserting:.1f} s = {size / 1e6 / inserting:.1f} MB/s")
    return connection


_COLUMNS = "body, title, summary, author, section, source, feed, tags, facts"
_INSERT = f"insert into articles_fts (rowid, {_COLUMNS}) values (?{', ?' * 9})"


def tokens(draft: Draft, text: str) -> tuple[str, ...]:
    names = [index_labels([name]) for name in (draft.section, draft.source, draft.feed)]
    known = facts(draft.published.isoformat(), "zh", ["image"])
    return (
        index_text(text),
        index_text(draft.title),
        "",
        index_text(draft.source),
        *names,
        "",
        known,
    )


def trigram(articles: list[Draft]) -> None:
    """Index some of the articles both ways and compare the CPU time of the whole."""
    texts = [("\n".join(draft.paragraphs), draft.title) for draft in articles]

    def fill(tokenizer: str, rows: Iterable[tuple[str, str]]) -> None:
        with tempfile.TemporaryDirectory() as folder, closing(open_fast(folder)) as connection:
            connection.execute(
                f"create virtual table f using fts5 (body, title, content='', tokenize={tokenizer})"
            )
            connection.execute(_HASHSIZE.format("f"))
            connection.executemany("insert into f (body, title) values (?, ?)", rows)
            connection.execute(_OPTIMIZE.format("f"))
            connection.commit()

    ours = ((index_text(body), index_text(title)) for body, title in texts)
    pairs = timed(lambda: fill("\"ascii tokenchars '+#|'\"", ours))[0]
    other = timed(lambda: fill("trigram", texts))[0]
    ratio = f"{pairs / other:.2f} times trigram's (at most 1)"
    say(f"index time of {len(texts)}", f"{pairs:.1f} s, {ratio}")


def open_fast(folder: str) -> sqlite3.Connection:
    connection = sqlite3.connect(Path(folder) / "index.db")
    connection.execute("pragma journal_mode = off")
    connection.execute("pragma synchronous = off")
    return connection


def exactness(connection: sqlite3.Connection, queries: list[str], truth: list[set[int]]) -> None:
    found_right = found = there = 0
    for query, right in zip(queries, truth, strict=True):
        sql = "select rowid from articles_fts where articles_fts match ?"
        match = parse_query(query).match.replace("body title summary author", "body")
        hits = {row for (row,) in connection.execute(sql, [match])}
        found_right, found, there = (
            found_right + len(hits & right),
            found + len(hits),
            there + len(right),
        )
    recall, precision = found_right / there, found_right / found
    say(f"exactness of {len(queries)}", f"recall {recall:.3f}, precision {precision:.3f} (1.000)")


def page(connection: sqlite3.Connection, query: str, order: str) -> list[tuple[int]]:
    wanted = {"match": parse_query(query).match, "limit": 20, "offset": 0}
    return connection.execute(ORDERS[order], wanted).fetchall()


def speed(connection: sqlite3.Connection, queries: list[str], scans: Timings) -> None:
    """Print medians by length: a page of each order, the total, snippets, beside a LIKE scan."""
    click.echo(
        f"{'':14}{'LIKE scan':>12}{'relevance':>12}{'ratio':>8}{'p95':>9}{'newest':>9}{'total':>9}"
    )
    for length in LENGTHS:
        chosen = [q for q in queries if len(q) == length]
        scan = [s for q, s in zip(queries, scans, strict=True) if len(q) == length]
        line(connection, f"{length} characters", chosen, scan)
    common = [word for word in COMMON if page(connection, word, "newest")]
    for word in common:
        line(
            connection,
            word,
            [word],
            [clock(lambda: connection.execute(LIKE, [word]).fetchall())[0]],
        )  # noqa: B023


def line(connection: sqlite3.Connection, name: str, queries: list[str], scan: Timings) -> None:
    relevance = [clock(lambda: page(connection, q, "relevance"))[0] for q in queries]  # noqa: B023
    newest = [clock(lambda: page(connection, q, "newest"))[0] for q in queries]  # noqa: B023
    matches = [parse_query(q).match for q in queries]
    total = [clock(lambda: connection.execute(TOTAL, {"match": m}).fetchone())[0] for m in matches]  # noqa: B023
    ratio = statistics.median(scan) / statistics.median(relevance)
    slow = percentile(scan, 95) / percentile(relevance, 95)
    click.echo(
        f"{name:14}{ms(scan):>12}{ms(relevance):>12}{f'1/{ratio:.0f}':>8}{f'1/{slow:.0f}':>9}"
        f"{ms(newest):>9}{ms(total):>9}"
    )


def snippets(connection: sqlite3.Connection, queries: list[str]) -> None:
    sql = "select text from articles where docid = ?"
    seconds = []
    for query in queries[:100]:
        texts = [
            connection.execute(sql, row).fetchone()[0] for row in page(connection, query, "newest")
        ]
        seconds.append(clock(lambda: [snippet(text, query) for text in texts])[0])  # noqa: B023
    say("snippets of a page", f"{ms(seconds)} ms")


def known_items(connection: sqlite3.Connection, count: int) -> None:
    """Look for articles by three rare words of their bodies, and by their titles."""
    rng = random.Random(4)
    total = connection.execute("select max(docid) from articles").fetchone()[0]
    by_words = by_title = 0
    chosen = rng.sample(range(1, total + 1), min(count, total))
    for docid in chosen:
        title, text = connection.execute(
            "select title, text from articles where docid = ?", [docid]
        ).fetchone()
        words = distinctive(connection, text, rng)
        by_words += docid in [row for (row,) in page(connection, " ".join(words), "relevance")[:10]]
        by_title += docid in [row for (row,) in page(connection, f'"{title}"', "relevance")[:3]]
    say("known item", f"by 3 words in the first 10: {by_words / len(chosen):.1%} (95 %)")
    say("", f"by title in the first 3: {by_title / len(chosen):.1%} (99 %)")


def distinctive(connection: sqlite3.Connection, text: str, rng: random.Random) -> list[str]:
    """Draw thirty words of two to four characters and keep the three that fewest articles hold."""
    runs = [run for run in re.findall(f"[{CJK}]+", text) if len(run) >= 2] or [text[:4]]
    words = set()
    for _ in range(30):
        run = rng.choice(runs)
        start = rng.randrange(max(len(run) - 3, 1))
        words.add(run[start : start + rng.randint(2, 4)])
    count = {
        w: connection.execute(TOTAL, {"match": parse_query(w).match}).fetchone()[0] for w in words
    }
    return sorted(words, key=lambda word: (count[word], word))[:3]


def beside_tantivy(connection: sqlite3.Connection, queries: list[str]) -> None:
    """Search the same tokens with tantivy, where it is installed."""
    if not find_spec("tantivy"):
        say("tantivy", "not installed")
        return
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("body", stored=False, tokenizer_name="whitespace")
    builder.add_integer_field("docid", stored=True)
    schema = builder.build()
    index = tantivy.Index(schema)
    writer = index.writer(200_000_000, 1)
    for docid, text in connection.execute("select docid, text from articles"):
        writer.add_document(tantivy.Document(docid=docid, body=index_text(text)))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def first_page(query: str) -> object:
        words = re.findall('"(.*?)"', parse_query(query).match)[0].split()
        phrase = tantivy.Query.phrase_query if len(words) > 1 else None
        asked = (
            phrase(schema, "body", words)
            if phrase
            else tantivy.Query.term_query(schema, "body", words[0])
        )
        return searcher.search(asked, 20)

    theirs = [clock(lambda: first_page(query))[0] for query in queries]  # noqa: B023
    ours = [clock(lambda: page(connection, query, "relevance"))[0] for query in queries]  # noqa: B023
    ratio = statistics.median(ours) / statistics.median(theirs)
    say("tantivy", f"first page {ms(theirs)} ms, ours {ms(ours)} ms = {ratio:.1f} times (10)")


def substrings(connection: sqlite3.Connection, count: int) -> Iterator[str]:
    """Draw substrings of each length from the texts, in turn."""
    rng = random.Random(4)
    last = connection.execute("select max(docid) from articles").fetchone()[0]
    for number in range(count):
        length, runs = LENGTHS[number % len(LENGTHS)], []
        while not runs:
            sql = "select text from articles where docid = ?"
            text = connection.execute(sql, [rng.randint(1, last)]).fetchone()[0]
            runs = [run for run in re.findall(f"[{CJK}]+", text) if len(run) >= length]
        run = rng.choice(runs)
        start = rng.randrange(len(run) - length + 1)
        yield run[start : start + length]


def bytes_of(connection: sqlite3.Connection, table: str) -> int:
    sql = "select sum(pgsize) from dbstat where name like ? escape '\\'"
    size: int = connection.execute(sql, [table.replace("_", "\\_") + "\\_%"]).fetchone()[0]
    return size


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of a piece of work, and its result."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def clock(work: Callable[[], object]) -> tuple[float, object]:
    """Wall seconds of a piece of work, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def percentile(values: Timings, share: int) -> float:
    return sorted(values)[min(len(values) * share // 100, len(values) - 1)]


def ms(values: Timings) -> str:
    return f"{statistics.median(values) * 1e3:.2f}"


def say(name: str, text: str) -> None:
    click.echo(f"{name:22}{text}")


@click.command(help="Measure search on N generated articles.")
@click.option("--articles", default=10_000, show_default=True)
@click.option("--queries", default=400, show_default=True, help="Substrings drawn from the text.")
@click.option("--known-items", "items", default=500, show_default=True)
@click.option("--from", "folder", type=click.Path(exists=True, path_type=Path), help="Real texts.")
def main(articles: int, queries: int, items: int, folder: Path | None) -> None:
    clauses = clauses_of(folder) if folder else made_up_clauses()
    with tempfile.TemporaryDirectory() as scratch:
        with closing(build(Path(scratch) / "search.db", drafts(articles, clauses))) as connection:
            trigram(list(islice(drafts(articles, clauses), 5_000)))
            drawn = list(substrings(connection, queries))
            scans, truth = [], []
            for query in drawn:
                seconds, rows = clock(lambda: connection.execute(LIKE, [query]).fetchall())  # noqa: B023
                scans.append(seconds)
                truth.append({row for (row,) in rows})
            exactness(connection, drawn, truth)
            speed(connection, drawn, scans)
            snippets(connection, drawn)
            known_items(connection, items)
            beside_tantivy(connection, drawn)


if __name__ == "__main__":
    main()
