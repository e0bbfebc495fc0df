"""Where a page of the site lies in its static copy.

    /source/示例日报?before=12 ─► Page ─► en/source/示例日报~12.html

Each language but the first has a folder of its own with the same files in it; style, search and
downloads are there once.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from posixpath import dirname, relpath
from urllib.parse import parse_qs, quote, unquote, urlencode, urljoin, urlsplit

from clippings.site import DATABASE
from clippings.site.wording import LANGUAGES

MISSING = "/404"
"""The page of what is not there, which web servers show for any address that is none."""

_PAGES = "404|archive|sources|about|search|retitled|changes|undated|downloads|dictionary|datasheet"
_DESCRIPTIONS = r"sources\.opml|croissant\.json|datapackage\.json|CITATION\.cff"
_FORMS = (
    (rf"/(?P<kind>{_PAGES})", "{kind}{start}.html"),
    (rf"/(?P<kind>{DATABASE}/articles/\d+)", "{kind}.html"),
    (r"/(?P<kind>feed)\.(?P<form>atom|json)", "{kind}.{form}"),
    (
        r"/(?P<kind>section|source|feed)/(?P<name>[^/]+)\.(?P<form>atom|json)",
        "{kind}/{name}.{form}",
    ),
    (r"/tag/[^/]+\.(?:atom|json)", ""),  # tags are too many to give each its feeds
    (rf"/(?P<kind>{_DESCRIPTIONS})", "{kind}"),
    (
        r"/(?P<kind>year|month|day|section|source|feed|tag)/(?P<name>[^/]+)",
        "{kind}/{name}{start}.html",
    ),
    (r"/", "index.html"),
)
"""The pages that are copied, the first that fits, and the file of each; `start` is where in a
list it begins."""
_SHARED = re.compile(r"/(?:static/(?:[\w-]+/)*[\w-][\w.-]*|sitemap\.xml)")
_DOWNLOAD = re.compile(r"/downloads/(?:[0-9a-f-]{12}/)?(?P<name>[\w-][\w.-]*)")
_PLAIN = re.compile(r"[\w-][\w.-]{0,59}")
_NOT_PLAIN = re.compile(r"[^\w-]")
_ASKED = ("/search", "/static/")
"""What is asked for in a way that a script, or a cache, reads: what is searched, which version."""
_FOR_PROGRAMS = (".atom", ".json", ".opml", ".cff")
"""How the paths of files end that are there in one language only."""
_ELSEWHERE = re.compile(r"#|//|[a-z][a-z0-9+.-]*:", re.I)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the site: its path below the site's prefix, as browsers send it, its language,
    and, of a list that goes on, before which article it begins and which page comes before it."""

    path: str
    language: str
    before: str = ""
    newer: Page | None = field(default=None, compare=False, repr=False)

    @property
    def address(self) -> str:
        """What the site is asked for."""
        return self.path + (f"?{urlencode({'before': self.before})}" if self.before else "")

    @property
    def download(self) -> str:
        """The name of the file that visitors take away there; "": it is none."""
        found = _DOWNLOAD.fullmatch(self.path)
        return found["name"] if found else ""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a copy that will stand at `root`, which ends with a slash, and is written in
    some of LANGUAGES, the first of them without a folder of its own."""

    root: str
    languages: tuple[str, ...] = tuple(LANGUAGES)

    @property
    def prefix(self) -> str:
        """The path of the root: the site's base_url."""
        return urlsplit(self.root).path

    def file(self, page: Page) -> str:
        """The file of a page, or of what the site shares with it; "": it is not copied."""
        if page.download:
            return f"downloads/{page.download}"
        if _SHARED.fullmatch(page.path):
            return page.path[1:]
        name = _in_folder(page.path, f"~{page.before}" if page.before else "")
        if page.language not in self.languages or not name:
            return ""
        return name if page.language == self.languages[0] else f"{page.language}/{name}"

    def is_page(self, page: Page) -> bool:
        """Whether the site is to be asked for it: it is copied, and no file of its folders."""
        return bool(self.file(page)) and not page.download and not _SHARED.fullmatch(page.path)

    def page(self, address: str, here: Page) -> Page | None:
        """The page or file of the site to which an address on another page leads; None where
        it leads elsewhere, or to a view that the copy has not."""
        whole = urlsplit(urljoin(self.root + here.address[1:], address))
        if not whole.geturl().startswith(self.root):
            return None
        parts = whole.path.removeprefix(self.prefix).split("/")
        path = "/" + "/".join(quote(unquote(part), safe="") for part in parts)
        asked = parse_qs(whole.query, keep_blank_values=True)
        language, before = (asked.pop(name, [""])[0] for name in ("_lang", "before"))
        if "after" in asked:
            return here.newer
        if path.startswith(_ASKED):
            asked.clear()  # the file is the same
        if asked or (before and not before.isdecimal()):
            return None
        if path.endswith(_FOR_PROGRAMS):
            language = self.languages[0]
        return Page(path, language or here.language, before, here if before else None)

    def link(self, address: str, here: Page) -> tuple[str, Page | None]:
        """An address on a page of the site as it stands in the copy, relative, and the page or
        file that it leads to; "": that is not copied. Other sites' addresses, and places in the
        page, stay."""
        if _ELSEWHERE.match(address):
            return address, None
        page = self.page(address, here)
        if page is None or not self.file(page):
            return "", None
        rest = urlsplit(address)
        kept = rest.query if page.path.startswith(_ASKED) and "_lang=" not in rest.query else ""
        if here.path == MISSING:
            way = self.prefix + self.file(page)
        else:
            way = relpath(self.file(page), dirname(self.file(here)) or ".")
        return urlsplit(quote(way, safe="/~"))._replace(
            query=kept, fragment=rest.fragment
        ).geturl(), page

    def way_to_root(self, here: Page) -> str:
        """What leads from a page to the folder of the copy."""
        return self.prefix if here.path == MISSING else "../" * self.file(here).count("/")

    def absolute(self, address: str, here: Page) -> str:
        """An absolute address of the site as that of the copy; "": it is not copied."""
        page = self.page(address, here)
        if page is None or not self.file(page):
            return ""
        return self.root + quote(self.file(page).removesuffix("index.html"), safe="/~")


@lru_cache(maxsize=2**16)  # a page is linked from many
def _in_folder(path: str, start: str) -> str:
    """The file of a page in the folder of its language; "": it is not copied."""
    for pattern, form in _FORMS:
        if found := re.fullmatch(pattern, path):
            parts = found.groupdict()
            name = file_name(unquote(parts.pop("name", "")))
            return form.format(**parts, name=name, start=start)
    return ""


def file_name(name: str) -> str:
    """A name as that of a file on any disk: one that could not be, or would be another's where
    capitals do not count, gets a digest behind it."""
    if _PLAIN.fullmatch(name) and name == name.lower():
        return name
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{_NOT_PLAIN.sub('-', name)[:60]}-{digest}"
