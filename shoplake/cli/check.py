"""`shoplake check`: whether what readers see keeps its rules."""

from typing import Annotated

import typer

from shoplake.cli.options import JsonOption
from shoplake.cli.output import Output
from shoplake.core.errors import CheckFailedError
from shoplake.core.logs import configure
from shoplake.core.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables to check; all when left out.", metavar="TABLE")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the declared checks once more, over all rows that readers see now, beside what its build found in the rows that it wrote.

    Fails like a build where a check that stops a release does not hold.

    Example: shoplake check gold.daily_sales
    """
    from iceberg.quality.checks import Severity
    from spark_jobs.recheck import recheck

    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    release, found = recheck(settings, tables or ())
    columns = ("table", "check", "severity", "passed", "failing_rows", "failing_keys", "passed_when_built")
    rows = [
        (
            one.now.table_name, one.now.check_name, one.now.severity.value, one.now.passed, one.now.failing_count,
            [",".join(key) for key in one.now.examples] if as_json else " ".join(f"({','.join(key)})" for key in one.now.examples) or None,
            one.recorded.passed if one.recorded else None,
        )
        for one in found
    ]  # fmt: skip
    output.table("checks", columns, rows)
    broken = [one.now for one in found if not one.now.passed]
    stopping = [result for result in broken if result.severity is Severity.STOP]
    for result in broken:
        if result not in stopping[:1]:
            output.note(f"{result.severity}: {result.sentence}")
    output.fields("check", {"release": release.release_id, "checks_passed": len(found) - len(broken), "checks_not_passed": len(broken)})
    output.close()
    if stopping:
        raise CheckFailedError(
            f"{stopping[0].sentence} Release {release.release_id} is what readers should see; correct the input and build again, "
            "or put a release back with `shoplake release rollback`."
        )
