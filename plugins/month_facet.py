"""The facet of months: `?_facet_month=day` counts a table's rows by the month of a date."""

from typing import Any

from datasette import hookimpl
from datasette.database import QueryInterrupted
from datasette.facets import Facet
from datasette.utils import escape_sqlite, path_with_added_args, path_with_removed_args

COUNTS = """
    select substr({column}, 1, 7) as value, count(*) as count from ({sql})
    where {column} is not null group by 1 order by 2 desc, 1 limit {size}
"""


class MonthFacet(Facet):  # type: ignore[misc]
    """Counts by month; a month that is chosen narrows the table to the days that begin so."""

    type = "month"

    async def facet_results(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the facets that are asked for, and those that took too long."""
        found, slow = [], []
        for each in self.get_configs():
            column = each["config"].get("column") or each["config"]["simple"]
            try:
                found.append(await self.count(column, each["source"] != "metadata"))
            except QueryInterrupted:
                slow.append(column)
        return found, slow

    async def count(self, column: str, hideable: bool) -> dict[str, Any]:
        """Return the months of a column with their numbers of rows, those with the most first."""
        size = self.get_facet_size()
        counted = await self.ds.execute(
            self.database,
            COUNTS.format(column=escape_sqlite(column), sql=self.sql, size=size + 1),
            self.params,
            truncate=False,
            custom_time_limit=self.ds.setting("facet_time_limit_ms"),
        )
        asked = path_with_removed_args(self.request, {"_facet_month": column})
        return {
            "name": self.type,
            "type": self.type,
            "hideable": hideable,
            "toggle_url": self.ds.urls.path(asked),
            "results": [self.choice(column, *row) for row in counted.rows[:size]],
            "truncated": len(counted.rows) > size,
        }

    def choice(self, column: str, month: str, count: int) -> dict[str, Any]:
        """Return a month with the link that narrows the table to it, or no longer does."""
        chosen = {f"{column}__startswith": month}
        selected = next(iter(chosen.items())) in self.get_querystring_pairs()
        toggled = (path_with_removed_args if selected else path_with_added_args)(
            self.request, chosen
        )
        return {
            "value": month,
            "label": month,
            "count": count,
            "toggle_url": self.ds.absolute_url(self.request, self.ds.urls.path(toggled)),
            "selected": selected,
        }


@hookimpl
def register_facet_classes() -> list[type[Facet]]:
    """Let metadata.yml and addresses ask for it."""
    return [MonthFacet]
