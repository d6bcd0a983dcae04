"""`shoplake preview`: what edited code would change, before anybody reads it."""

from typing import TYPE_CHECKING, Annotated

import typer

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
        typer.Argument(help="Tables to build anew. Default: those whose code was edited since the release.", metavar="TABLE..."),
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
    if as_json:
        moved = [one.difference for one in seen.tables if one.difference is not None]
        details = [(one.table_name, one.changed_columns, one.examples, [vars(value) for value in one.changed_values]) for one in moved]
        output.table("details", ("table", "columns_changed", "examples", "values"), details)
    for one in seen.tables:
        for sentence in _sentences(one):
            output.say(f"{one.table_name}: {sentence}")
    for check in seen.warnings:
        output.note(f"{check.severity}: {check.sentence}")
    kpis = [(name, before, after, _gap(before, after)) for name, (before, after) in seen.kpis.items()]
    output.table("kpis", ("kpi", "before", "after", "difference"), kpis, title="KPIs over all of gold.daily_sales")
    output.say(_ending(seen))
    output.close()


def _counts(table: "PreviewedTable") -> tuple[int, int, int]:
    moved = table.difference
    return (moved.rows_added, moved.rows_removed, moved.rows_changed) if moved is not None else (0, 0, 0)


def _sentences(table: "PreviewedTable") -> list[str]:
    """What differs in a table: by column, and in the first rows."""
    moved = table.difference
    if moved is None:
        return []
    said = [f"first {kind}: {', '.join(f'({key})' for key in keys)}." for kind, keys in moved.examples.items() if kind != "changed"]
    if moved.changed_columns:
        said.append("differ in " + ", ".join(f"{name} ({count:,})" for name, count in moved.changed_columns.items()) + ".")
    return said + [f"({one.row_key}) {one.column}: {_shown(one.before)} is {_shown(one.after)}." for one in moved.changed_values]


def _shown(value: str | None) -> str:
    return "none" if value is None else value


def _gap(before: "Kpi", after: "Kpi") -> "Kpi":
    return after - before if before is not None and after is not None else None


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
            f"| {name} | {_number(before)} | {_number(after)} | {_number(_gap(before, after))} |"
            for name, (before, after) in seen.kpis.items()
            if before != after
        ]
    for one in seen.tables:
        if said := _sentences(one):
            lines += ["", f"### `{one.table_name}`", "", *(f"- {sentence}" for sentence in said)]
    lines += ["", *(f"- {check.severity}: {check.sentence}" for check in seen.warnings)] if seen.warnings else []
    return "\n".join(lines) + "\n"


def _number(value: "Kpi") -> str:
    return "none" if value is None else f"{value:,}"
