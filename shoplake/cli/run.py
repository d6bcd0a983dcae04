"""`shoplake run`: from the source's log to a published release."""

from typing import TYPE_CHECKING, Annotated

import typer

from shoplake.cli.ending import asked_to_end
from shoplake.cli.ingest import unusual
from shoplake.cli.options import JsonOption, NoWaitOption
from shoplake.cli.output import Output
from shoplake.core.errors import SettingsError, ShoplakeError
from shoplake.core.logs import configure
from shoplake.core.settings import load_settings

if TYPE_CHECKING:
    from iceberg.releases import Release
    from shoplake.rounds import Round


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)


def run(
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")] = False,
    pause: Annotated[float, typer.Option("--pause", help="Seconds between two rounds of --follow.", min=0, metavar="SECONDS")] = 2.0,
    no_wait: NoWaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Ingest what the source has committed and publish a release of it: `shoplake ingest` and `shoplake build` in one process.

    With --follow it goes on, with a line for each release. A check that stops a
    release is told, and what comes next is built all the same; a service that
    does not answer is waited for, up to ten minutes. Ctrl-C ends it after the round under
    way, a second one at once. Airflow may go on beside it.

    Example: shoplake run --follow
    """
    from shoplake.rounds import follow as rounds
    from shoplake.rounds import run_round

    if follow and (as_json or no_wait):
        raise SettingsError("run: --follow goes on without an end and waits for others, so give neither --json nor --no-wait with it.")
    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    if follow:
        output.say("Following the source; Ctrl-C ends it.")
        told: set[str] = set()
        for seen in rounds(settings, pause, asked_to_end(output, "run", "round"), output.note):
            if isinstance(seen, ShoplakeError):
                output.note(str(seen))
            elif seen.built.release is not None:
                for sentence in unusual(seen.ingested):
                    if sentence not in told:
                        output.note(sentence)
                        told.add(sentence)
                _tell(output, seen, seen.built.release)
        return
    with output.progress() as progress:
        done = run_round(settings, progress, not no_wait, output.note)
    for sentence in unusual(done.ingested):
        output.note(sentence)
    release = done.built.release
    values = {
        "rows": done.ingested.row_count,
        **_built(output, done),
        "release": release.release_id if release is not None else None,
        "ingest_seconds": round(done.ingested.seconds, 2),
        "build_seconds": round(done.built.seconds, 2),
    }
    output.fields("run", values)
    if release is None:
        output.say("Nothing new at the source; the current release stays.")
    output.close()


def _built(output: Output, done: "Round") -> dict[str, int]:
    """How much was built and checked; a check that does not stop a release and did not pass is told."""
    for check in done.built.checks:
        if not check.passed:
            output.note(f"{check.severity}: {check.sentence}")
    tables = sum(table.status != "kept" for table in done.built.run.tables.values())
    return {"tables_built": tables, "checks_passed": sum(check.passed for check in done.built.checks)}


def _tell(output: Output, done: "Round", release: "Release") -> None:
    counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in _built(output, done).items())
    output.say(
        f"{release.published_at:%H:%M:%S}  release {release.release_id}: {done.ingested.row_count:,} rows, {counts}, {done.seconds:.1f} s"
    )
