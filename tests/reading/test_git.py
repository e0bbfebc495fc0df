"""Articles from git repositories: at a revision, and all that ever were."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import ROOT, Visitor

from build_db import main
from clippings.build.executors import mapper
from clippings.build.pipeline import build
from clippings.models import BuildError
from clippings.reading.sources import (
    ARTICLE_SUFFIXES,
    find_articles,
    read_archive_file,
    read_bytes,
)

CLOCK = "2022-01-{:02}T08:00:00+08:00"


class Made:
    """A repository that a test writes, its dates and names fixed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.day = 0
        path.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str | bytes) -> str:
        """Run git in the repository."""
        clock = CLOCK.format(max(self.day, 1))
        who = {f"GIT_{role}_{part}": "a@b" for role in ("AUTHOR", "COMMITTER") for part in NAME}
        when = {"GIT_AUTHOR_DATE": clock, "GIT_COMMITTER_DATE": clock}
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=os.environ | who | when | quiet,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def commit(self, **files: str | None) -> str:
        """A day later: write these files (`a__md` is a.md), or remove those that are None."""
        self.day += 1
        for name, text in files.items():
            file = self.path / name.replace("__", ".")
            file.unlink() if text is None else file.write_text(text, "utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")

    def source(self, rest: str = "") -> str:
        """How it is given to the build."""
        return f"git+{self.path}{rest}"


NAME = ("NAME", "EMAIL")


def page(title: str, text: str = "正文。", **header: str) -> str:
    more = "".join(f"{key}: {value}\n" for key, value in header.items())
    return f"---\ntitle: {title}\n{more}---\n{text}\n"


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "repo")


def paths(*sources: str, history: bool = False) -> list[str]:
    return [article.path for article in find_articles(sources, history).files]


def built(tmp_path: Path, *sources: str, jobs: int = 1, history: bool = True) -> sqlite3.Connection:
    target = tmp_path / f"clippings-{jobs}.db"
    build(sources, target, mapper(jobs), 1.0, lambda done, total: None, history=history)
    db = sqlite3.connect(target)
    db.row_factory = sqlite3.Row
    return db


def rows(db: sqlite3.Connection, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in db.execute(sql, values)]


def test_a_revision_gives_its_files(made: Made) -> None:
    """Branch, tag, id or expression: what was there then, read from the repository alone."""
    first = made.commit(a__md="one", b__txt="two")
    made.git("tag", "v1")
    made.commit(a__md="changed", b__txt=None)
    assert paths(made.source()) == ["a.md"]
    for revision in ("v1", first, first[:10], "HEAD~1", "HEAD@{1}", "main^"):
        files = find_articles([made.source(f"@{revision}")]).files
        assert [read_bytes(file, 10) for file in files] == [(b"one", 3), (b"two", 3)], revision
    assert read_bytes(find_articles([made.source("@v1")]).files[0], 2) == (b"on", 3)


def test_a_bare_repository_and_its_paths(made: Made, tmp_path: Path) -> None:
    """A bare clone gives the same files with the same stamps; a PATH may hold an @."""
    made.commit(a__md="one")
    bare = tmp_path / "odd@name.git"
    made.git("clone", "-q", "--bare", ".", str(bare))
    (there,) = find_articles([f"git+{bare}@main"]).files
    (here,) = find_articles([made.source()]).files
    assert (there.path, there.stamp) == (here.path, here.stamp)
    assert read_bytes(there, 9) == (b"one", 3)


def test_a_linked_worktree_is_a_repository(made: Made, tmp_path: Path) -> None:
    """Where .git is a file that points elsewhere."""
    made.commit(a__md="one")
    made.git("worktree", "add", "-q", str(tmp_path / "other"), "-b", "other")
    assert paths(f"git+{tmp_path / 'other'}") == ["a.md"]


def test_a_folder_of_a_repository(made: Made) -> None:
    """Paths are then those below it, as of a folder of files; one file may be named too."""
    (made.path / "posts" / "news").mkdir(parents=True)
    (made.path / "posts" / "news" / "a.md").write_text("one")
    (made.path / "posts.md").write_text("two")
    made.commit()
    assert paths(made.source(":posts")) == paths(made.source("@main:posts/")) == ["news/a.md"]
    assert paths(made.source("@:posts/news/a.md")) == ["a.md"]
    assert paths(made.source(":posts"), made.source()) == ["news/a.md", "posts.md"]
    assert paths(made.source(":posts"), history=True) == ["news/a.md"]


def test_archive_yml_is_no_article(made: Made) -> None:
    """That of the revision and folder that are read is found, and is not counted."""
    (made.path / "posts").mkdir()
    (made.path / "posts/archive.yml").write_text("title: b")
    made.commit(archive__yml="title: a", a__md="one")
    made.git("tag", "v1")
    made.commit(archive__yml=None)
    assert read_archive_file(made.source("@v1")) == b"title: a"
    assert read_archive_file(made.source()) is None
    assert read_archive_file(made.source(":posts")) == b"title: b"
    assert find_articles([made.source("@v1")]).passed_over == {"ending": 1}
    assert not find_articles([made.source(":posts")]).passed_over


def test_any_name_in_a_tree_is_read(made: Made) -> None:
    """Names that are not UTF-8, hold line breaks or differ only in case are as many articles."""
    names = [
        b"\xb1\xb1.md",
        b"line\nbreak.md",
        b"News.md",
        b"news.md",
        b"tab\t:100644.md",
        b"-n.md",
    ]
    for name in names:
        Path(
            os.path.join(os.fsencode(made.path), name).decode("utf-8", "surrogateescape")
        ).write_text(repr(name))
    made.commit()
    for history in (False, True):
        files = find_articles([made.source()], history).files
        assert {read_bytes(file, 99)[0].decode() for file in files} == set(map(repr, names))
        assert all(file.path.encode("utf-8") for file in files)


def test_links_and_submodules_are_passed_over(made: Made) -> None:
    """A link's target is no article's text; another repository is not this one."""
    made.commit(a__md="one")
    (made.path / "link.md").symlink_to("/etc/passwd")
    made.git(
        "update-index", "--add", "--cacheinfo", f"160000,{made.git('rev-parse', 'HEAD')},sub.md"
    )
    made.git("add", "link.md")
    made.git("commit", "-q", "-m", "x")
    assert paths(made.source()) == paths(made.source(), history=True) == ["a.md"]


@pytest.mark.parametrize(
    "rest", ["@--help", "@-x", "@no-such", "@HEAD..main", "@main:../etc@", "@"]
)
def test_what_is_no_revision_is_refused_in_words(made: Made, rest: str) -> None:
    """Never taken for an option; the message names the source. An empty one is HEAD."""
    made.commit(a__md="one")
    if rest in ("@", "@main:../etc@"):
        assert paths(made.source(rest)) == (["a.md"] if rest == "@" else [])
    else:
        with pytest.raises(BuildError, match="repo@"):
            find_articles([made.source(rest)])


def test_what_is_no_repository_is_refused_in_words(tmp_path: Path, made: Made) -> None:
    """No folder, no repository (also not the one around it), an empty one: exit status 1."""
    made.commit(a__md="one")
    (made.path / "below").mkdir()
    Made(tmp_path / "empty")
    for source in (tmp_path / "none", made.path / "below", tmp_path / "empty"):
        done = CliRunner().invoke(main, [f"git+{source}", "-o", str(tmp_path / "x.db")])
        assert done.exit_code == 1
        assert str(source) in done.output


def test_history_needs_a_git_source(tmp_path: Path) -> None:
    """Elsewhere there is none: wrong usage."""
    done = CliRunner().invoke(main, [str(tmp_path), "--history", "-o", str(tmp_path / "x.db")])
    assert done.exit_code == 2
    assert "--history needs a git source" in done.output


def test_git_missing_is_said(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who gives a git source needs git."""
    made.commit(a__md="one")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BuildError, match="git is not installed"):
        find_articles([made.source()])


def test_nothing_that_a_repository_configures_is_run(made: Made, tmp_path: Path) -> None:
    """Hooks, textconv, filters, fsmonitor, pagers and signature checkers stay unused."""
    (made.path / ".gitattributes").write_text("*.md diff=evil filter=evil\n")
    made.commit(a__md="one")
    made.commit(a__md="two")
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor", "core.pager", "core.sshCommand", "core.alternateRefsCommand",
        "diff.evil.textconv", "diff.evil.command", "diff.external", "filter.evil.smudge",
        "filter.evil.process", "gpg.program", "pager.log", "credential.helper",
    ):  # fmt: skip
        made.git("config", key, str(trap))
    made.git("config", "log.showSignature", "true")
    made.git("config", "log.showRoot", "false")
    (file,) = find_articles([made.source()], True).files
    assert read_bytes(file, 9) == (b"two", 3)
    assert file.history
    assert len(file.history.versions) == 2
    assert not (tmp_path / "sprung").exists()


def test_a_missing_object_is_a_file_that_cannot_be_read(made: Made, tmp_path: Path) -> None:
    """It goes to quarantine, the others are read; nothing is fetched from anywhere."""
    made.commit(a__md=page("一"), b__md=page("二", "别的。"))
    made.git("config", "remote.origin.url", "ext::sh -c touch% sprung")
    made.git("config", "remote.origin.promisor", "true")
    made.git("config", "extensions.partialClone", "origin")
    blob = made.git("rev-parse", "HEAD:a.md")
    (made.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    db = built(tmp_path, made.source(), history=False)
    assert rows(db, "select path, message from diagnostics where severity = 'error'") == [
        ("a.md", f"cannot be read: git object {blob} is missing or damaged")
    ]
    assert rows(db, "select path from placements") == [("b.md",)]
    assert not (made.path / "sprung").exists()


def test_a_damaged_object_does_not_spoil_the_next(made: Made, tmp_path: Path) -> None:
    """git ends at an object whose bytes are broken; the file after it is read all the same."""
    made.commit(a__md=page("一"), b__md=page("二", "别的。"))
    blob = made.git("rev-parse", "HEAD:a.md")
    loose = made.path / ".git" / "objects" / blob[:2] / blob[2:]
    loose.chmod(0o644)
    loose.write_bytes(b"broken")
    db = built(tmp_path, made.source(), history=False)
    assert rows(db, "select path from quarantine") == [("a.md",)]
    assert rows(db, "select path from placements") == [("b.md",)]


def test_every_version_is_told(made: Made, tmp_path: Path) -> None:
    """The newest version is the article, the older ones say what the next one changed."""
    commits = [
        made.commit(a__md=page("甲")),
        made.commit(a__md=page("乙")),
        made.commit(a__md=page("乙", "别的正文。")),
        made.commit(a__md=page("乙", "别的正文。", author="某人")),
        made.commit(a__md=page("乙", "别的正文。\n", author="某人")),
        made.commit(a__md=page("丙", "新的正文。")),
    ]
    db = built(tmp_path, made.source())
    assert rows(
        db, "select position, commit_id, date, title, changes from revisions order by 1"
    ) == [
        (1, commits[0], CLOCK.format(1), "甲", "title"),
        (2, commits[1], CLOCK.format(2), "乙", "text"),
        (3, commits[2], CLOCK.format(3), "乙", "front-matter"),
        (4, commits[3], CLOCK.format(4), "乙", ""),
        (5, commits[4], CLOCK.format(5), "乙", "title text front-matter"),
    ]
    seen = (CLOCK.format(1), CLOCK.format(6), None)
    assert rows(db, "select title, first_seen, last_seen, removed from articles") == [("丙", *seen)]
    assert rows(db, "select first_seen, last_seen, removed, commit_id from placements") == [
        (*seen, commits[5])
    ]


def test_what_was_removed_is_an_article(made: Made, tmp_path: Path) -> None:
    """By its last version, and the date of its removal; what came back is there."""
    made.commit(a__md=page("甲"), b__md=page("乙", "别的。"), c__md=page("丙", "又一篇。"))
    made.commit(a__md=page("甲", "改过。"), b__md=None)
    made.commit(a__md=None, b__md=page("乙", "别的。"))
    db = built(tmp_path, made.source())
    assert rows(db, "select path, last_seen, removed from placements order by path") == [
        ("a.md", CLOCK.format(2), CLOCK.format(3)),
        ("b.md", CLOCK.format(1), None),
        ("c.md", CLOCK.format(1), None),
    ]
    assert rows(db, "select markdown from articles where removed is not null") == [("改过。",)]
    assert rows(db, "select count from accounting where name = 'files_seen'") == [(3,)]


def test_a_renamed_file_is_two_places_of_one_article(made: Made, tmp_path: Path) -> None:
    """The article is there as long as one of its files is, since the first of them was."""
    made.commit(a__md=page("甲"))
    made.commit(a__md=None, b__md=page("甲"))
    db = built(tmp_path, made.source())
    assert rows(db, "select path, removed from placements order by path") == [
        ("a.md", CLOCK.format(2)),
        ("b.md", None),
    ]
    assert rows(db, "select first_seen, last_seen, removed from articles") == [
        (CLOCK.format(1), CLOCK.format(2), None)
    ]


def test_branches_and_merges_give_each_version_once(made: Made, tmp_path: Path) -> None:
    """Both sides' versions are told, a merge's own too; what the merge took is the article."""
    made.commit(a__md=page("根"), gone__md=page("没有进来"))
    made.git("checkout", "-q", "-b", "side")
    made.commit(a__md=page("旁"), side__md=page("旁的", "旁的正文。"))
    made.git("checkout", "-q", "main")
    made.commit(a__md=page("主"), gone__md=None)
    made.day += 1
    with pytest.raises(subprocess.CalledProcessError):
        made.git("merge", "-q", "side")
    made.commit(a__md=page("合"))
    made.git("checkout", "-q", "-b", "again")
    made.commit(a__md=page("弃"))
    made.git("checkout", "-q", "main")
    made.commit(a__md=page("留"))
    made.day += 1
    made.git("merge", "-q", "-s", "ours", "again", "-m", "x")
    db = built(tmp_path, made.source())
    assert rows(
        db, "select title from articles where id = (select id from placements where path = 'a.md')"
    ) == [("留",)]
    (titles,) = zip(*rows(db, "select title from revisions"), strict=True)
    assert sorted(titles) == sorted(["根", "旁", "主", "合", "弃"])
    assert rows(db, "select path, removed is null from placements order by path") == [
        ("a.md", 1),
        ("gone.md", 0),
        ("side.md", 1),
    ]


def test_the_version_of_the_revision_is_the_article(made: Made, tmp_path: Path) -> None:
    """Also where a merge threw away what is younger by the clock."""
    made.commit(a__md=page("根"))
    made.git("checkout", "-q", "-b", "side")
    made.commit(a__md=page("旁"))
    made.git("checkout", "-q", "main")
    made.commit(b__md="another")
    made.git("merge", "-q", "-s", "ours", "side", "-m", "x")
    db = built(tmp_path, made.source())
    assert rows(
        db, "select articles.title, revisions.title from articles join revisions on article = id"
    ) == [("根", "旁")]


def test_a_version_that_is_no_article_gives_way_to_an_earlier_one(
    made: Made, tmp_path: Path
) -> None:
    """The text that a broken version replaced is kept, and said to stand in for it."""
    made.commit(a__md=page("甲"), b__md="\0\1\2" * 99)
    made.commit(a__md="\0\1\2" * 99)
    db = built(tmp_path, made.source())
    assert rows(db, "select title, last_seen from articles") == [("甲", CLOCK.format(2))]
    assert rows(db, "select position, date, title, changes from revisions") == [
        (1, CLOCK.format(2), None, "")
    ]
    ((message,),) = rows(
        db, "select message from diagnostics where code = 'newest-version-unreadable'"
    )
    assert CLOCK.format(1) in message
    assert rows(db, "select path from quarantine") == [("b.md",)]


def test_the_same_history_gives_the_same_bytes(made: Made, tmp_path: Path) -> None:
    """From any copy of the repository, with any number of processes."""
    for day in range(1, 4):
        made.commit(**{f"n{number}__md": page(f"{number} {day}") for number in range(40)})
    made.git("clone", "-q", "--bare", ".", str(tmp_path / "copy.git"))
    built(tmp_path, made.source(), jobs=1).close()
    built(tmp_path, f"git+{tmp_path / 'copy.git'}", jobs=2).close()
    one, two = (tmp_path / f"clippings-{jobs}.db" for jobs in (1, 2))
    assert one.read_bytes() == two.read_bytes()


def test_a_stamp_covers_all_versions(made: Made) -> None:
    """A changed past changes the stamp; other files' commits do not."""
    made.commit(a__md="one", b__md="two")
    before = {file.path: file.stamp for file in find_articles([made.source()], True).files}
    made.commit(a__md="changed")
    made.commit(a__md="one")
    after = {file.path: file.stamp for file in find_articles([made.source()], True).files}
    assert before["a.md"] != after["a.md"]
    assert before["b.md"] == after["b.md"]


def test_a_shallow_clone_is_refused_with_history(made: Made, tmp_path: Path) -> None:
    """Its dates would be wrong; without --history it is read."""
    made.commit(a__md="one")
    made.commit(a__md="two")
    made.git("clone", "-q", "--depth", "1", f"file://{made.path}", str(tmp_path / "shallow"))
    assert paths(f"git+{tmp_path / 'shallow'}") == ["a.md"]
    with pytest.raises(BuildError, match="--unshallow"):
        find_articles([f"git+{tmp_path / 'shallow'}"], True)


def test_this_project_builds_with_its_history(tmp_path: Path) -> None:
    """A bare clone of this repository: every file that ever was is placed or in quarantine."""

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )

    if git("rev-parse", "--is-shallow-repository").stdout.strip() != "false":
        pytest.skip("this checkout has no git history")
    bare = tmp_path / "project.git"
    assert git("clone", "-q", "--bare", str(ROOT), str(bare)).returncode == 0
    db = built(tmp_path, f"git+{bare}", jobs=2)
    log = git("log", "--full-history", "--format=", "--name-only", "--no-renames", "-z").stdout
    ever = {name.strip("\n") for name in log.split("\0")}
    seen = rows(db, "select path from placements union select path from quarantine")
    assert {path for (path,) in seen} == {
        name
        for name in ever
        if Path(name).suffix in ARTICLE_SUFFIXES and not f"/{name}".count("/.")
    }
    assert rows(db, "select * from revisions join placements p on p.id = placement limit 1")


def test_pages_tell_a_history(made: Made, serve: Callable[..., Visitor]) -> None:
    """The article's page lists its titles and its removal; ready queries find them."""
    made.commit(a__md=page("甲的标题", date="2022-01-01"), b__md=page("丁"))
    made.commit(a__md=page("乙的标题", date="2022-01-01"))
    made.commit(a__md=None)
    site = serve(made.source(), history=True)
    ((article,),) = [
        row.values() for row in site.rows("select id from articles where removed is not null")
    ]
    shown = site.page(f"/clippings/articles/{article}", headers={"accept-language": "en"})
    assert shown.xpath("//details[@id='history']//s/text()") == ["甲的标题"]
    assert "Removed where it came from, 3 January 2022" in shown.text_content()
    assert "then changed: title" in " ".join(shown.text_content().split())
    listed = {"http://localhost/clippings/retitled", "http://localhost/clippings/removed"}
    assert listed <= {*site.page("/clippings").xpath("//main//@href")}
    for query in ("title_history.json?words=甲&", "retitled.json?", "removed.json?"):
        found = site.get(f"/clippings/{query}_shape=array").json()
        assert "乙的标题" in [row["title"] for row in found], query


def test_pages_without_a_history_do_not_speak_of_one(site: Visitor) -> None:
    """A folder's articles have no history: no page leads to retitled or removed ones."""
    for path in ("/archive", "/clippings"):
        leading = " or ".join(f"contains(@href, '/{name}')" for name in ("retitled", "removed"))
        assert not site.page(path).xpath(f"//a[{leading}]"), path
