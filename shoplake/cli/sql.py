"""`shoplake sql`: ask the lake a question."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from shoplake.cli.options import JsonOption, ReleaseOption
from shoplake.cli.output import Output
from shoplake.core.errors import SettingsError
from shoplake.core.logs import configure
from shoplake.core.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sql)


def sql(
    query: Annotated[str, typer.Argument(help="One select, as DuckDB takes it.", metavar="QUERY")],
    release: ReleaseOption = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV, with a line of names first.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the tables of one release, without Spark. Nothing can be written.

    Beside silver and gold there are ops.releases and ops.check_results, what each check of each run found.

    Example: shoplake sql "select channel_code, sum(net_revenue) from gold.daily_sales group by all"
    """
    from shoplake.ask import open_lake

    if as_csv and as_json:
        raise SettingsError("sql: --csv and --json are two forms of one answer. Give one of them.")
    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    lake = open_lake(release, settings)
    answer = lake.reader.sql(query)
    columns = answer.column_names
    rows = [tuple(_plain(value) for value in row) for row in zip(*(column.to_pylist() for column in answer.columns), strict=True)]
    if as_csv:
        output.csv(columns, rows)
    elif as_json:
        output.fields("asked", {"release": lake.release, "row_count": len(rows)})
        output.table("rows", columns, rows)
    else:
        output.table("rows", columns, rows)
    output.close()


def _plain(value: Any) -> Any:
    """A value that can be printed as text and as JSON."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    return value if value is None or isinstance(value, str | bool | int | float | Decimal | datetime | date) else str(value)
