"""A static copy: the site's reading pages as files, for a plain web server or GitHub Pages.

    clippings.db ─► the site, running ─► each page in each language   (addresses)
                                           ─► its links lead to files (pages)
                 ─► its index, in files that a browser reads          (words)

The pages are the site's own, asked for one by one, so both look the same. Everything is written
beside the folder and swapped in at the end; the same database gives the same bytes.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from datasette.app import Datasette

from clippings.dataset.description import describe
from clippings.dataset.tables import open_readonly
from clippings.errors import BuildError
from clippings.publishing import (
    check_replaceable,
    draft_folder,
    publish_folder,
    write_checksums,
)
from clippings.site import DATABASE, LANGUAGE_COOKIE
from clippings.site.downloads import release_folder
from clippings.site.wording import LANGUAGES, wording
from clippings.static.addresses import MISSING, Addresses, Page
from clippings.static.pages import plain_file, stand_alone
from clippings.static.words import write_words

OnRows = Callable[[str, int], None]
"""Hears of progress: what is written, and how much of it so far."""

MOST_ARTICLES = 20_000
"""Of more, the pages of one language and the index come near to what GitHub Pages takes, 1 GB."""

ADDRESS = "http://127.0.0.1:8001/"
"""Where a copy stands of which nobody says where."""

EXAMPLE = "https://user.github.io/archive/"

_STARTS = "/ /archive /sources /about /search /downloads /dictionary /datasheet".split()
_IDS = "select id from articles order by docid desc"
_OF_THE_SITE_ONLY = ("tables.css", "trends.css")
_SITEMAP = """<?xml version="1.0" encoding="utf-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{}
</urlset>
"""


def static_copy(
    database: Path,
    folder: Path,
    site: Path,
    metadata: Mapping[str, Any],
    address: str | None,
    on_rows: OnRows,
    languages: Sequence[str] = (),
) -> tuple[int, str]:
    """Write the static copy of `database` to `folder`, whole or not at all; gives the number of
    its files, and where it is to stand.

    `site` is where plugins/, templates/ and static/ lie, `metadata` the content of metadata.yml.
    `address` is where the copy will stand (None: where metadata.yml says, or ADDRESS): feeds,
    sitemap and citations name it, pages link without it. Of `languages` (none: all) the first
    is that of the pages at the root. Raises BuildError where there are more
    than MOST_ARTICLES, and where `folder` holds anything that no build wrote.
    """
    check_replaceable(folder)
    with draft_folder(folder) as drafts, closing(open_readonly(database)) as conn:
        root = _root(address or describe(conn, metadata).home_url or ADDRESS)
        if unknown := set(languages) - set(LANGUAGES):
            raise BuildError(
                f"the site does not speak {min(unknown)}; it does {', '.join(LANGUAGES)}"
            )
        articles = [key for (key,) in conn.execute(_IDS)]
        if len(articles) > MOST_ARTICLES:
            raise BuildError(
                f"{database} holds {len(articles):,} articles, and a static copy is made of up to "
                f"{MOST_ARTICLES:,}. Serve the site itself, or build a database of a part of the "
                "articles"
            )
        draft = drafts / "new"
        shutil.copytree(
            site / "static",
            draft / "static",
            ignore=shutil.ignore_patterns(*_OF_THE_SITE_ONLY),
        )
        served = _open_site(site, drafts, database, metadata, root)
        copy = Copy(draft, served, Addresses(root, tuple(languages or LANGUAGES)))
        asyncio.run(copy.write(articles, on_rows))
        write_words(conn, draft / "words", lambda done: on_rows("terms of the search", done))
        for name in sorted(copy.downloads):
            _copy_download(database, name, draft / "downloads")
        files = write_checksums(draft)
        publish_folder(draft, folder)
    return files, root


def _root(address: str) -> str:
    """An address with a slash at its end. Raises BuildError for what is none."""
    whole = urlsplit(address)
    if whole.scheme not in ("http", "https") or not whole.netloc or whole.query or whole.fragment:
        raise BuildError(f"{address} is no address of a site; write it as {EXAMPLE}")
    return address.rstrip("/") + "/"


def _open_site(
    site: Path, folder: Path, database: Path, metadata: Mapping[str, Any], root: str
) -> Datasette:
    """The site of a database, as it is where it is served at `root`."""
    served = folder / f"{DATABASE}.db"  # under the name that the site knows it by
    served.symlink_to(database.resolve())
    if release_folder(database).is_dir():
        release_folder(served).symlink_to(release_folder(database).resolve())
    return Datasette(
        [],
        immutables=[str(served)],
        metadata=metadata,
        template_dir=str(site / "templates"),
        plugins_dir=str(site / "plugins"),
        static_mounts=[("static", str(site / "static"))],
        settings={
            "base_url": urlsplit(root).path,
            "force_https_urls": root.startswith("https:"),
            "sql_time_limit_ms": 60_000,  # nobody waits for an answer
        },
    )


def _copy_download(database: Path, name: str, folder: Path) -> None:
    """Copy a file of the release, or the database where there is none."""
    folder.mkdir(exist_ok=True)
    released = release_folder(database) / name
    shutil.copyfile(released if released.exists() else database, folder / name)


@dataclass
class Copy:
    """A copy that is being written: where to, of which site; `downloads` are the files that its
    pages offer."""

    folder: Path
    site: Datasette
    addresses: Addresses
    downloads: set[str] = field(default_factory=set)

    async def write(self, articles: Iterable[int], on_rows: OnRows) -> None:
        """Write the pages in every language, and the sitemap."""
        await self.site.invoke_startup()
        starts = [*_STARTS, MISSING, *(f"/{DATABASE}/articles/{key}" for key in articles)]
        for language in self.addresses.languages:
            pages = await self.write_pages(starts, language, on_rows)
            if language == self.addresses.languages[0]:
                self._write_sitemap(pages)

    async def write_pages(
        self, starts: Iterable[str], language: str, on_rows: OnRows
    ) -> list[Page]:
        """Write the pages in a language to which the given ones lead, and give them."""
        pages = [Page(path, language) for path in starts]
        seen = set(pages)
        for number, page in enumerate(pages):  # which grow as they are read
            on_rows(f"pages, {LANGUAGES[language]}", number)
            for found in sorted(await self._write(page) - seen, key=lambda each: each.address):
                if found.download:
                    self.downloads.add(found.download)
                elif self.addresses.is_page(found) and found.language == language:
                    seen.add(found)
                    pages.append(found)
        return pages

    async def _write(self, page: Page) -> set[Page]:
        """Write a page to its file; gives what it leads to."""
        answer = await self.site.client.get(
            page.address,
            headers={
                "host": urlsplit(self.addresses.root).netloc,
                "cookie": f"{LANGUAGE_COOKIE}={page.language}",
            },
            follow_redirects=True,
        )
        if answer.status_code != 200 and page.path != MISSING:
            raise BuildError(f"the site answers {answer.status_code} at {page.address}")
        found: set[Page] = set()
        if answer.headers["content-type"].startswith("text/html"):
            say, headers = wording(page.language), dict(answer.headers)
            text, found = stand_alone(answer.text, page, headers, self.addresses, say)
        else:
            text = plain_file(answer.text, page, self.addresses)
        file = self.folder / self.addresses.file(page)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return found

    def _write_sitemap(self, pages: Iterable[Page]) -> None:
        """Name the pages to search engines, in the first language; robots.txt leads there."""
        root = self.addresses.root
        found = (self.addresses.absolute(root + page.address[1:], page) for page in pages)
        lines = (
            f"<url><loc>{escape(address)}</loc></url>"
            for address in found
            if address.endswith((".html", "/")) and not address.endswith(f"{MISSING}.html")
        )
        (self.folder / "sitemap.xml").write_text(_SITEMAP.format("\n".join(lines)), "utf-8")
        robots = f"User-agent: *\nAllow: /\n\nSitemap: {root}sitemap.xml\n"
        (self.folder / "robots.txt").write_text(robots, "utf-8")
