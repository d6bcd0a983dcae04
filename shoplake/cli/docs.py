"""`shoplake docs`: pages about every table of the lake."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoplake.cli.options import JsonOption, ReleaseOption
from shoplake.cli.output import Output
from shoplake.cli.usage import Commands
from shoplake.core.errors import ReleaseError, ServiceError, StorageError, first_line
from shoplake.core.logs import configure
from shoplake.core.settings import Settings, load_settings

if TYPE_CHECKING:
    from shoplake.docs.live import Live
    from spark_jobs.tables import Tables


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = Commands(help="Pages about every table of the lake.", no_args_is_help=True, rich_markup_mode=None)
    group.command()(build)
    app.add_typer(group, name="docs")


def build(
    out: Annotated[Path | None, typer.Option("--out", help="Where the pages go. Default: docs in SHOPLAKE_HOME.", metavar="FOLDER")] = None,
    release: ReleaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a page for each table, as files for a browser: its declaration, its lineage, and what the release holds of it.

    That is its rows, how old they are against what was promised, what the checks found, and sample rows
    in which personal data is masked. Where no lake answers, the pages say what the code declares.

    Example: shoplake docs build --out /tmp/lake
    """
    from shoplake.docs.html import write
    from shoplake.docs.pages import pages
    from spark_jobs.tables import discover

    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    tables = discover()
    try:
        live, missing = _live(settings, tables, release), None
    except (ServiceError, ReleaseError) as problem:
        if release is not None:
            raise
        live, missing = None, str(problem)
        output.note(f"docs: the pages say only what the code declares, since there is no lake to read. {problem}")
    about = (
        f"Release {live.release.release_id}, read {live.read_at:%Y-%m-%d %H:%M:%S} UTC."
        if live
        else "From the code alone; no lake was read."
    )
    folder = (out or settings.home / "docs").resolve()
    try:
        written = write(pages(tables, live), folder, about)
    except OSError as problem:
        raise StorageError(f"docs: {folder} cannot be written ({first_line(problem)}). Choose another --out.") from problem
    output.say(f"Open {folder / 'index.html'} in a browser.")
    output.fields(
        "docs",
        {
            "folder": folder,
            "file_count": len(written),
            "table_count": len(tables.by_name),
            "release": live.release.release_id if live else None,
            "no_release_because": missing,
        },
    )
    if as_json:
        output.table("files", ["path"], [[path] for path in written])
    output.close()


def _live(settings: Settings, tables: "Tables", release: int | None) -> "Live":
    from shoplake.ask import open_lake
    from shoplake.docs.live import read_live

    return read_live(open_lake(release, settings).reader, tables, settings, datetime.now(UTC))
