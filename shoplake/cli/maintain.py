"""`shoplake maintain`: fewer files, and nothing kept that nobody needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoplake.cli.options import JsonOption, NoWaitOption
from shoplake.cli.output import Output
from shoplake.core.logs import configure
from shoplake.core.settings import load_settings

if TYPE_CHECKING:
    from spark_jobs.maintain import TableCare

_MEBIBYTE = 2**20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(maintain)


def maintain(
    table: Annotated[
        list[str] | None, typer.Option("--table", help="Only this table, or those of a pattern such as silver.*; give it again for more.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
    no_wait: NoWaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compact small files, expire snapshots that nothing names, remove orphan files and prune the books of runs.

    The rows of every release stay as they are, and readers, ingests and builds go on meanwhile. Files that nobody refers to go
    once they are as old as SHOPLAKE_ORPHAN_AGE_HOURS says. Compacted tables of silver and gold become a release of their own.

    Example: shoplake maintain --table 'silver.*' --dry-run
    """
    from spark_jobs.maintain import maintain as run

    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    with output.progress() as progress:
        done = run(settings, progress, tables=table, dry_run=dry_run, wait_for_others=not no_wait, on_wait=output.note)
    if as_json:
        output.table("tables", *_in_full(done.tables))
    else:
        output.table("tables", *_in_short(done.tables, dry_run))
    for sentence in done.put_off:
        output.note(f"left for the next time: {sentence}")
    output.fields(
        "total",
        {
            "tables": len(done.tables),
            "tables_compacted": sum(one.is_compacted for one in done.tables),
            "files_before": sum(one.before.file_count for one in done.tables),
            "files_after": sum(one.after.file_count for one in done.tables),
            "snapshots_before": sum(one.snapshots_before for one in done.tables),
            "snapshots_after": sum(one.snapshots_after for one in done.tables),
            "orphans_removed": sum(one.orphan_count for one in done.tables),
            "orphan_bytes": sum(one.orphan_bytes for one in done.tables),
            "stored_files_before": sum(one.stored_before for one in done.tables),
            "stored_files_after": sum(one.stored_after for one in done.tables),
            "stored_bytes_before": sum(one.stored_bytes_before for one in done.tables),
            "stored_bytes_after": sum(one.stored_bytes_after for one in done.tables),
            "runs_pruned": done.runs_pruned,
            "release": done.release.release_id if done.release else None,
            "seconds": round(done.seconds, 2),
        },
    )
    if dry_run:
        output.say("Nothing was changed: this is what would be done now. Snapshots and orphans that a compaction leaves come on top.")
    output.close()


def _in_full(tables: Sequence[TableCare]) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
    """Columns and rows for programs."""
    columns = (
        "table", "is_compacted", "data_files_before", "data_files_after", "delete_files_before", "delete_files_after", "snapshots_before",
        "snapshots_after", "stored_files_before", "stored_files_after", "stored_bytes_before", "stored_bytes_after", "orphans_removed",
        "orphan_bytes", "seconds",
    )  # fmt: skip
    return columns, [
        (
            one.table_name, one.is_compacted, one.before.data_file_count, one.after.data_file_count, one.before.delete_file_count,
            one.after.delete_file_count, one.snapshots_before, one.snapshots_after, one.stored_before, one.stored_after,
            one.stored_bytes_before, one.stored_bytes_after, one.orphan_count, one.orphan_bytes, round(one.seconds, 2),
        )
        for one in tables
    ]  # fmt: skip


def _in_short(tables: Sequence[TableCare], dry_run: bool) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
    """Columns and rows that fit a screen: files are those that main needs, of rows and of deletes; stored is all that lies there."""
    return ("table", "files", "snapshots", "orphans", "stored_mib", "seconds"), [
        (
            one.table_name,
            f"{one.before.file_count} > {'fewer' if dry_run and one.is_compacted else one.after.file_count}",
            f"{one.snapshots_before} > {one.snapshots_after}",
            one.orphan_count,
            f"{one.stored_bytes_before / _MEBIBYTE:,.2f} > {one.stored_bytes_after / _MEBIBYTE:,.2f}",
            round(one.seconds, 2),
        )
        for one in tables
    ]
