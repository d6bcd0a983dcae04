"""`shoplake bench`: measure, and write the page."""

from pathlib import Path
from typing import Annotated

import typer

from shoplake.cli.options import JsonOption
from shoplake.cli.output import Output
from shoplake.cli.usage import Commands


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = Commands(callback=bench, invoke_without_command=True)
    group.command()(generate)
    group.command()(build)
    app.add_typer(group, name="bench")


def bench(
    context: typer.Context,
    page: Annotated[Path | None, typer.Option(help="Where to write the page. Default: docs/benchmarks.md.", metavar="FILE")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure every step in a stack of its own, next to its limit, and write docs/benchmarks.md. Takes some ten minutes.

    Example: shoplake bench --page /tmp/benchmarks.md
    """
    if context.invoked_subcommand is not None:
        return
    from shoplake.bench.figures import COLUMNS, row, write_page
    from shoplake.bench.growth import large_first_load, many_small_batches
    from shoplake.bench.steps import idle_airflow_run, one_day
    from shoplake.core.settings import PROJECT_FOLDER
    from shoplake.stack.local.runner import up
    from shoplake.stack.private import private_stack

    output, figures = Output(as_json), []
    with private_stack("spark", pipeline_schedule="0 0 1 1 *") as services:
        for measure in (one_day, large_first_load, many_small_batches, idle_airflow_run):
            if measure is idle_airflow_run:
                up(services, ["airflow-api", "airflow-scheduler", "airflow-dag-processor"])
            figures += measure(services, output.note)
            write_page(page or PROJECT_FOLDER / "docs" / "benchmarks.md", "shoplake bench", figures)
    output.table("figures", COLUMNS, [row(figure) for figure in figures])
    output.close()


def generate(
    days: Annotated[int, typer.Option(help="Days of shop time in the first load; a second one has twice as many.", min=1)] = 365,
    orders_per_day: Annotated[int, typer.Option(help="Orders of a normal day.", min=1)] = 2_740,
    live_ticks: Annotated[int, typer.Option(help="Ticks of the live shop.", min=1)] = 10,
    page: Annotated[Path | None, typer.Option(help="Where to write a page of the figures. Default: nowhere.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast the shop is made and how fast it lives, in a PostgreSQL of its own: a year of 1,000,000 orders takes some ten minutes.

    Example: shoplake bench generate --days 30
    """
    from shoplake.bench.figures import COLUMNS, FurtherTable, row, write_page
    from shoplake.bench.generate import Sizes, measure_generate
    from shoplake.stack.private import private_stack

    output = Output(as_json)
    with private_stack("postgres") as services:
        report = measure_generate(services, output.note, Sizes(days, orders_per_day, live_ticks))
    tables = (
        FurtherTable("Rows of each table", ("table", "rows", "rows_per_second_of_copy"), report.tables),
        FurtherTable(
            "The slowest keys and invariants",
            ("key_rule_or_invariant", "seconds"),
            [(name, round(cost, 2)) for name, cost in report.slowest],
        ),
        FurtherTable("The live shop", ("live", "orders_per_second"), [("each step a transaction", round(report.live_orders_per_second))]),
    )
    for one in tables:
        output.table(one.title.lower().replace(" ", "_"), one.columns, one.rows)
    output.table("figures", COLUMNS, [row(figure) for figure in report.figures])
    output.close()
    if page is not None:
        write_page(page, "shoplake bench generate", report.figures, tables)


def build(
    orders_per_day: Annotated[int, typer.Option(help="Orders of a normal day.", min=500)] = 2_740,
    days: Annotated[str, typer.Option(help="Days of history, from the shortest to the longest.")] = "23,91,365",
    follow: Annotated[float, typer.Option(help="Seconds to follow a live shop.", min=30)] = 300.0,
    page: Annotated[Path | None, typer.Option(help="Where to write a page of the figures. Default: nowhere.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure what a build costs, next to DuckDB and as the history grows, and how fresh gold is. A year of 1,000,000 orders takes an hour.

    Example: shoplake bench build --days 2,4,8 --follow 60
    """
    from shoplake.bench.build import Sizes, measure_build
    from shoplake.bench.figures import COLUMNS, row, write_page
    from shoplake.core.errors import SettingsError
    from shoplake.stack.private import private_stack

    output = Output(as_json)
    try:
        sizes = Sizes(orders_per_day, [int(part) for part in days.split(",")], follow)
    except ValueError:
        raise SettingsError(f"bench: {days} are no days. Give whole numbers, as in --days 23,91,365.") from None
    with private_stack("spark", "airflow-api", "airflow-scheduler", "airflow-dag-processor", pipeline_schedule="0 0 1 1 *") as services:
        for figures, tables in measure_build(services, output.note, sizes):
            if page is not None:
                write_page(page, "shoplake bench build", figures, tables)
    for one in tables:
        output.table(one.title.lower().replace(" ", "_"), one.columns, one.rows)
    output.table("figures", COLUMNS, [row(figure) for figure in figures])
    output.close()
