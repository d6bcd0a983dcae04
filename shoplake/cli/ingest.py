"""`shoplake ingest`: from the source's log to bronze."""

from typing import TYPE_CHECKING, Annotated

import typer

from shoplake.cli.options import JsonOption, NoWaitOption
from shoplake.cli.output import Output
from shoplake.core.logs import configure
from shoplake.core.settings import load_settings

if TYPE_CHECKING:
    from iceberg.capture.ingest import IngestResult


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(ingest)


def ingest(
    reload: Annotated[bool, typer.Option("--reload", help="Load every table anew, from a new slot; the history in bronze stays.")] = False,
    no_wait: NoWaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bring bronze up to what the source has committed by now, exactly once.

    The first time every table is loaded by COPY; from then on the source's own
    log is followed. Repeating it is safe at any moment.

    Example: shoplake ingest
    """
    from iceberg.capture.ingest import ingest as run

    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    with output.progress() as progress:
        result = run(settings, reload=reload, wait=not no_wait, on_wait=output.note, progress=progress)
    for sentence in unusual(result):
        output.note(sentence)
    rows: list[tuple[str, int | None, int | None]] = [(name, count, None) for name, count in result.first_loads.items()]
    rows += [(name, None, count) for name, count in result.changes.items()]
    if rows or as_json:
        output.table("tables", ("table", "rows_first_loaded", "rows_from_log"), rows)
    output.fields("ingest", {"rows": result.row_count, "cut": result.cut, "seconds": round(result.seconds, 2)})
    if not result.row_count:
        output.say("Nothing new at the source; nothing was written.")
    output.close()


def unusual(result: "IngestResult") -> list[str]:
    """What an ingest has to say beside its rows: the tables that it left out and those that it loaded anew, with the reason."""
    return [*(f"left out: {sentence}" for sentence in result.left_out), *(f"{sentence}." for sentence in result.reloads)]
