"""The archive while it is served: a new file in its place is taken up, pages are kept.

The outermost of all: every request is pinned to one edition of the database from its first query
to its last byte, and a page that was made for somebody is there for the next.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette

import clippings
from clippings.site import DATABASE, App, Scope
from clippings.site.compatibility import described
from clippings.site.live_database import Edition, Inspected, LiveDatabase
from clippings.site.page_cache import (
    FOREVER,
    PAGE,
    Answer,
    PageCache,
    Question,
    ask,
    asks_for_page,
    dress,
    finished,
    has_already,
    send_answer,
    tag_of,
    unchanged,
)

Maker = Callable[[], Awaitable[Answer]]


def dress_of(datasette: Datasette) -> str:
    """What pages are made of, besides the database."""
    named = [
        datasette.template_dir,
        datasette.plugins_dir,
        *(p for _, p in datasette.static_mounts),
    ]
    folders = [Path(clippings.__file__).parent, *(Path(folder) for folder in named if folder)]
    settings = (version("datasette"), described(datasette), datasette.settings_dict())
    return dress(folders, settings)


@hookimpl
def startup(datasette: Datasette) -> None:
    """Serve the archive in a way that follows its file. One that may be written is left alone."""
    stock = datasette.databases.get(DATABASE)
    if stock is None or stock.is_mutable:
        return
    live = LiveDatabase(datasette, stock.path, DATABASE, PageCache(dress_of(datasette)))
    stock.close()
    datasette.databases = {**datasette.databases, DATABASE: live}
    datasette.inspect_data = {**(datasette.inspect_data or {}), DATABASE: Inspected(live)}


def page_maker(app: App, live: LiveDatabase, scope: Scope, asked: Question, tag: bytes) -> Maker:
    """A function that makes the page that is asked for."""
    age = FOREVER if b"/static/" in asked.path else PAGE

    async def make() -> Answer:
        with live.pinned():  # who asked first may be gone before it is made
            return finished(await ask(app, asked.scope(scope)), tag, age)

    return make


@hookimpl(trylast=True)  # outermost
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Pin each request to an edition, and answer with a kept page where there is one."""

    async def kept(app: App, live: LiveDatabase, edition: Edition, scope: Scope) -> Answer | None:
        if not asks_for_page(scope, datasette.setting("base_url"), edition.counts):
            return None
        asked = Question.of(scope)
        tag = tag_of(live.pages.dress, edition.hash, asked)
        if has_already(scope, tag):
            return unchanged(tag)
        answer = await live.pages.answer(tag, page_maker(app, live, scope, asked, tag))
        return None if answer.may_be_another(scope) else answer

    def wrap(app: App) -> App:
        @wraps(app)
        async def answered(scope: Scope, receive: Any, send: Any) -> None:
            live = datasette.databases.get(DATABASE)
            if scope["type"] != "http" or not isinstance(live, LiveDatabase):
                return await app(scope, receive, send)
            await live.refresh()
            with live.pinned() as edition:
                answer = await kept(app, live, edition, scope)
                if answer is None:
                    return await app(scope, receive, send)
                await send_answer(answer, scope, send)

        return answered

    return wrap
