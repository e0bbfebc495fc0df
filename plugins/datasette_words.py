"""Datasette's own fixed strings in the reader's language.

Its templates stay its own: as one is loaded, each fixed string that a language file translates
becomes a choice between the two. What a later Datasette words differently stays English.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import datasette
from datasette import hookimpl
from jinja2 import BaseLoader, Environment

from clippings.wording import LANGUAGES, wording

TEMPLATES = Path(datasette.__file__).parent / "templates"


def choice(english: str) -> str:
    """The template source that says a string, itself template source, in the reader's language."""
    ways = "".join(
        f"{{% elif say.code == '{code}' %}}{strings[english]}"
        for code in LANGUAGES
        if english in (strings := wording(code).strings["datasette"])
    )
    return f"{{% if false %}}{ways}{{% else %}}{english}{{% endif %}}"


class BilingualLoader(BaseLoader):
    """Loads what another loader does, Datasette's templates with their strings translatable."""

    def __init__(self, loader: BaseLoader, strings: Iterable[str]) -> None:
        self.loader = loader
        self.strings = sorted(strings, key=len, reverse=True)

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """The source of a template; the longest strings are replaced first, none twice."""
        source, filename, is_current = self.loader.get_source(environment, template)
        if filename and TEMPLATES in Path(filename).parents:
            for number, english in enumerate(self.strings):
                source = source.replace(english, f"\0{number}\0")
            for number, english in enumerate(self.strings):
                source = source.replace(f"\0{number}\0", choice(english))
        return source, filename, is_current

    def list_templates(self) -> list[str]:
        """The names of all templates."""
        return self.loader.list_templates()


@hookimpl(trylast=True)
def prepare_jinja2_environment(env: Environment) -> None:
    """Put the loader before Datasette's."""
    strings = {key for code in LANGUAGES for key in wording(code).strings["datasette"]}
    if env.loader is not None:
        env.loader = BilingualLoader(env.loader, strings)
