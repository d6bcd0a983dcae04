"""`shoplake preview`: what edited code would change, before anybody reads it."""

from typing import TYPE_CHECKING, Annotated

import typer

from shoplake.cli.differences import gap, print_details, print_kpis, sentences
from shoplake.cli.options import JsonOption
from shoplake.cli.output import Output
from shoplake.core.logs import configure
from shoplake.core.settings import load_settings

if TYPE_CHECKING:
    from spark_jobs.preview import Kpi, Preview, PreviewedTable


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(preview)


def preview(
    tables: Annotated[
        list[str] | None,
        typer.Argument(help="Tables to build anew. Default: those whose code was edited since the release.", metavar="TABLE"),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, as for the description of a change.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Build edited tables and all that is made of them on a branch, and show which rows and KPIs change and why.

    They are built from what the current release was built from, so that only the
    code makes a difference. Nothing is published.

    Example: shoplake preview gold.daily_sales --markdown
    """
    from spark_jobs.preview import preview as run

    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    with output.progress() as progress:
        seen = run(settings, tables or (), progress)
    if markdown and not as_json:
        output.say(_markdown(seen).rstrip("\n"))
        return
    output.fields("preview", {"release": seen.release.release_id, "cut": seen.release.cut_end_lsn})
    columns = ("table", "why", "rows_added", "rows_removed", "rows_changed", "seconds")
    rows = [(one.table_name, one.why, *_counts(one), round(one.seconds, 2)) for one in seen.tables]
    output.table("tables", columns, rows)
    print_details(output, [one.difference for one in seen.tables if one.difference is not None])
    for check in seen.warnings:
        output.note(f"{check.severity}: {check.sentence}")
    print_kpis(output, seen.kpis)
    output.say(_ending(seen))
    output.close()


def _counts(table: "PreviewedTable") -> tuple[int | None, int | None, int | None]:
    moved = table.difference
    return (moved.rows_added, moved.rows_removed, moved.rows_changed) if moved is not None else (0, 0, 0)


def _ending(seen: "Preview") -> str:
    moved = [one for one in seen.tables if one.difference is not None]
    if not seen.tables:
        return f"No code was edited since release {seen.release.release_id}."
    if not moved:
        return f"Every row is as in release {seen.release.release_id}. Nothing was published."
    return f"{len(moved)} of {len(seen.tables)} tables would change. Nothing was published; `shoplake build` would."


def _markdown(seen: "Preview") -> str:
    lines = [f"## What changes against release {seen.release.release_id}", "", _ending(seen)]
    if seen.tables:
        lines += ["", "| table | why | rows added | removed | changed |", "| --- | --- | ---: | ---: | ---: |"]
        lines += [f"| `{one.table_name}` | {one.why} | {' | '.join(f'{count:,}' for count in _counts(one))} |" for one in seen.tables]
    if seen.kpis and any(before != after for before, after in seen.kpis.values()):
        lines += ["", "| KPI over all days | before | after | difference |", "| --- | ---: | ---: | ---: |"]
        lines += [
            f"| {name} | {_number(before)} | {_number(after)} | {_number(gap(before, after))} |"
            for name, (before, after) in seen.kpis.items()
            if before != after
        ]
    for one in seen.tables:
        if one.difference is not None and (said := sentences(one.difference)):
            lines += ["", f"### `{one.table_name}`", "", *(f"- {sentence}" for sentence in said)]
    lines += ["", *(f"- {check.severity}: {check.sentence}" for check in seen.warnings)] if seen.warnings else []
    return "\n".join(lines) + "\n"


def _number(value: "Kpi") -> str:
    return "none" if value is None else f"{value:,}"
