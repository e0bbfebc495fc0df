"""The site as a visitor meets it: built once from seeds/, served as `datasette .` does it."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import importlib.util
import os
import shutil
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import httpx
import pytest
import uvicorn
import yaml
from datasette.app import Datasette
from hypothesis import settings
from lxml import html

from clippings.build.executors import mapper, usable_cores
from clippings.build.pipeline import build
from clippings.build.process import RawFile, process_articles
from clippings.dataset.owner import as_rows, merged
from clippings.dataset.release import release
from clippings.models import Processed
from clippings.reading.withholding import NOTHING_WITHHELD, Withholding
from clippings.search.arrays import TextBatch
from clippings.search.tokens import join_labels
from clippings.site import live_database
from clippings.site.compatibility import SQL_PAGE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]

# No time is asserted in tests. CI draws the same examples each time, people draw new ones.
settings.register_profile("clippings", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("clippings")

# A busy machine takes longer to open a new file than a visitor would wait for it.
live_database.PATIENCE = 30.0

CORPUS = ROOT.parent / "shared" / "corpus"
SITE_FILES = ("plugins", "templates", "static", "metadata.yml")
METADATA = yaml.safe_load((ROOT / "metadata.yml").read_text())
SQL = f"/clippings{SQL_PAGE}"
"""Where SQL is asked: Datasette's two lines have different addresses for it."""
SETTINGS = {"suggest_facets": False, "default_page_size": 50, "truncate_cells_html": 200}


CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other site is reached
    *"--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync".split(),
    *"--disable-background-networking --disable-component-update".split(),
]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two workers more than there are cores: many a test waits, for a process or for a limit."""
    return usable_cores() + 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `site` what asks a served site, which `make test-next` runs on Datasette's next line;
    in a browser that is only what says so, because it looks at Datasette's own pages."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "serve" in names and "browser" not in names:
            item.add_marker("site")


class Visitor:
    """Asks a site for pages without a network, and reads them."""

    def __init__(self, datasette: Datasette) -> None:
        self.datasette = datasette
        self.app = datasette.app()

    def get(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a request; redirects are not followed."""
        return asyncio.run(self.datasette.client.get(path, **options))

    def page(self, path: str, status: int = 200, **options: Any) -> html.HtmlElement:
        """A page as a tree, its links and pictures with the address that they really have."""
        response = self.get(path, **options)
        assert response.status_code == status, (path, response.status_code)
        tree = html.fromstring(response.text)
        tree.make_links_absolute(f"http://localhost{self.datasette.urls.path(path)}")
        return tree

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """The rows of a query, straight from the database."""
        database = self.datasette.get_database("clippings")
        return [dict(row) for row in asyncio.run(database.execute(sql, values)).rows]


def process_article(path: str, data: bytes) -> Processed:
    """What a build makes of one file."""
    return process_articles([RawFile(path, data)])[0]


def index_text(text: str) -> str:
    """The tokens of one field, as the column of the index takes them."""
    return TextBatch([text]).fields[0]


def index_labels(*names: str) -> str:
    """The tokens of a column of names."""
    batch = TextBatch(names)
    return join_labels(zip(batch.characters, batch.words, strict=True))


def text_of(tree: html.HtmlElement, path: str) -> list[str]:
    """The texts of the elements at an XPath, their white space evened out."""
    return [" ".join(element.text_content().split()) for element in tree.xpath(path)]


def id_of(visited: Visitor, title: str) -> int:
    """The id of the one article of a title."""
    (row,) = visited.rows("select id from articles where title = :title", title=title)
    return int(row["id"])


def with_release(visited: Visitor) -> Visitor:
    """The site, with a release beside its database."""
    database = Path(visited.datasette.get_database("clippings").path)
    release(database, database.with_name("release"), METADATA, lambda name, done: None)
    return visited


@contextlib.contextmanager
def listening(visited: Visitor, lifespan: Literal["on", "off"] = "off") -> Iterator[str]:
    """The address at which a site is served, to real browsers, while the block runs; with a
    `lifespan` the end of the block is the end of the site."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(visited.datasette.app(), log_level="error", lifespan=lifespan)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=10)


def unavailable(reason: str) -> None:
    """Skip, or on CI fail: there nothing may be left untested in silence."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium, for as long as the block runs; where there is none the test is skipped."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("Playwright is not installed")
    if CHROMIUM is None:
        unavailable("no Chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def benchmark_named(name: str) -> ModuleType:
    """A module of benchmarks/: what it measures is held by tests as well."""
    file = ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def build_into(folder: Path, source: Path | str, **options: Any) -> Path:
    """Build `clippings.db` in a folder; returns its path."""
    target = folder / "clippings.db"
    build((source,), target, mapper(1), 1.0, lambda *_: None, **options)
    return target


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of seeds/, for tests that read it without a site; nobody writes it."""
    return build_into(tmp_path_factory.mktemp("seeds"), ROOT / "seeds")


@pytest.fixture(scope="session")
def corpus_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the real feed articles, where they stand beside the checkout."""
    if not CORPUS.is_dir():
        pytest.skip("../shared/corpus does not stand beside this checkout")
    return build_into(tmp_path_factory.mktemp("corpus"), CORPUS / "rsshub")


@pytest.fixture(scope="session")
def serve(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Visitor]:
    """A function that builds folders of articles and serves them: `serve(folder, base_url=…)`.

    `configuration` is merged into the clippings part of metadata.yml, `database` into what it
    says of the database; `own` is what archive.yml says. Of seeds/, and of a database that is
    given instead of a folder, each site has a copy.
    """
    of_seeds = database

    def serve_folder(
        source: Path | str,
        configuration: Any = None,
        withholding: Withholding = NOTHING_WITHHELD,
        history: bool = False,
        database: Any = None,
        own: Any = None,
        **options: Any,
    ) -> Visitor:
        folder = tmp_path_factory.mktemp("site")
        for name in SITE_FILES:
            (folder / name).symlink_to(ROOT / name)
        if source == ROOT / "seeds" and not history and withholding == NOTHING_WITHHELD:
            source = of_seeds
        if Path(source).name == of_seeds.name:
            for name in (of_seeds.name, "inspect-data.json"):
                shutil.copy(Path(source).with_name(name), folder)
        else:
            build_into(folder, source, withholding=withholding, history=history)
        if own:
            with contextlib.closing(sqlite3.connect(folder / "clippings.db")) as db, db:
                db.executemany("insert into about values (?, ?)", as_rows(own))
        metadata = copy.deepcopy(METADATA)
        metadata["plugins"]["clippings"] |= configuration or {}
        said = metadata["databases"]["clippings"]
        metadata["databases"]["clippings"] = merged(said, database or {})
        datasette = Datasette([], config_dir=folder, settings=SETTINGS | options, metadata=metadata)
        asyncio.run(datasette.invoke_startup())
        return Visitor(datasette)

    return serve_folder


@pytest.fixture(scope="session")
def site(serve: Callable[..., Visitor]) -> Visitor:
    """The site of seeds/."""
    return serve(ROOT / "seeds")


@pytest.fixture(scope="session")
def below(serve: Callable[..., Visitor]) -> Visitor:
    """The site of seeds/ below a prefix."""
    return serve(ROOT / "seeds", base_url="/below/")


@pytest.fixture(scope="session")
def bare_site(serve: Callable[..., Visitor], tmp_path_factory: pytest.TempPathFactory) -> Visitor:
    """The site of one article of a single letter: no date, no source, no link."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "a.md").write_text("x")
    return serve(folder)


@pytest.fixture(scope="session")
def corpus_site(serve: Callable[..., Visitor], corpus_database: Path) -> Visitor:
    """The site of the real feed articles."""
    return serve(corpus_database)


@pytest.fixture(scope="session")
def released_site(serve: Callable[..., Visitor]) -> Visitor:
    """The site of seeds/ with a release beside its database."""
    return with_release(serve(ROOT / "seeds"))


@pytest.fixture(scope="session")
def release_of_seeds(released_site: Visitor) -> Path:
    """The folder of that release."""
    return Path(released_site.datasette.get_database("clippings").path).with_name("release")
