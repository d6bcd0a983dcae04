"""`shoplake release`: the published states of the lake."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoplake.cli.differences import print_details, print_kpis
from shoplake.cli.options import JsonOption, NoWaitOption
from shoplake.cli.output import Output
from shoplake.cli.usage import Commands
from shoplake.core.logs import configure
from shoplake.core.settings import load_settings

if TYPE_CHECKING:
    from iceberg.releases import Release

NumberArgument = Annotated[int, typer.Argument(help="The number of the release.", metavar="N", min=1)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = Commands(name="release", help="List, show and restore the published states of the lake.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(show)
    group.command()(diff)
    group.command()(rollback)
    app.add_typer(group)


def list_(as_json: JsonOption = False) -> None:
    """Every release, newest first. Expired ones are past the number that is promised: their rows may be gone.

    Example: shoplake release list
    """
    from iceberg.releases import list_releases

    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    releases = list_releases(settings)
    rows = [(one.release_id, one.published_at, one.run_id, one.rolled_back_to, one.cut_end_lsn, one.state) for one in releases]
    if rows or as_json:
        output.table("releases", ("release", "published_at", "run", "rolled_back_to", "cut", "state"), rows)
    else:
        output.say("There is no release yet. Run `shoplake build`.")
    output.close()


def show(release: NumberArgument, as_json: JsonOption = False) -> None:
    """One release: the snapshot of each table, and what the checks of its run found.

    Example: shoplake release show 7
    """
    from iceberg.releases import show_release

    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    detail = show_release(settings, release)
    found = detail.release
    output.fields(
        "release",
        {
            "release": found.release_id,
            "state": found.state,
            "published_at": found.published_at,
            "run": found.run_id,
            "rolled_back_to": found.rolled_back_to,
            "cut": found.cut_end_lsn,
        },
    )
    output.table("tables", ("table", "snapshot", "cut"), [(one.table_name, str(one.snapshot_id), one.cut_end_lsn) for one in detail.tables])
    checks = [(one.table_name, one.check_name, one.severity.value, one.passed, one.failing_count) for one in detail.checks]
    output.table("checks", ("table", "check", "severity", "passed", "failing_rows"), checks)
    output.close()


def diff(
    before: Annotated[int, typer.Argument(help="The number of the earlier release.", metavar="A", min=1)],
    after: Annotated[
        int | None, typer.Argument(help="The number of the later release; the current one when left out.", metavar="B", min=1)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What moved between two releases: rows that came, went and changed in each table, and the KPIs before and after.

    Rows are compared by the table's key, from the files alone in which the two differ.

    Example: shoplake release diff 6 7
    """
    from iceberg.differences import differences
    from shoplake.ask import open_lake
    from spark_jobs.kpis import kpis_of

    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    old, new = (open_lake(number, settings).reader for number in (before, after))
    moved = differences(old, new)
    ends = {"from": old.release, "to": new.release}
    output.fields("diff", {f"{end}_{name}": value for end, release in ends.items() for name, value in _ends(release).items()})
    if moved or as_json:
        columns = ("table", "outcome", "rows_added", "rows_removed", "rows_changed")
        rows = [(one.table_name, one.status, one.rows_added, one.rows_removed, one.rows_changed) for one in moved]
        output.table("tables", columns, rows, title="Tables that moved")
    print_details(output, moved)
    earlier, later = kpis_of(old), kpis_of(new)
    print_kpis(output, {name: (earlier.get(name), value) for name, value in later.items()})
    if not moved:
        output.say("Every table is the same in both.")
    output.close()


def _ends(release: "Release") -> dict[str, Any]:
    return {"release": release.release_id, "published_at": release.published_at, "cut": release.cut_end_lsn}


def rollback(release: NumberArgument, no_wait: NoWaitOption = False, as_json: JsonOption = False) -> None:
    """Make the state of an earlier release current again, for all tables at once, as a new release.

    Tables that the earlier release did not have yet are empty until they are
    built again. The next build starts from there and takes in again what came since.

    Example: shoplake release rollback 7
    """
    from iceberg.releases import rollback as run
    from spark_jobs.tables import discover

    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    done = run(settings, release, discover().by_name, wait=not no_wait, on_wait=output.note)
    restored = done.release
    output.fields(
        "release",
        {
            "release": restored.release_id,
            "rolled_back_to": restored.rolled_back_to,
            "cut": restored.cut_end_lsn,
            "withdrawn": ", ".join(done.withdrawn) or None,
            "gone": ", ".join(done.gone) or None,
        },
    )
    if done.withdrawn:
        output.note(f"{', '.join(done.withdrawn)}: not yet in release {release}, so without rows until a build makes it again.")
    if done.gone:
        output.note(f"{', '.join(done.gone)}: in release {release}, but neither the catalog nor any code has it now, so it is left out.")
    output.say(
        f"Every{' other' if done.gone or done.withdrawn else ''} table is as in release {release}. "
        "The shop's next change builds forward again: to stay here, pause 02_transformation in Airflow."
    )
    output.close()
