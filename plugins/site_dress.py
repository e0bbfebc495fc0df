"""What every template may use: the site's name, addresses of files, pictures, browse pages."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request
from jinja2 import Environment

from clippings.site import browse_path, site_name, site_tagline, wanted_pictures, words_for

WEB = re.compile(r"(?:https?:)?//", re.I)


@lru_cache(maxsize=64)
def fingerprint(path: str, changed: int) -> str:
    """A short digest of a file, so that its address changes when it does."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:8]


def asset_url(datasette: Datasette, name: str) -> str:
    """The address of a file in static/, or '' when the site is served without it."""
    for mount, folder in datasette.static_mounts:
        file = Path(folder) / name
        if mount == "static" and file.is_file():
            version = fingerprint(str(file), file.stat().st_mtime_ns)
            return str(datasette.urls.path(f"/static/{quote(name)}?{version}"))
    return ""


def picture_url(datasette: Datasette, address: str | None) -> str:
    """Where a picture is fetched from: its own address, or ours under the site's prefix.

    '' for no address, and for one that no picture is fetched from (javascript:, a bare name).
    """
    if WEB.match(address or ""):
        return address or ""
    if address and address.startswith("/"):
        return str(datasette.urls.path(address))
    return ""


def names_of(datasette: Datasette, request: Request | None) -> dict[str, str]:
    """What the site calls itself, in the reader's language."""
    say = words_for(request)
    return {"site_name": site_name(datasette, say), "site_tagline": site_tagline(datasette, say)}


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> dict[str, str]:
    """Give every page the name of the site."""
    return names_of(datasette, request)


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    """Give the functions to every template, error pages included."""
    env.globals.update(
        asset=lambda name: asset_url(datasette, name),
        picture=lambda address: picture_url(datasette, address),
        browse=lambda kind, name: datasette.urls.path(browse_path(kind, name)),
        pictures=wanted_pictures(datasette),
        **names_of(datasette, None),
    )
