"""The facet of months: `?_facet_month=day` counts a table's rows by the month of a date."""

from typing import Any

from datasette import hookimpl
from datasette.facets import ColumnFacet, Facet
from datasette.utils import escape_sqlite, path_with_removed_args

OPERATOR = "__startswith"


class MonthFacet(ColumnFacet):  # type: ignore[misc]
    """A facet of a column that is called as Datasette's filter of the days of a month is, so that
    a month leads to its rows: `day__startswith`, the first seven characters of `day`."""

    type = "month"
    sql: str
    suggest = Facet.suggest

    def get_configs(self) -> list[dict[str, Any]]:
        """Return what is asked for, of the columns that `facet_results` adds."""
        found = []
        for each in super().get_configs():
            config = each["config"]
            name = f"{config.get('column') or config.get('simple')}{OPERATOR}"
            found.append(each | {"config": {"simple": name}})
        return found

    async def facet_results(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the facets that are asked for, and those that took too long."""
        for name in {each["config"]["simple"] for each in self.get_configs()}:
            column = escape_sqlite(name.removesuffix(OPERATOR))
            month = f"substr({column}, 1, 7) as {escape_sqlite(name)}"
            self.sql = f"select *, {month} from ({self.sql})"
        found, slow = await super().facet_results()
        for facet in found:
            asked = {"_facet_month": facet["name"].removesuffix(OPERATOR)}
            without = self.ds.urls.path(path_with_removed_args(self.request, asked))
            facet.update(name="month", toggle_url=str(without))
        return found, slow


@hookimpl
def register_facet_classes() -> list[type[Facet]]:
    """Let metadata.yml and addresses ask for it."""
    return [MonthFacet]
