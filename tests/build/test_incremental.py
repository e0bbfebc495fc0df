"""A second build does only what changed, and comes out as a build from scratch does."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clippings.build import pipeline
from clippings.build import process as processing
from clippings.build.executors import mapper
from clippings.build.pipeline import build, plan
from clippings.build.state import state_path
from clippings.models import BuildResult, Changes, FileState, SourceFile
from clippings.reading.identity import path_id
from clippings.reading.withholding import Entry, Withholding

ROUNDS = 10 if os.environ.get("CLIPPINGS_SOAK") else 4
EDITS = 20  # of each round
DAYS = 12
WORDS = (
    "江城 大桥 合龙 彗星 天文台 雪 列车 通车 面 葱油 核战争 北约 演习 swift iPhone13 café".split()
)


NAMES = [f"{one}{other}" for one in "白青紫银铁石" for other in "鹭松岭滩河湾"]

NOTHING = Withholding()
SOME = Withholding((Entry("path", "a/*5*", "article", ""), Entry("path", "b/*", "text", "")))


def made(
    source: Path, target: Path, fresh: bool = False, withholding: Withholding = NOTHING
) -> BuildResult:
    """Build in this process, and say nothing."""
    return build(
        (source,),
        target,
        mapper(1),
        1.0,
        lambda done, total: None,
        fresh=fresh,
        withholding=withholding,
    )


def write(file: Path, text: str, title: str = "标题", day: int = 1, **header: str) -> None:
    """Write an article whose stamp differs from any that it had."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"title: {title}", f"date: 2022-01-{day:02} 08:00:00"]
    lines += [f"{key}: {value}" for key, value in header.items()]
    file.write_text("---\n" + "\n".join(lines) + f"\n---\n{text}\n")
    write.time += 1
    os.utime(file, (write.time, write.time))


write.time = 1_600_000_000


def contents(database: Path) -> dict[str, list[Any]]:
    """Everything that a database says: its schema, the rows of its tables, and of its index each
    token with its places and each article's lengths. How the index is cut into segments is not
    looked at; nor are SQLite's statistics of the tables inside it."""
    with closing(sqlite3.connect(database)) as db:
        tables = [
            name
            for (name,) in db.execute("select name from sqlite_master where type = 'table'")
            if name not in {"articles_fts", "articles_fts_data", "articles_fts_idx"}
        ]
        found = {name: sorted(db.execute(f"select * from {name}"), key=repr) for name in tables}
        found["sqlite_stat1"] = [row for row in found["sqlite_stat1"] if "_fts" not in row[0]]
        found["schema"] = list(db.execute("select type, name, sql from sqlite_master order by 2"))
        db.execute("create virtual table temp.tokens using fts5vocab(main, articles_fts, instance)")
        found["index"] = list(db.execute("select * from tokens order by term, doc, col, offset"))
        db.execute("insert into articles_fts (articles_fts) values ('integrity-check')")
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
    return found


def assert_as_from_scratch(source: Path, target: Path, withholding: Withholding = NOTHING) -> None:
    scratch = target.with_name("scratch.db")
    made(source, scratch, True, withholding)
    one, other = contents(target), contents(scratch)
    assert one.keys() == other.keys()
    for table, rows in other.items():
        assert one[table] == rows, table
    assert known(target) == known(scratch)


def known(target: Path) -> dict[str, list[Any]]:
    """What the state of a database says of the articles."""
    with closing(sqlite3.connect(state_path(target))) as db:
        tables = ("features",)
        return {
            name: db.execute(f"select * from {name} order by 1, 2").fetchall() for name in tables
        }


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is built was written just now; believe its stamps all the same."""
    monkeypatch.setattr("clippings.reading.sources.local.SETTLED", 0)


class Editor:
    """Changes a folder of articles at random, as an archive changes."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*.md"))

    def text(self) -> str:
        """Words, what a few others are about too, and clauses of which many have some."""
        subject = self.random.randrange(len(NAMES) - 4)
        said = self.random.choices(WORDS, k=self.random.randint(5, 60))
        said += NAMES[subject : subject + 4] * 2
        said += (f"江城今天的第{n}条消息" for n in self.random.sample(range(60), 9))
        return "，".join(said) + "。"

    def add(self) -> None:
        choice = self.random.choice
        file = self.folder / choice("ab甲") / f"{self.random.randrange(10**6)}.md"
        tags = f"[{choice(WORDS)}, {choice(WORDS)}]"
        day = self.random.randint(1, DAYS)
        write(file, self.text(), f"{choice(WORDS)}{choice(WORDS)}", day, tags=tags, feed=file.stem)

    def change(self) -> None:
        title, day = self.random.choice(WORDS), self.random.randint(1, DAYS)
        write(self.random.choice(self.files()), self.text(), title, day)

    def tell_again(self) -> None:
        """Nearly the same text, framed and under another title, on a day nearby or on none."""
        lines = self.random.choice(self.files()).read_bytes().decode("utf-8", "replace")
        body = lines.rpartition("\n---\n")[2]
        file = self.folder / self.random.choice("0b甲z") / f"{self.random.randrange(10**6)}.md"
        day = self.random.randint(1, DAYS)
        write(file, f"据晨星日报消息，\n{body}\n（编辑：夜班组）", self.random.choice(WORDS), day)

    def undate(self) -> None:
        file = self.random.choice(self.files())
        file.write_text(f"---\ntitle: 无日期\n---\n{self.text()}")

    def copy(self) -> None:
        """The same text at another path, sometimes one that comes first."""
        file = self.random.choice(self.files())
        other = self.folder / self.random.choice("0z") / f"{self.random.randrange(10**6)}.md"
        other.parent.mkdir(exist_ok=True)
        other.write_bytes(file.read_bytes())

    def touch(self) -> None:
        os.utime(self.random.choice(self.files()), (1, self.random.randrange(10**6)))

    def break_(self) -> None:
        self.random.choice(self.files()).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))

    def remove(self) -> None:
        self.random.choice(self.files()).unlink()

    def rename(self) -> None:
        file = self.random.choice(self.files())
        file.rename(file.with_name(f"r{self.random.randrange(10**6)}.md"))

    def edit(self) -> None:
        often = [self.add, self.add, self.change, self.copy, self.remove, self.rename]
        often += [self.tell_again] * 4
        self.random.choice([*often, self.undate, self.touch, self.break_])()


@pytest.mark.parametrize(("seed", "withholding"), [(1, NOTHING), (2, SOME)])
def test_after_any_edits_it_is_what_a_build_from_scratch_makes(
    tmp_path: Path, seed: int, withholding: Withholding
) -> None:
    """Rounds of additions, changes, copies, renames and deletions: the same rows, the same index;
    also where some of the articles, or of their texts, are withheld."""
    editor = Editor(tmp_path / "source", seed)
    for _ in range(60):
        editor.add()
    target = tmp_path / "x.db"
    made(editor.folder, target, withholding=withholding)
    for _ in range(ROUNDS):
        for _ in range(EDITS):
            editor.edit()
        made(editor.folder, target, withholding=withholding)
        assert_as_from_scratch(editor.folder, target, withholding)


def counts(database: Path) -> list[int]:
    """How many of the articles about the bridge are in a story, and how many related they have."""
    counted = "select count(*) from {} join articles on id = article where title like '江城%'"
    with closing(sqlite3.connect(database)) as db:
        return [db.execute(counted.format(name)).fetchone()[0] for name in ("stories", "related")]


def test_a_story_that_comes_apart_has_its_articles_related(tmp_path: Path) -> None:
    """What stands between two tellings may part them, and touches neither of them by its words."""
    told = "".join(f"江城二桥的{a}号主缆今天完成了张拉；" for a in "甲乙丙丁戊己庚")
    source, target = tmp_path / "source", tmp_path / "x.db"
    for name, day in (("one", 1), ("other", 3)):
        write(source / f"{name}.md", told, f"江城二桥{name}", day)
    made(source, target)
    assert counts(target) == [2, 0]
    clauses = ("".join(chr(0x4E00 + 97 * n + m) for m in range(20)) for n in range(5))
    elsewhere = "，".join(clauses) + "。"
    for n in range(3):
        write(source / f"{n}.md", elsewhere * 9 + told, f"另一件事{n}", 2)
    made(source, target)
    assert counts(target) == [0, 2]
    assert_as_from_scratch(source, target)


# ── what is not done again ───────────────────────────────────────────────────────────────────


@pytest.fixture
def archive(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of ten articles, and the database that was built of it."""
    for number in range(10):
        write(tmp_path / "source" / f"{number}.md", f"第{number}篇，江城的雪。", f"第{number}篇")
    made(tmp_path / "source", tmp_path / "x.db")
    return tmp_path / "source", tmp_path / "x.db"


def forbid(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def called(*arguments: object) -> None:
        raise AssertionError(f"{name} was called")

    monkeypatch.setattr(processing, name, called)


def test_unchanged_files_are_not_opened(
    archive: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same path, size and time: neither the files nor the database are touched."""
    before = archive[1].stat()
    forbid(monkeypatch, "read_file")
    built = made(*archive)
    assert built.read == 0 and built.accounting.articles == 10
    assert archive[1].stat() == before


def test_same_bytes_are_not_converted(
    archive: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a fresh clone every time differs: the digests decide, once."""
    before = archive[1].stat()
    for file in archive[0].iterdir():
        os.utime(file, (1, 1))
    forbid(monkeypatch, "parse_article")
    assert made(*archive).read == 10
    assert made(*archive).read == 0
    assert archive[1].stat() == before


def test_only_what_changed_is_converted(
    archive: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One changed, one new and one deleted file cost two conversions."""
    write(archive[0] / "3.md", "改过了。", "第3篇")
    write(archive[0] / "new.md", "新的。", "新的")
    (archive[0] / "5.md").unlink()
    converted = []
    parse = processing.parse_article
    monkeypatch.setattr(
        processing, "parse_article", lambda *given: converted.append(given[0]) or parse(*given)
    )
    built = made(*archive)
    assert sorted(converted) == ["3.md", "new.md"] and built.read == 2
    assert built.changes == Changes(*((path_id(name),) for name in ("new.md", "3.md", "5.md")))
    assert_as_from_scratch(*archive)


def test_a_build_from_scratch_knows_what_changed(archive: tuple[Path, Path]) -> None:
    """Against the database that it replaces, whatever made that one."""
    (archive[0] / "5.md").unlink()
    changes = made(*archive, fresh=True).changes
    assert changes == Changes(removed=(path_id("5.md"),))


def test_a_file_that_was_just_written_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the same tick of the clock a file may change and keep its size and its time."""
    monkeypatch.undo()  # the two seconds count here
    file = tmp_path / "source/a.md"
    file.parent.mkdir()
    file.write_text("一二三")
    now = file.stat().st_mtime_ns
    made(tmp_path / "source", tmp_path / "x.db")
    file.write_text("四五六")
    os.utime(file, ns=(now, now))
    made(tmp_path / "source", tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        assert db.execute("select markdown from articles").fetchall() == [("四五六",)]


def test_a_file_that_got_its_old_time_back_is_read_again(archive: tuple[Path, Path]) -> None:
    """As `cp -p` and `rsync -t` write: other bytes of the same size under the same time."""
    file = archive[0] / "3.md"
    before = file.stat()
    file.write_text(file.read_text().replace("雪", "雨"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size and file.stat().st_ino == before.st_ino
    assert made(*archive).read == 1
    assert_as_from_scratch(*archive)


def test_another_folder_with_the_same_names_sizes_and_times(tmp_path: Path) -> None:
    """A path that stands for another file than it did is read, whatever it looks like."""
    for name in ("one", "other"):
        write(tmp_path / name / "a.md", f"{name:8}")
        os.utime(tmp_path / name / "a.md", (5, 5))
        made(tmp_path / name, tmp_path / "x.db")
    assert_as_from_scratch(tmp_path / "other", tmp_path / "x.db")


def test_an_unreadable_file_is_tried_again(
    archive: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stamp says nothing about whether it can be read. While it cannot, nothing changes, and
    nothing is published anew."""
    write(archive[0] / "closed.md", "正文")
    read = processing.read_bytes

    def closed(source: SourceFile, limit: int) -> tuple[bytes, int]:
        if source.path == "closed.md":
            raise PermissionError(13, "Permission denied")
        return read(source, limit)

    with monkeypatch.context() as patch:
        patch.setattr(processing, "read_bytes", closed)
        assert made(*archive).accounting.quarantined == 1
        inode = archive[1].stat().st_ino
        for _ in range(3):
            built = made(*archive)
            assert (built.read, built.changes, archive[1].stat().st_ino) == (1, Changes(), inode)
    assert made(*archive).accounting.quarantined == 0
    assert_as_from_scratch(*archive)


def test_a_file_that_is_too_large_is_read_once(archive: tuple[Path, Path]) -> None:
    """Until it is another; its beginning and its size are what is kept of it."""
    large = archive[0] / "large.md"
    write(large, "正文")
    os.truncate(large, processing.MAX_BYTES + 1)
    assert made(*archive).accounting.quarantined == 1
    inode = archive[1].stat().st_ino
    assert made(*archive).read == 0
    os.utime(large, (7, 7))
    assert [made(*archive).read, made(*archive).read] == [1, 0]
    assert archive[1].stat().st_ino == inode
    os.truncate(large, processing.MAX_BYTES + 2)
    made(*archive)
    assert archive[1].stat().st_ino != inode
    assert_as_from_scratch(*archive)


def test_of_two_paths_with_one_id_the_later_is_quarantined(
    archive: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever came first; it is an article again when its
    number is free."""
    taken = path_id("3.md")

    def colliding(path: str) -> int:
        return taken if path in ("1a.md", "new.md") else path_id(path)

    for module in ("build.pipeline", "database.rows", "database.writer", "reading.normalize"):
        monkeypatch.setattr(f"clippings.{module}.path_id", colliding)
    for name, refused in (("new.md", ["new.md"]), ("1a.md", ["3.md", "new.md"])):
        write(archive[0] / name, f"新的{name}。")
        made(*archive)
        with closing(sqlite3.connect(archive[1])) as db:
            found = db.execute("select path, content from quarantine order by path").fetchall()
        assert [path for path, _ in found] == refused
        assert all(content == (archive[0] / path).read_bytes() for path, content in found)
        assert made(*archive).read == 0
        assert_as_from_scratch(*archive)
    for name in ("1a.md", "3.md"):
        (archive[0] / name).unlink()
        made(*archive)
        assert_as_from_scratch(*archive)


def test_a_damaged_database_names_the_way_out(archive: tuple[Path, Path]) -> None:
    """What the last database has wrong is found before anything is published, whether SQLite
    stumbles over it or only its check does; --fresh, which the message names, mends it."""
    for table in ("placements", "articles_docid"):
        with closing(sqlite3.connect(archive[1])) as db:
            sql = "select rootpage from sqlite_master where name = ?"
            (page,) = db.execute(sql, [table]).fetchone()
        stamps = archive[1].stat()
        damaged = bytearray(archive[1].read_bytes())
        damaged[4096 * (page - 1) + 200 : 4096 * page] = b"\xaa" * (4096 - 200)
        archive[1].write_bytes(damaged)
        os.utime(archive[1], ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
        write(archive[0] / f"{table}.md", "新的。")
        with pytest.raises(pipeline.BuildError, match="--fresh"):
            made(*archive)
        assert archive[1].read_bytes() == damaged
        made(*archive, True)
        assert_as_from_scratch(*archive)


def test_two_databases_in_one_folder(archive: tuple[Path, Path]) -> None:
    """Datasette is told of both; each is brought up to date by itself. What is gone is left out."""
    other = archive[1].with_name("other.db")
    made(archive[0], other)
    inspect = archive[1].with_name("inspect-data.json")
    assert json.loads(inspect.read_text()).keys() == {"x", "other"}
    assert [made(archive[0], target).read for target in (archive[1], other)] == [0, 0]
    archive[1].unlink()
    write(archive[0] / "3.md", "改过了。")
    made(archive[0], other)
    about = json.loads(inspect.read_text())
    assert about.keys() == {"other"} and about["other"]["size"] == other.stat().st_size


def test_a_file_that_is_unreadable_the_second_time_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that holds what it held is read once more for the sake of a new copy of its text;
    where that fails, the next build does not take its new stamp for that of a reading."""
    file = tmp_path / "source/a.md"
    write(file, "正文")
    made(tmp_path / "source", tmp_path / "x.db")
    write(file, "正文")
    write(tmp_path / "source/b.md", "正文")
    places = []
    read = processing.read_bytes

    def once(source: SourceFile, limit: int) -> tuple[bytes, int]:
        places.append(source.path)
        if places.count(source.path) > 1:
            raise PermissionError(13, "Permission denied")
        return read(source, limit)

    with monkeypatch.context() as patch:
        patch.setattr(processing, "read_bytes", once)
        assert made(tmp_path / "source", tmp_path / "x.db").accounting.quarantined == 1
    assert made(tmp_path / "source", tmp_path / "x.db").accounting.quarantined == 0


def test_the_plan_is_made_of_stamps() -> None:
    """New, of another stamp, or of none: to read. Unknown to the folder: gone."""
    articles = [SourceFile(name, name, stamp) for name, stamp in ("a1", "b2", "c-", "d4")]
    articles[2] = SourceFile("c", "c", "")
    stamps = {"a": "1", "b": "1", "c": "", "e": "5"}
    known = {name: FileState(stamp, name.upper(), None) for name, stamp in stamps.items()}
    todo = plan(articles, known)
    assert [(each.path, each.known) for each in todo.read] == [("b", "B"), ("c", "C"), ("d", "")]
    assert todo.gone == ("e",)


# ── when there is nothing to build on ────────────────────────────────────────────────────────


def change_the_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(target)) as db, db:
        db.execute("delete from tags")


def damage_the_state(source: Path, target: Path) -> None:
    state_path(target).write_bytes(b"no database at all")


def damage_a_part_of_the_state(source: Path, target: Path) -> None:
    """Not where the files stand: which there were can still be read."""
    with closing(sqlite3.connect(state_path(target))) as db:
        sql = "select rootpage from sqlite_master where name = 'features'"
        (page,) = db.execute(sql).fetchone()
    state = bytearray(state_path(target).read_bytes())
    state[4096 * (page - 1) : 4096 * page] = b"\xaa" * 4096
    state_path(target).write_bytes(state)
    write(source / "3.md", "改过了。")


def lose_the_inspect_data(source: Path, target: Path) -> None:
    target.with_name("inspect-data.json").unlink()


def lose_the_state(source: Path, target: Path) -> None:
    state_path(target).unlink()


def replace_the_database(source: Path, target: Path) -> None:
    target.write_bytes(b"something else" * 9999)


def lose_the_database(source: Path, target: Path) -> None:
    target.unlink()


@pytest.mark.parametrize(
    "trouble",
    [
        change_the_database,
        damage_the_state,
        damage_a_part_of_the_state,
        lose_the_state,
        lose_the_inspect_data,
        replace_the_database,
        lose_the_database,
    ],
)
def test_what_does_not_fit_is_built_anew(archive: tuple[Path, Path], trouble: Any) -> None:
    """A state that is damaged, lost or of another database is no reason to fail or to trust it."""
    if trouble is change_the_database:
        write(archive[0] / "tagged.md", "正文", tags="[a]")
        made(*archive)
    trouble(*archive)
    assert made(*archive).read >= 10
    assert archive[1].with_name("inspect-data.json").exists()
    assert_as_from_scratch(*archive)


def test_another_converter_converts_everything(
    archive: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version of the program is part of what is known."""
    monkeypatch.setattr(pipeline, "program_version", lambda: "another")
    assert made(*archive).read == 10
    assert made(*archive).read == 0


def test_a_copied_database_is_known_by_its_digest(archive: tuple[Path, Path]) -> None:
    """A database that came with another time, out of a cache or an archive, is still the same."""
    os.utime(archive[1], (1, 1))
    assert made(*archive).read == 0


def test_too_many_quarantined_publishes_nothing(archive: tuple[Path, Path]) -> None:
    """A later build that goes wrong leaves database and state as they were."""
    before = contents(archive[1])
    (archive[0] / "0.md").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    with pytest.raises(pipeline.BuildError, match=r"0\.md"):
        build((archive[0],), archive[1], mapper(1), 0.05, lambda done, total: None)
    assert contents(archive[1]) == before
    assert made(*archive).accounting.quarantined == 1


def test_the_limit_holds_where_nothing_changed(archive: tuple[Path, Path]) -> None:
    """What a first build refuses, a later one with nothing to do does not let pass."""
    (archive[0] / "0.md").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    made(*archive)
    with pytest.raises(pipeline.BuildError, match=r"0\.md"):
        build((archive[0],), archive[1], mapper(1), 0.05, lambda done, total: None)


# ── what is left in the file ─────────────────────────────────────────────────────────────────


def removed(archive: tuple[Path, Path], text: str) -> int:
    """Add an article, remove it again. Gives the size of the database that had it."""
    write(archive[0] / "removed.md", text)
    made(*archive)
    assert text[:80].encode() in archive[1].read_bytes()
    size = archive[1].stat().st_size
    (archive[0] / "removed.md").unlink()
    made(*archive)
    return size


def test_a_removed_text_is_not_in_the_file(archive: tuple[Path, Path]) -> None:
    """What is deleted is overwritten, whatever SQLite does by itself."""
    text = "这一篇不该留下。" * 500
    removed(archive, text)
    assert text[:80].encode() not in archive[1].read_bytes()


def test_a_file_that_is_mostly_free_gives_its_room_back(archive: tuple[Path, Path]) -> None:
    """An archive that grew once, or was renumbered a hundred times, is no larger for ever."""
    size = removed(archive, "这一篇很长，后来走了。" * 40_000)
    assert archive[1].stat().st_size < size / 2
    assert_as_from_scratch(*archive)
