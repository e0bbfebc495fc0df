"""What every template may use: addresses of files, pictures and browse pages, and the menu."""

import hashlib
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from datasette import hookimpl

from clippings.site import browse_path, wanted_pictures


@lru_cache(maxsize=64)
def fingerprint(path, changed):
    """A short digest of a file, so that its address changes when it does."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:8]


def asset_url(datasette, name):
    """The address of a file in static/, or '' when the site is served without it."""
    for mount, folder in datasette.static_mounts:
        file = Path(folder) / name
        if mount == "static" and file.is_file():
            version = fingerprint(str(file), file.stat().st_mtime_ns)
            return datasette.urls.path(f"/static/{quote(name)}?{version}")
    return ""


def picture_url(datasette, address):
    """Where a picture is fetched from: its own address, or ours under the site's prefix."""
    if address.startswith("/") and not address.startswith("//"):
        return datasette.urls.path(address)
    return address


@hookimpl
def prepare_jinja2_environment(env, datasette):
    env.globals.update(
        asset=lambda name: asset_url(datasette, name),
        picture=lambda address: picture_url(datasette, address),
        browse=lambda kind, name: datasette.urls.path(browse_path(kind, name)),
        pictures=wanted_pictures(datasette),
        site=datasette.plugin_config("clippings") or {},
    )
