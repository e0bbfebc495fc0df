"""What puts the site on a machine: the script that serves it, units of systemd, nginx before it.

Units are looked at by systemd's own tools, nginx runs in front of the served site on this machine.
Where a program is not installed its tests are skipped, on CI they fail.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from conftest import ROOT, unavailable

pytestmark = pytest.mark.site  # it is Datasette's own command that serves
DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in DEPLOY.iterdir() if path.suffix in {".service", ".timer"})
PREFIX = "/archive/"
PATIENCE = 60.0
PROGRAMS = {
    "PYTHON": sys.executable,
    "DATASETTE": str(Path(sys.executable).with_name("datasette")),
    "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
}
"""How the scripts find what they run, where there is no .venv beside them."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(command: list[str], address: str, env: dict[str, str]) -> Iterator[None]:
    """A program, from when something answers at an address till the block ends."""
    process = subprocess.Popen(command, env={**os.environ, **env}, stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and process.poll() is None:
            try:
                httpx.get(address)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        else:
            process.kill()
            pytest.fail(f"{command[0]}: {process.communicate()[1].decode()}")
        yield
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def served(database: Path) -> Iterator[str]:
    """The address of `deploy/serve`, below the prefix."""
    port = free_port()
    env = {"DATABASE": str(database), "PORT": str(port), "PREFIX": PREFIX, **PROGRAMS}
    address = f"http://127.0.0.1:{port}{PREFIX}"
    with running([str(DEPLOY / "serve")], address, env):
        yield address


@pytest.fixture(scope="module")
def proxied(served: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of nginx in front of it, by deploy/nginx.conf; other than there are only the
    ports, the prefix and nginx's own folders."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        unavailable("nginx is not installed")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    text = (DEPLOY / "nginx.conf").read_text()
    for here, there in {
        "/var/cache/nginx/clippings": f"{folder}/cache",
        "127.0.0.1:8001": httpx.URL(served).netloc.decode(),
        "listen 80;": f"listen 127.0.0.1:{port};",
        "listen [::]:80;": "",
        "location / {": f"location {PREFIX} {{",
    }.items():
        assert text.count(here) == 1, here
        text = text.replace(here, there)
    own = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"daemon off; {user} pid {folder}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{own}{text}}}\n"
    )
    address = f"http://127.0.0.1:{port}{PREFIX}"
    command = [nginx, "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    with running(command, address, {}):
        yield address


def get(address: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(address, headers=named, timeout=PATIENCE)


# ── the script ───────────────────────────────────────────────────────────────────────────────


def test_the_settings_are_those_that_were_meant(served: str) -> None:
    """The script's settings arrive, and the database is served as one that does not change."""
    settings = get(f"{served}-/settings.json").json()
    assert settings["base_url"] == PREFIX and settings["default_page_size"] == 50
    found = get(f"{served}-/databases.json").json()
    databases = found["databases"] if isinstance(found, dict) else found  # 1.0, 0.65
    assert [each["is_mutable"] for each in databases] == [False]


def test_a_proxy_on_this_machine_is_believed(served: str) -> None:
    """Addresses are https where the proxy says that it was asked so."""
    said = get(f"{served}sitemap.xml", host="news.example", x_forwarded_proto="https").text
    assert f"https://news.example{PREFIX}" in said and "http://news.example" not in said


def test_a_port_that_is_taken_is_said_first(tmp_path: Path) -> None:
    """Before anything is served: which one, and how to take another."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        env = {
            **os.environ,
            "PORT": port,
            "PYTHON": sys.executable,
            "DATABASE": str(tmp_path / "x"),
        }
        done = subprocess.run([DEPLOY / "serve"], env=env, capture_output=True, text=True)
    assert done.returncode == 1 and f"PORT={int(port) + 1}" in done.stderr
    assert f"Port {port} " in done.stderr and "Traceback" not in done.stderr


# ── the nightly build ────────────────────────────────────────────────────────────────────────


def night(folder: Path, articles: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [str(DEPLOY / "nightly"), str(folder), str(articles)]
    env = {**os.environ, **PROGRAMS, **env}
    return subprocess.run(command, env=env, capture_output=True, text=True)


def test_a_night_publishes_what_was_looked_at(tmp_path: Path) -> None:
    """Database and release are in place and belong together; a site that does not start leaves
    the old ones."""
    articles, folder = tmp_path / "articles", tmp_path / "served"
    articles.mkdir()
    (articles / "first.md").write_text("---\ntitle: 第一篇\n---\n正文")
    done = night(folder, articles)
    assert done.returncode == 0, done.stderr
    first = (folder / "clippings.db").read_bytes()
    assert (folder / "release/clippings.db").read_bytes() == first
    assert {path.name for path in folder.iterdir()} == {"clippings.db", "release", "next"}
    (articles / "second.md").write_text("---\ntitle: 第二篇\n---\n正文")
    done = night(folder, articles, DATASETTE="/bin/false")
    assert done.returncode != 0 and "is not fit to be served" in done.stderr
    assert (folder / "next/clippings.db").read_bytes() != first
    assert (folder / "clippings.db").read_bytes() == first


# ── systemd ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """Copies of the units, that name this checkout as the place of the program."""
    if not shutil.which("systemd-analyze"):
        unavailable("systemd-analyze is not installed")
    program = tmp_path / "program"
    for path in ("deploy/serve", "deploy/nightly"):
        (program / path).parent.mkdir(parents=True, exist_ok=True)
        (program / path).symlink_to(sys.executable)
    for name in UNITS:
        text = (DEPLOY / name).read_text().replace("/opt/clippings", str(program))
        (tmp_path / name).write_text(text)
    return [tmp_path / name for name in UNITS]


def test_systemd_takes_the_units(units: list[Path]) -> None:
    """Each line is one that systemd knows, and what a unit starts is there."""
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "clippings" in line]
    assert (done.returncode, ours) == (0, [])


def test_services_may_do_little(units: list[Path]) -> None:
    """By systemd's own measure, 0 (nothing) to 10 (everything), below 2."""
    for unit in (unit for unit in units if unit.suffix == ".service"):
        command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(unit)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_the_units_start_what_is_there() -> None:
    """Programs of the units are those of this checkout."""
    text = "".join((DEPLOY / name).read_text() for name in UNITS)
    found = re.findall(r"/opt/clippings/([\w./-]+)", text)
    assert found and all((ROOT / path).exists() for path in found)


# ── nginx ────────────────────────────────────────────────────────────────────────────────────


def test_pages_are_kept_by_nginx(proxied: str) -> None:
    """The second visitor gets the kept page, in the right language; who has it already, a 304."""
    first, second = (get(proxied, accept_language="en") for _ in range(2))
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("MISS", "HIT")
    assert first.text == second.text and 'lang="en"' in first.text
    assert 'lang="zh-Hans"' in get(proxied, accept_language="zh-CN").text
    again = get(proxied, accept_language="en", if_none_match=first.headers["etag"])
    assert again.status_code == 304


def test_links_lead_back_through_nginx(proxied: str) -> None:
    """Absolute addresses have the host by which the proxy was asked, and its port."""
    assert f"Sitemap: {proxied}sitemap.xml" in get(f"{proxied}robots.txt").text
    assert get(proxied.replace(PREFIX, "/search?q=雪")).headers["server"] == "nginx"
    assert get(f"{proxied}search?q=雪").status_code == 200


def test_downloads_come_in_parts_through_nginx(proxied: str, database: Path) -> None:
    """Put together they are the file; a part of another file is refused."""
    address = f"{proxied}downloads/clippings.db"
    head = httpx.head(address)
    size = int(head.headers["content-length"])
    parts = [get(address, range=f"bytes={n}-{n + 99_999}") for n in range(0, size, 100_000)]
    assert {part.status_code for part in parts} == {206}
    assert b"".join(part.content for part in parts) == database.read_bytes()
    assert head.headers["etag"] == f'"{hashlib.sha256(database.read_bytes()).hexdigest()}"'
    assert get(address, range="bytes=0-9", if_match='"another"').status_code == 412
    assert get(address, range="bytes=0-9", if_range='"another"').status_code == 200
    assert get(address, range=f"bytes={size}-").status_code == 416


def test_exports_go_through_whole(proxied: str) -> None:
    """With the header that says how many rows there are."""
    answer = get(f"{proxied}export/articles.jsonl?_search=雪")
    assert answer.headers["clippings-rows"] == str(answer.text.count("\n"))
