"""Articles from zip and tar archives and from URLs, made to harm or not."""

from __future__ import annotations

import http.server
import io
import os
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from build_db import main
from clippings.build.executors import mapper
from clippings.build.pipeline import build
from clippings.build.process import process_files
from clippings.models import BuildError
from clippings.reading.sources import find_articles, read_bytes

TREE = {
    "news/a.md": b"one",
    "news/b.txt": b"two",
    "c.HTML": b"three",
    "x.py": b"",
    ".git/d.md": b"",
}
ARTICLES = {"c.HTML": b"three", "news/a.md": b"one", "news/b.txt": b"two"}


def texts(*sources: str | Path) -> dict[str, bytes]:
    return {file.path: read_bytes(file, 99)[0] for file in find_articles(sources).files}


def zipped(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
    return path


def tarred(path: Path, *members: tuple[str | tarfile.TarInfo, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
def test_an_archive_is_read_like_its_folder(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its path or its address, whole or one folder of it; no extra is needed."""
    path = tmp_path / f"news.{ending}"
    if ending == "zip":
        zipped(path, *TREE.items())
    else:
        packing = {"tgz": "gz"}.get(ending, ending[4:])
        tarred(path, *TREE.items(), mode=f"w:{packing}")
    kind = ending[:3].replace("tgz", "tar")
    assert texts(path) == texts(f"{kind}://{path}") == texts(f"{kind}://::{path}") == ARTICLES
    assert texts(f"{kind}://news::{path}") == {"a.md": b"one", "b.txt": b"two"}
    assert texts(path, path) == ARTICLES
    assert find_articles([path]).passed_over == {"ending": 1, "hidden": 1}
    monkeypatch.setattr("clippings.reading.sources.local.SETTLED", 0)
    assert all(file.stamp for file in find_articles([path]).files)


def test_a_build_reads_an_archive_in_several_processes(tmp_path: Path) -> None:
    """Each worker opens its own; the bytes are those of a build of the folder."""
    pages = {f"{number:03}.md": f"# {number}\n\n正文".encode() for number in range(60)}
    (tmp_path / "pages").mkdir()
    for name, data in pages.items():
        (tmp_path / "pages" / name).write_bytes(data)
    sources = (
        (tmp_path / "pages", 1),
        (zipped(tmp_path / "a.zip", *pages.items()), 2),
        (tarred(tmp_path / "a.tgz", *reversed(pages.items()), mode="w:gz"), 2),
    )
    results = set()
    for source, jobs in sources:
        build((source,), tmp_path / "x.db", mapper(jobs), 0.0, lambda done, total: None)
        results.add((tmp_path / "x.db").read_bytes())
    assert len(results) == 1


HOSTILE = {
    "../../evil.md": "evil.md",
    "/etc/absolute.md": "etc/absolute.md",
    "a/../../b.md": "a/b.md",
    "./c.md": "c.md",
}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_that_lead_out_are_only_names(tmp_path: Path, pack: Callable[..., Path]) -> None:
    """Each member is one file seen, its text from the archive; nothing is written anywhere."""
    (tmp_path / "in").mkdir()
    path = pack(tmp_path / "in" / "x.bin", *((name, name.encode()) for name in HOSTILE))
    kind = "zip" if pack is zipped else "tar"
    expected = {clean: name.encode() for name, clean in HOSTILE.items()}
    assert texts(f"{kind}://{path}") == expected
    assert [entry.name for entry in tmp_path.iterdir()] == ["in"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_name_that_stands_there_twice_is_two_files(
    tmp_path: Path, pack: Callable[..., Path]
) -> None:
    """Neither hides the other."""
    path = pack(tmp_path / "x.bin", ("a.md", b"one"), ("a.md", b"two"))
    kind = "zip" if pack is zipped else "tar"
    assert texts(f"{kind}://{path}") == {"a.md": b"one", "x.bin/a.md": b"two"}


def test_what_is_no_ordinary_member_is_passed_over(tmp_path: Path) -> None:
    """Links and devices; a hard link is one more place of what it is linked to."""
    tar = tarred(
        tmp_path / "x.tar",
        ("a.md", b"one"),
        (special("link.md", tarfile.SYMTYPE, "/etc/passwd"), b""),
        (special("device.md", tarfile.CHRTYPE), b""),
        (special("pipe.md", tarfile.FIFOTYPE), b""),
        (special("hard.md", tarfile.LNKTYPE, "a.md"), b""),
        (special("lost.md", tarfile.LNKTYPE, "/etc/passwd"), b""),
    )
    assert texts(tar) == {"a.md": b"one", "hard.md": b"one"}
    link = zipfile.ZipInfo("link.md")
    link.external_attr = 0o120777 << 16
    assert texts(zipped(tmp_path / "x.zip", (link, b"/etc/passwd"), ("a.md", b"one"))) == {
        "a.md": b"one"
    }


def test_names_in_any_encoding_become_text(tmp_path: Path) -> None:
    """A zip made on an older Chinese system names its files in GB18030, without saying so."""
    for encoding in ("utf-8", "gb18030"):
        name = "北约.md".encode(encoding)
        path = zipped(tmp_path / "x.zip", ("N" * len(name), b"one"))
        path.write_bytes(path.read_bytes().replace(b"N" * len(name), name))
        assert texts(path) == {"北约.md": b"one"}
    with tarfile.open(
        tmp_path / "x.tar", "w", format=tarfile.GNU_FORMAT, encoding="gb18030"
    ) as tar:
        tar.addfile(tarfile.TarInfo("北.md"), io.BytesIO())
    (odd,) = texts(tmp_path / "x.tar")
    assert odd.encode("utf-8")


def test_a_bomb_is_read_to_the_limit_only(tmp_path: Path) -> None:
    """Whatever size its header states; a tar that inflates beyond measure is refused in words."""
    bomb = zipped(tmp_path / "x.zip", ("a.md", bytes(50_000_000)))
    (file,) = find_articles([bomb]).files
    assert read_bytes(file, 1000) == (bytes(1000), 50_000_000)
    tar = tarred(tmp_path / "x.tgz", ("a.md", bytes(50_000_000)), mode="w:gz")
    with pytest.raises(BuildError, match="200 times its size"):
        find_articles([tar])


def test_a_damaged_member_is_quarantined(tmp_path: Path) -> None:
    """Its neighbours are read."""
    path = zipped(tmp_path / "x.zip", ("a.md", b"one" * 9), ("b.md", b"two" * 9))
    data = bytearray(path.read_bytes())
    data[data.index(b"a.md") + 6] ^= 0xFF
    path.write_bytes(data)
    first, second = find_articles([path]).files
    (outcome,) = process_files([first])
    assert outcome.diagnostics[0].code == "unreadable"
    assert read_bytes(second, 3) == (b"two", 27)


NO_ARCHIVES = [b"", b"nonsense" * 99, b"\x1f\x8b\x08nonsense", b"PK\5\6" + b"\xff" * 18]


@pytest.mark.parametrize("ending", ["zip", "tar", "tgz"])
@pytest.mark.parametrize("data", NO_ARCHIVES)
def test_what_is_no_archive_is_refused_in_words(tmp_path: Path, ending: str, data: bytes) -> None:
    """A clear message that names the file, exit status 1, no traceback."""
    path = tmp_path / f"x.{ending}"
    path.write_bytes(data)
    done = CliRunner().invoke(main, [str(path), "-o", str(tmp_path / "x.db")])
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert str(path) in done.output


def test_a_cut_off_tar_is_refused(tmp_path: Path) -> None:
    """Half an archive would lose the other half in silence."""
    path = tarred(tmp_path / "x.tar", ("a.md", b"one"), ("b.md", bytes(20_000)))
    path.write_bytes(path.read_bytes()[:5_000])
    with pytest.raises(BuildError, match=r"x\.tar"):
        find_articles([path])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server on this machine, and the folder that it serves."""
    pytest.importorskip("fsspec.implementations.http")
    folder = tmp_path / "served"
    folder.mkdir()
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = partial(quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()
        thread.join(timeout=10)


def test_urls_are_read(server: tuple[str, Path], tmp_path: Path) -> None:
    """A page, a folder by its listing, an archive; what a listing links to elsewhere is not."""
    address, folder = server
    (folder / "in" / "深").mkdir(parents=True)
    (folder / "in" / "a.md").write_text("one")
    (folder / "in" / "深" / "北约.md").write_text("two")
    (folder / "outside.md").write_text("three")
    zipped(folder / "x.zip", *TREE.items())
    assert texts(f"{address}/in/a.md") == {"a.md": b"one"}
    assert texts(f"{address}/in/") == {"a.md": b"one", "深/北约.md": b"two"}
    chained = f"simplecache::{address}/x"
    assert texts(f"zip://::{chained}.zip") == ARTICLES
    assert texts(f"zip://news::{chained}.zip") == {"a.md": b"one", "b.txt": b"two"}
    (folder / "in" / "index.html").write_text('<a href="/outside.md">x</a> <a href="b.md">y</a>')
    assert [file.path for file in find_articles([f"{address}/in/"]).files] == ["b.md"]
    (folder / "in" / "index.html").unlink()
    done = CliRunner().invoke(main, [f"{address}/in/", "-j", "2", "-o", str(tmp_path / "x.db")])
    assert done.exit_code == 0, done.output


def test_a_url_is_part_of_the_stamp(tmp_path: Path) -> None:
    """A file of the same name, size and time at another address is another file."""
    pytest.importorskip("fsspec")
    stamps = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(f"{name:8}")
        os.utime(tmp_path / name / "a.md", (5, 5))
        stamps += [file.stamp for file in find_articles([f"local://{tmp_path}/{name}"]).files]
    assert all(stamps) and len(set(stamps)) == 2


def test_a_url_that_fails_is_told(server: tuple[str, Path], tmp_path: Path) -> None:
    """Nothing there, nobody there, an unknown protocol: each names the URL, exit status 1."""
    address, folder = server
    (folder / "in").mkdir()
    for url in (f"{address}/none.md", "http://127.0.0.1:9/a.md", "nonsense://x", f"{address}/in/"):
        done = CliRunner().invoke(main, [url, "-o", str(tmp_path / "x.db")])
        assert (done.exit_code, type(done.exception)) == (1, SystemExit), url
        assert url in done.output


def test_a_page_that_goes_away_is_quarantined(server: tuple[str, Path]) -> None:
    """Between the listing and the reading."""
    address, folder = server
    (folder / "a.md").write_text("one")
    (file,) = find_articles([f"{address}/"]).files
    (folder / "a.md").unlink()
    (outcome,) = process_files([file])
    assert outcome.diagnostics[0].code == "unreadable"


@pytest.mark.parametrize(("module", "url"), [("fsspec", "https://x.org/"), ("s3fs", "s3://x/y")])
def test_a_missing_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, module: str, url: str
) -> None:
    """fsspec itself, or that of one protocol."""
    if module != "fsspec":
        pytest.importorskip("fsspec")
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BuildError, match=r"pip install '\.\[remote\]'"):
        find_articles([url])
