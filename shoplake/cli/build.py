"""`shoplake build`: from bronze to a published release of silver and gold."""

from typing import Annotated

import typer

from shoplake.cli.options import JsonOption, NoWaitOption
from shoplake.cli.output import Output
from shoplake.core.logs import configure
from shoplake.core.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(build)


def build(
    full: Annotated[bool, typer.Option("--full", help="Compute the tables from scratch, not only what changed.")] = False,
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table",
            help="Build this table and what it depends on; give it again for more. Default: those of SHOPLAKE_TABLES, the tables of sales.",
        ),
    ] = None,
    no_wait: NoWaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bring silver and gold up to the last ingest, check them, and publish all of it as one release.

    Where a check fails nothing is published: the last release stays current. A table that only --table names stays as of then, until
    it is named again.

    Example: shoplake build --table gold.daily_sales
    """
    from spark_jobs.run import build as run

    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    with output.progress() as progress:
        built = run(settings, progress, tables=table, full=full, wait_for_others=not no_wait, on_wait=output.note)
    tables = [one for one in built.run.tables.values() if one.status != "kept"]
    if tables or as_json:
        columns = ("table", "outcome", "strategy", "rows_changed", "seconds")
        rows = [(one.table_name, one.status, one.strategy, one.changed_row_count, round(one.seconds, 2)) for one in tables]
        output.table("tables", columns, rows)
    broken = [check for check in built.checks if not check.passed]
    for check in broken:
        output.note(f"{check.severity}: {check.sentence}")
    output.fields(
        "build",
        {
            "tables_kept": len(built.run.tables) - len(tables),
            "checks_passed": len(built.checks) - len(broken),
            "checks_not_passed": len(broken),
            "release": built.release.release_id if built.release else None,
            "seconds": round(built.seconds, 2),
        },
    )
    if built.release is None:
        base = built.run.base_release_id
        output.say(f"Nothing new since release {base}." if base is not None else "There is nothing to publish yet.")
    output.close()
