"""Datasette's own pages in the reader's language.

Its templates stay its own. As one is loaded, each fixed string that a language file translates
becomes a choice between the two, and each place of NAMES says a name in the reader's words. What
a later Datasette writes differently stays English.
"""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import datasette
from datasette import hookimpl
from datasette.app import Datasette
from datasette.filters import Filters
from jinja2 import BaseLoader, Environment

from clippings.site import DATABASE
from clippings.site.compatibility import described_table
from clippings.site.i18n import LANGUAGES, Wording, wording

TEMPLATES = Path(datasette.__file__).parent / "templates"

NAMES = {
    "{{ metadata.title or ": "{{ say.pick(metadata.title) or ",
    '{{ metadata.get("title") or ': "{{ say.pick(metadata.title) or ",
    "{{ metadata.description }}": "{{ say.pick(metadata.description) }}",
    "{{ metadata.license }}": "{{ say.pick(metadata.license) }}",
    "{{ query.title or ": "{{ say.pick(query.title) or ",
    "{{ query.description or ": "{{ say.pick(query.description) or ",
    "{{ table.name }}</a>": "{{ say.pick(about(table.name).title) or table.name }}</a>"
    " <code>{{ table.name }}</code>",
    "<p><em>{% for column in table.columns %}": "<p>{{ say.pick(about(table.name).description)"
    " or '' }}</p>\n    <p><em>{% for column in table.columns %}",
    "{{ database }}{% if query and query.sql %}: {{ query.sql }}{% endif %}": "{{ (canned_query or"
    " stored_query) and say.pick(metadata.title) or query and query.sql or database }}",
    "{{ database }}{% endblock %}": "{{ say.pick(metadata.title) or database }}{% endblock %}",
    "{{ database }}: {{ table }}{% endblock %}": "{{ say.pick(about(table).title) or table }}"
    "{% endblock %}",
    "{{ table }}: {{ ', '.join": "{{ say.pick(about(table).title) or table }}: {{ ', '.join",
    "{{ database }}: {{ table }}: ": "{{ say.pick(metadata.title) or table }} · ",
    "in metadata.columns.items()": "in about(table).columns.items()",
    "{{ column_description }}": "{{ say.pick(column_description) }}",
    "{{ column.description }}": "{{ say.pick(column.description) }}",
    "{{ column.name }}\n": "{{ say.name(column.name) }}\n",
    "{{ column.name }}&nbsp;": "{{ say.name(column.name) }}&nbsp;",
    "{{ column.name }}{%": "{{ say.name(column.name) }}{%",
    "{{ column.name|escape_css_string }}": "{{ say.name(column.name)|escape_css_string }}",
    "{{ column|escape_css_string }}": "{{ say.name(column)|escape_css_string }}",
    ">{{ column }}</th>": ">{{ say.name(column) }}</th>",
    "<option>{{ column }}<": '<option value="{{ column }}">{{ say.name(column) }}<',
    "<option{% if c == column %} selected{% endif %}>{{ c }}<": '<option value="{{ c }}"'
    "{% if c == column %} selected{% endif %}>{{ say.name(c) }}<",
    ">{{ display }}<": ">{{ say.name(display) }}<",
    ">{{ name }}</label>": ">{{ say.name(name) }}</label>",
    ">{{ parameter }}</label>": ">{{ say.name(parameter) }}</label>",
    '"View actions" if is_view else "Table actions" %}': 'say.name("Table actions") %}',
    "<strong>{{ facet_info.name }}": "<strong>{{ say.name(facet_info.name) }}",
    "{{ show_hide_text }}": "{{ say.name(show_hide_text) }}",
    "{{ human_description_en }}": "· {{ conditions(say, filters, search, sort, sort_desc) }}",
    "select * from {{ tables[0].name|escape_sqlite }}": "{% if database == 'clippings' %}"
    "select id, title, source, day\nfrom articles order by docid desc limit 20"
    "{% else %}select * from {{ tables[0].name|escape_sqlite }}{% endif %}",
    "{% for cell in row %}\n"
    '                    <td class="col-{{ cell.column|to_css_class }} type-{{ cell.value_type }}">'
    "{{ cell.value }}</td>\n                {% endfor %}": "{{ cells(row, display_columns) }}",
    '{% include "_facet_results.html" %}': '<details class="facets" open>'
    '<summary>{{ say("table.facets") }}</summary>{% include "_facet_results.html" %}</details>',
}
"""What a template of Datasette's has, and what is put in its place: names of tables, columns and
queries in the reader's words (SQL keeps its own), SQL to begin with, facets that can be folded."""


def choice(english: str) -> str:
    """The template source that says a string, itself template source, in the reader's language."""
    ways = "".join(
        f"{{% elif say.code == '{code}' %}}{strings[english]}"
        for code in LANGUAGES
        if english in (strings := wording(code).strings["datasette"])
    )
    return f"{{% if false %}}{ways}{{% else %}}{english}{{% endif %}}"


def conditions(
    say: Wording, filters: Filters, search: str, sort: str | None, sort_desc: str | None
) -> str:
    """Which rows a table shows, and in which order: 来源 = 知乎，按发表次序倒序."""
    operators = {key: (display, alone) for key, display, alone in filters.lookups()}
    parts = [say("table.searched", text=search)] if search else []
    for column, lookup, value in filters.selections():
        operator, alone = operators.get(lookup, (lookup, False))
        parts.append(f"{say.name(column)} {say.name(operator)} {'' if alone else value}".strip())
    if sort or sort_desc:
        key = "table.sorted" if sort else "table.sorted_down"
        parts.append(say(key, column=say.name(sort or sort_desc or "")))
    return (", " if say.code == "en" else "，").join(parts)


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
            for theirs, ours in NAMES.items():
                source = source.replace(theirs, ours)
        return source, filename, is_current

    def list_templates(self) -> list[str]:
        """The names of all templates."""
        return self.loader.list_templates()


@hookimpl(trylast=True)
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    """Put the loader before Datasette's."""
    strings = {key for code in LANGUAGES for key in wording(code).strings["datasette"]}
    about = partial(described_table, datasette, DATABASE)
    env.globals.update(conditions=conditions, about=about)
    if env.loader is not None:
        env.loader = BilingualLoader(env.loader, strings)
