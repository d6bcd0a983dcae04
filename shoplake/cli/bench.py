"""`shoplake bench`: measure, and write the page."""

from pathlib import Path
from typing import Annotated

import typer

from shoplake.cli.options import JsonOption
from shoplake.cli.output import Output


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    page: Annotated[Path | None, typer.Option(help="Where to write the page. Default: docs/benchmarks.md.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure every step in a stack of its own, next to its limit, and write docs/benchmarks.md. Takes some ten minutes.

    Example: shoplake bench --page /tmp/benchmarks.md
    """
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
            write_page(page or PROJECT_FOLDER / "docs" / "benchmarks.md", figures)
    output.table("figures", COLUMNS, [row(figure) for figure in figures])
    output.close()
