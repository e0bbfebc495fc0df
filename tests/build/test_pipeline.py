"""The build as its users run it: the command line, the file it leaves, what it never loses."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import process_article
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from build_db import main
from clippings.build import process
from clippings.build.process import MAX_BYTES, MAX_KEPT, prepare_rows, read_file
from clippings.models import ParsedArticle, ProcessedArticle, Quarantined, SourceFile
from clippings.reading.identity import path_id

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
SAMPLE = "000_659bfe29844f7466.txt"

ARTICLE = """
---
title: '{title}'
categories:
 - 新媒体
 - 示例网
 - {feed}
author: 示例网
date: Tue, 11 Jan 2022 22:12:40 GMT
---

<div><p>{text}</p></div>
            """


def build(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def write(
    root: Path, path: str, title: str = "标题", feed: str = "头条", text: str = "正文"
) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(ARTICLE.format(title=title, feed=feed, text=text))
    return file


def query(database: Path, sql: str, *parameters: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(sql, parameters).fetchall()


def entries(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """clippings.db as the default build makes it."""
    database = tmp_path_factory.mktemp("seeds") / "clippings.db"
    result = build("--output", database)
    assert result.exit_code == 0, result.output
    return database


# ── what is published ────────────────────────────────────────────────────────────────────────


def test_the_report_accounts_for_every_file(seeds: Path) -> None:
    """Files seen = placements + quarantine, in the report and in the tables alike."""
    counts = dict(query(seeds, "select name, count from accounting"))
    files = [f for f in (ROOT / "seeds").rglob("*") if f.suffix in {".md", ".txt", ".html"}]
    assert counts["files_seen"] == len(files)
    assert counts["files_seen"] == counts["placements"] + counts["quarantined"]
    for table, name in (("articles",) * 2, ("placements",) * 2, ("quarantine", "quarantined")):
        assert query(seeds, f"select count(*) from {table}") == [(counts[name],)]


def test_the_sample_lands_whole(seeds: Path) -> None:
    """Every field of the user's own article is where a reader expects it."""
    (row,) = query(
        seeds,
        """select title, section, source, feed, author, published, day, language, image, url
           from articles where id = ?""",
        path_id(SAMPLE),
    )
    image = "https://i.guancha.cn/news/2022/01/11/20220111214724269.jpeg"
    assert row == (
        "美俄过招7.5小时互不退让，中方倡导理念成双方共识",
        *("新媒体", "观察者网", "头条", "观察者网"),
        *("2022-01-11T22:12:40+00:00", "2022-01-11", "zh-Hans", image, None),
    )
    (markdown,) = query(seeds, "select markdown from articles where id = ?", path_id(SAMPLE))[0]
    source = (ROOT / "seeds" / SAMPLE).read_text()
    paragraphs = re.findall(r"<p>\s*([^<]+?)\s*</p>", source)
    assert len(paragraphs) > 20
    assert all(paragraph in markdown for paragraph in paragraphs)
    front_matter = json.loads(
        query(seeds, "select front_matter from articles where id = ?", path_id(SAMPLE))[0][0]
    )
    assert front_matter["date"] == "Tue, 11 Jan 2022 22:12:40 GMT"
    assert list(front_matter)[:3] == ["title", "categories", "headimg"]


@pytest.mark.parametrize("words", ["核战争", "核战", "核"])
def test_any_sqlite_finds_chinese_words(seeds: Path, words: str) -> None:
    """The file opens, checks and is searched by a stock sqlite3, without our code."""
    expression = {"核战争": '"核战 战争"', "核战": "核战", "核": "核"}[words]
    found = query(
        seeds,
        """select articles.id from articles_fts join articles on docid = articles_fts.rowid
           where articles_fts match ? order by rank""",
        expression,
    )
    assert (path_id(SAMPLE),) in found
    assert query(seeds, "pragma integrity_check") == [("ok",)]
    assert query(seeds, "pragma foreign_key_check") == []


STATISTICS = {
    "articles_docid": "100000 1 1 1 1 1",
    "articles_day": "100000 100 1",
    "articles_section": "100000 20000 1 1 1 1",
    "articles_source": "100000 8000 1 1 1 1",
    "articles_feed": "100000 25000 1 1 1 1",
    "articles_title": "100000 1",
}
"""What `analyze` says of an archive of 100,000 articles."""


def plan_of_a_large_archive(sql: str) -> str:
    """How SQLite goes about a query of an archive of 100,000 articles."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript((ROOT / "clippings" / "database" / "schema.sql").read_text() + ";analyze;")
        rows = [("articles", name, found) for name, found in STATISTICS.items()]
        db.executemany("insert into sqlite_stat1 values (?, ?, ?)", rows)
        db.execute("analyze sqlite_master")  # reads the statistics anew
        return " ".join(row[3] for row in db.execute(f"explain query plan {sql}"))


@pytest.mark.parametrize("column", ["section", "source", "feed", "day"])
def test_facets_of_a_search_read_no_article(column: str) -> None:
    """What a search found is counted by an index; so are titles put in order."""
    found = "select rowid from articles_fts where articles_fts match 'x'"
    plan = plan_of_a_large_archive(f"""
        select {column} as value, count(*) as count
        from (select * from articles where docid in ({found}))
        where {column} is not null group by {column} order by count desc, value limit 13""")
    assert "COVERING INDEX articles_docid" in plan
    ordered = plan_of_a_large_archive("select * from articles order by title limit 51")
    assert "articles_title" in ordered


def test_search_order_is_the_order_of_publication(seeds: Path) -> None:
    """docid rises with the date, so the newest come first without sorting."""
    by_docid = query(seeds, "select published from articles order by docid")
    dates = [published or "" for (published,) in by_docid]
    assert dates == sorted(dates)
    assert len(set(dates)) > 10


def test_inspect_data_makes_datasette_serve_it_as_immutable(seeds: Path) -> None:
    """inspect-data.json names the file, its digest, its size and the rows of its tables."""
    about = json.loads(seeds.with_name("inspect-data.json").read_text())["clippings"]
    assert about["file"] == "clippings.db"
    assert about["size"] == seeds.stat().st_size
    assert about["hash"] == hashlib.sha256(seeds.read_bytes()).hexdigest()
    for table in ("articles", "placements", "links", "images", "diagnostics", "quarantine"):
        assert (
            about["tables"][table]["count"] == query(seeds, f"select count(*) from {table}")[0][0]
        )


def test_nothing_but_the_database_is_left(seeds: Path) -> None:
    """No draft, no scratch file, no lock stays behind; only what the next build may use."""
    assert entries(seeds.parent) == {"clippings.db", "inspect-data.json", ".clippings.db.state"}


# ── same input, same bytes ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("jobs", [1, 2])
def test_same_input_same_bytes(tmp_path: Path, seeds: Path, jobs: int) -> None:
    """A second build in another place, with other processes, gives the very same file."""
    again = tmp_path / "clippings.db"
    assert build("--output", again, "--jobs", jobs).exit_code == 0
    assert again.read_bytes() == seeds.read_bytes()


def test_no_path_of_the_machine_is_in_the_file(tmp_path: Path) -> None:
    """The folder that the articles lie in is nobody's business."""
    write(tmp_path / "secret-folder", "a.md")
    build(tmp_path / "secret-folder", "--output", tmp_path / "x.db")
    assert b"secret-folder" not in (tmp_path / "x.db").read_bytes()


# ── articles and placements ──────────────────────────────────────────────────────────────────


def test_the_same_text_twice_is_one_article_with_two_placements(tmp_path: Path) -> None:
    """A text under two feeds is found under both and stands once."""
    write(tmp_path, "a/头条/1.md", feed="头条")
    write(tmp_path, "b/热榜/1.md", feed="热榜")
    write(tmp_path, "c/2.md", text="另一篇正文")
    output = tmp_path / "x.db"
    assert "3 files seen, 2 articles, 3 placements" in build(tmp_path, "-o", output).output
    feeds = "select feed from placements where article = ? order by path"
    assert query(output, feeds, path_id("a/头条/1.md")) == [("头条",), ("热榜",)]
    both = query(output, "select count(*) from articles_fts where articles_fts match 'feed : 热榜'")
    assert both == [(1,)]


def test_ids_come_from_paths(tmp_path: Path) -> None:
    """A file keeps its permalink when others come and go, and when its text changes."""
    write(tmp_path, "b.md", text="一")
    build(tmp_path, "-o", tmp_path / "x.db")
    write(tmp_path, "a.md", text="二")
    write(tmp_path, "b.md", text="三")
    build(tmp_path, "-o", tmp_path / "y.db")
    (before,) = query(tmp_path / "x.db", "select id from placements where path = 'b.md'")
    (after,) = query(tmp_path / "y.db", "select id from placements where path = 'b.md'")
    assert before == after


def test_a_missing_category_is_the_folder(tmp_path: Path) -> None:
    """Without categories the folders give section, source and feed."""
    file = tmp_path / "科技/样例站/快讯/x.md"
    file.parent.mkdir(parents=True)
    file.write_text("---\ntitle: 标题\n---\n正文")
    build(tmp_path, "-o", tmp_path / "x.db")
    found = query(tmp_path / "x.db", "select section, source, feed from articles")
    assert found == [("科技", "样例站", "快讯")]


def test_details_point_at_their_article(tmp_path: Path) -> None:
    """Links, images and tags are rows of their own, in document order."""
    file = tmp_path / "a.md"
    file.write_text(
        "---\ntitle: 图\ntags: [b, a]\n---\n<div><p><a href='https://www.example.com/1'>一</a>"
        "<a href='https://example.org/2'>二</a></p>"
        "<img src='https://example.net/p.jpg' alt='图'></div>"
    )
    build(tmp_path, "-o", tmp_path / "x.db")
    assert query(tmp_path / "x.db", "select position, host, text from links") == [
        (1, "example.com", "一"),
        (2, "example.org", "二"),
    ]
    assert query(tmp_path / "x.db", "select host, alt from images") == [("example.net", "图")]
    assert query(tmp_path / "x.db", "select tag from tags") == [("a",), ("b",)]


# ── quarantine ───────────────────────────────────────────────────────────────────────────────


def test_a_hopeless_file_is_kept_with_its_bytes_and_its_reason(tmp_path: Path) -> None:
    """What cannot become an article is in quarantine, byte for byte, with an error."""
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
    (tmp_path / "picture.md").write_bytes(png)
    write(tmp_path, "good.md")
    output = tmp_path / "x.db"
    assert build(tmp_path, "-o", output, "--max-quarantined", 0.5).exit_code == 0
    assert query(output, "select path, size, content from quarantine") == [
        ("picture.md", len(png), png)
    ]
    ((path, message),) = query(
        output, "select path, message from diagnostics where severity = 'error'"
    )
    assert path == "picture.md" and message


def test_a_file_beyond_the_size_limit_is_kept_in_part(tmp_path: Path) -> None:
    """A giant does not exhaust the memory: its beginning and its true size are kept."""
    write(tmp_path, "good.md")
    with (tmp_path / "giant.md").open("wb") as giant:
        giant.truncate(MAX_BYTES + 10)
    output = tmp_path / "x.db"
    build(tmp_path, "-o", output, "--max-quarantined", 0.5)
    rows = query(output, "select size, length(content) from quarantine")
    assert rows == [(MAX_BYTES + 10, MAX_KEPT)]


def test_a_file_that_vanishes_is_accounted_for() -> None:
    """A file that is gone when its turn comes is a row in quarantine, not a crash."""
    outcome = read_file(SourceFile("gone.md", "no-such-folder/gone.md"))
    assert isinstance(outcome, Quarantined)
    assert outcome.diagnostics[0].code == "unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_accounted_for(tmp_path: Path) -> None:
    """A file without permission is a row in quarantine, not a crash."""
    write(tmp_path, "good.md")
    write(tmp_path, "locked.md").chmod(0)
    assert (
        "1 quarantined" in build(tmp_path, "-o", tmp_path / "x.db", "--max-quarantined", 1).output
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode()))
def test_any_bytes_give_a_placement_or_a_quarantine_row(data: bytes) -> None:
    """Whatever a file holds, processing it gives an outcome with its digest."""
    outcome = process_article("any.md", data)
    assert outcome.digest == hashlib.sha256(data).hexdigest()
    if isinstance(outcome, Quarantined):
        assert outcome.content == data
        assert [d.severity for d in outcome.diagnostics] == ["error"]
    else:
        assert isinstance(outcome, ProcessedArticle) and outcome.article.title


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text("-+:;'\"\n\t {}[]#&*!|>@`%,.abc标题0", max_size=120),
    st.text("<>/=&;\n\t '\"div pabretlch#*_[]()`|~正文", max_size=200),
)
def test_any_article_gives_an_outcome(header: str, body: str) -> None:
    """Headers and bodies made of the characters that mean something never raise."""
    outcome = process_article("any.md", f"\n---\n{header}\n---\n{body}".encode())
    assert isinstance(outcome, (ProcessedArticle, Quarantined))


# ── the command line ─────────────────────────────────────────────────────────────────────────


OLD = b"SQLite format 3\0, the old database"


def old_database(folder: Path) -> Path:
    database = folder / "x.db"
    database.write_bytes(OLD)
    return database


def test_too_many_quarantined_publishes_nothing(tmp_path: Path) -> None:
    """Above the limit: status 1, the files named with what to try, the old database untouched."""
    write(tmp_path, "good.md")
    (tmp_path / "empty.md").write_bytes(b"")
    old = old_database(tmp_path)
    result = build(tmp_path, "-o", old)
    assert result.exit_code == 1
    assert "empty.md" in result.output and "--max-quarantined" in result.output
    assert old.read_bytes() == OLD
    assert entries(tmp_path) == {"good.md", "empty.md", "x.db"}


def test_no_article_publishes_nothing(tmp_path: Path) -> None:
    """A folder without articles is said to be one: status 1, the old database untouched."""
    (tmp_path / "source").mkdir()
    old = old_database(tmp_path)
    result = build(tmp_path / "source", "-o", old)
    assert result.exit_code == 1 and "no article" in result.output
    assert old.read_bytes() == OLD


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-folder"],
        ["--jobs", "0"],
        ["--max-quarantined", "many"],
        ["--max-quarantined", "1.5"],
        ["--no-such-option"],
        ["--output", "no-such-folder/x.db"],
        ["--output", "."],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong words on the command line are told as such, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    result = build(*arguments)
    assert result.exit_code == 2 and "Error" in result.output
    assert entries(tmp_path) == set()


def test_only_a_database_is_replaced(tmp_path: Path) -> None:
    """A file of another kind, named by mistake, stays as it is."""
    article = tmp_path / "a.md"
    article.write_text("a text")
    result = build(tmp_path, "-o", article)
    assert result.exit_code == 2 and "a.md is no database" in result.output
    assert article.read_text() == "a text"


def test_quiet_says_nothing(tmp_path: Path) -> None:
    """--quiet leaves only errors."""
    write(tmp_path, "a.md")
    assert build(tmp_path, "-o", tmp_path / "x.db", "--quiet").output == ""


def test_bad_input_shows_no_traceback(tmp_path: Path) -> None:
    """As a process: status 1 and a sentence on stderr."""
    (tmp_path / "empty.md").write_bytes(b"")
    run = subprocess.run(
        [sys.executable, ROOT / "build_db.py", tmp_path, "-o", tmp_path / "x.db"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1 and "Traceback" not in run.stderr and "empty.md" in run.stderr


def test_two_builds_of_one_target_do_not_meet(tmp_path: Path) -> None:
    """The second build says that another is at work, and leaves its draft alone."""
    from clippings.build.publishing import draft_folder

    write(tmp_path, "a.md")
    with draft_folder(tmp_path / "x.db"):
        result = build(tmp_path, "-o", tmp_path / "x.db")
    assert result.exit_code == 1 and "another build" in result.output
    assert build(tmp_path, "-o", tmp_path / "x.db").exit_code == 0


def test_leftovers_of_a_killed_build_are_removed(tmp_path: Path) -> None:
    """A draft that nobody holds is cleared away by the next build."""
    write(tmp_path, "a.md")
    leftover = tmp_path / ".x.db.draft"
    leftover.mkdir()
    (leftover / "draft").write_bytes(b"half a database")
    assert build(tmp_path, "-o", tmp_path / "x.db").exit_code == 0
    assert entries(tmp_path) == {"a.md", "x.db", "inspect-data.json", ".x.db.state"}


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_build_leaves_the_old_database(tmp_path: Path, stop: signal.Signals) -> None:
    """Ctrl-C and kill: the target is the whole old file; after Ctrl-C no draft is left."""
    for number in range(400):
        write(tmp_path / "source", f"{number}.md", text=f"第{number}篇" * 500)
    old = old_database(tmp_path)
    run = subprocess.Popen(
        [sys.executable, ROOT / "build_db.py", tmp_path / "source", "-o", old, "-j", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Ours is ignored where a shell started the tests in its background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    draft = tmp_path / ".x.db.draft" / "draft"
    for _ in poll():
        if draft.exists() or run.poll() is not None:
            break
    run.send_signal(stop)
    _, stderr = run.communicate(timeout=60)
    assert run.returncode != 0 and "Traceback" not in stderr
    assert old.read_bytes() == OLD
    if stop is signal.SIGINT:
        assert entries(tmp_path) == {"source", "x.db"}


def poll(seconds: float = 30) -> Iterator[None]:
    """Look again every few milliseconds, but not for ever."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.005)


# ── the real thing, where it is at hand ──────────────────────────────────────────────────────


@pytest.mark.skipif(not (SHARED / "corpus").is_dir(), reason="no ../shared/corpus beside us")
def test_real_articles_build_with_nothing_lost(tmp_path: Path) -> None:
    """A thousand real articles: all accounted for, fewer than 0.5 % quarantined."""
    output = tmp_path / "clippings.db"
    result = build(SHARED / "corpus", SHARED / "seeds", "-o", output)
    assert result.exit_code == 0, result.output
    counts = dict(query(output, "select name, count from accounting"))
    assert counts["files_seen"] >= 1068
    assert counts["files_seen"] == counts["placements"] + counts["quarantined"]
    assert counts["quarantined"] < counts["files_seen"] * 0.005
    without_title = query(output, "select count(*) from articles where title = ''")
    assert without_title == [(0,)]
    undated = query(
        output,
        """select count(*) from articles join placements on article = articles.id
           where path like 'rsshub/%' and (published is null or articles.source is null)""",
    )
    assert undated == [(0,)]


def test_a_bug_names_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An unexpected error is not swallowed: it comes with the path of the article."""

    def stumble(body: str, base_url: str | None) -> None:
        raise ZeroDivisionError(body)

    monkeypatch.setattr("clippings.build.process.to_markdown", stumble)
    file = write(tmp_path, "news.md")
    with pytest.raises(RuntimeError, match=r"news\.md") as bug:
        prepare_rows([SourceFile("news.md", str(file))])
    assert isinstance(bug.value.__cause__, ZeroDivisionError)


def test_what_takes_too_long_is_quarantined_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An article that outlasts its share of time is put aside with the reason; others are read."""

    def convert(parsed: ParsedArticle) -> process.Converted:
        if parsed.path == "endless.md":
            while True:
                pass
        return quick(parsed)

    quick = process.convert
    monkeypatch.setattr(process, "convert", convert)
    monkeypatch.setattr(process, "MAX_SECONDS", 0.2)
    files = [process.RawFile(f"{name}.md", b"text") for name in ("a", "endless", "b")]
    first, endless, last = process.process_articles(files)
    assert isinstance(first, ProcessedArticle) and isinstance(last, ProcessedArticle)
    assert isinstance(endless, Quarantined)
    assert (endless.content, endless.diagnostics[0].code) == (b"text", "took-too-long")
