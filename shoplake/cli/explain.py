"""`shoplake explain`: where a number comes from."""

import csv
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoplake.cli.options import JsonOption, ReleaseOption
from shoplake.cli.output import Output
from shoplake.core.logs import configure
from shoplake.core.settings import load_settings

if TYPE_CHECKING:
    from spark_jobs.explain import Explanation, Part

_MOST_ROWS = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(
    table: Annotated[str, typer.Argument(help="A table of silver or gold, such as gold.daily_sales.", metavar="TABLE")],
    key: Annotated[
        str,
        typer.Option(help="The row: the values of the table's key, separated by commas; one with a comma in it stands in double quotes."),
    ],
    column: Annotated[str | None, typer.Option("--column", help="One number of the row. Default: all of them.")] = None,
    release: ReleaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a number comes from: its definition, versions and checks, and the rows of the layer below that make it.

    The table's own transform runs once more in Spark, over these rows alone unless the table is computed in whole, and must give the
    published number again. A rate is shown with the two numbers that it is the quotient of. Text shows the rows that give most, --json all
    of them.

    Example: shoplake explain gold.daily_sales --key 2026-01-05,shopee --column net_revenue
    """
    from shoplake.ask import open_lake
    from spark_jobs.explain import explain as run

    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    found = run(settings, open_lake(release, settings).reader, table, next(csv.reader([key], skipinitialspace=True), []), column)
    _head(output, found)
    shown = list(found.asked) or found.parts
    output.table(
        "numbers",
        ("column", "value", "made_as", "adds_up", "definition"),
        [(part.column.name, part.value, part.words, part.how is not None, part.column.doc) for part in shown],
        title="Numbers",
    )
    output.table("inputs", ("table", "snapshot"), [(name, str(number)) for name, number in found.version.inputs.items()], title="Read from")
    failed = [check for check in found.checks if not check.passed]
    if as_json or failed:
        checks = [(one.check_name, one.severity.value, one.passed, one.failing_count) for one in (found.checks if as_json else failed)]
        output.table("checks", ("check", "severity", "passed", "failing_rows"), checks)
    else:
        output.say(f"All {len(found.checks)} checks of the table passed when this version was built.")
    _rows(output, found, shown)
    output.close()


def _head(output: Output, found: "Explanation") -> None:
    from spark_jobs.explain import key_text

    declared = found.table.table
    output.fields(
        "explained",
        {
            "table": found.table.name,
            "key": key_text(found.key),
            "what_it_is": found.table.doc,
            "one_row_is": declared.grain,
            "made_by": (found.table.transform.__doc__ or "").strip().split("\n")[0],
            "owner": declared.owner,
            "release": found.release.release_id,
            "published_at": found.release.published_at,
            "snapshot": str(found.version.snapshot_id),
            "source_position": found.version.cut_end_lsn,
            "newest_change_committed_at": found.committed_at,
            "made_again_the_same": found.is_reproduced,
        },
    )
    if not found.is_as_declared:
        output.note(
            f"explain: the code of {found.table.name} was another when this version was built, so that the rows below may not add up."
        )


def _rows(output: Output, found: "Explanation", shown: "list[Part]") -> None:
    """The rows of the layer below, with what each of them gives, and how these make the numbers."""
    if found.below is None:
        output.say(f"{found.table.name} is computed from all rows of its inputs at once, so no rows below can be named for one of its own.")
        for part in shown:
            _say_ratio(output, found, part)
        return
    given = [part for part in _columns(found, shown) if part.how != "ratio" and any(one is not None for one in part.contributions)]
    if given:
        columns = [*found.below_key, *(part.column.name for part in given)]
        rows = [
            (*(row[name] for name in found.below_key), *(part.contributions[place] for part in given))
            for place, row in enumerate(found.rows)
        ]
    else:
        columns = list(found.rows[0]) if found.rows else list(found.below_key)
        rows = [tuple(row.values()) for row in found.rows]
    if output.as_json:
        output.table("rows", columns, rows)
        return
    most = sorted(rows, key=lambda row: -_size(row[len(found.below_key)])) if given else rows
    texts = [tuple(str(value) if place < len(found.below_key) else value for place, value in enumerate(row)) for row in most[:_MOST_ROWS]]
    output.table("rows", columns, texts, title=f"Rows of {found.below} that make it")
    if len(rows) > len(texts):
        output.say(f"... and {len(rows) - len(texts)} rows more; --json shows them all.")
    for part in shown:
        if part.how == "ratio":
            _say_ratio(output, found, part)
        elif given and part.how is not None:
            output.say(f"{part.column.name}: {part.words}. From {len(rows)} rows {_text(part.total)}, published {_text(part.value)}.")


def _say_ratio(output: Output, found: "Explanation", part: "Part") -> None:
    """The two numbers of the row that one is the quotient of, where it is one."""
    from iceberg.table import Ratio

    made = part.column.made
    if part.how == "ratio" and isinstance(made, Ratio):
        values = {one.column.name: _text(one.value) for one in found.parts}
        quotient = f"{values[made.numerator]} / {values[made.denominator]} = {_text(part.total)}"
        output.say(f"{part.column.name}: {part.words}, {quotient}, published {_text(part.value)}.")


def _columns(found: "Explanation", shown: "list[Part]") -> "list[Part]":
    """What is shown, then the amounts beside it that any of the rows gives; a quotient has its two numbers beside it."""
    from pyiceberg.types import DecimalType

    if len(found.asked) > 1:
        return shown
    beside = [part for part in found.parts if isinstance(part.column.type, DecimalType) and any(part.contributions)]
    return [*shown, *(part for part in beside if part not in shown)]


def _size(value: Any) -> float:
    try:
        return abs(float(value))
    except (TypeError, ValueError):
        return 0.0


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if hasattr(value, "as_tuple") or isinstance(value, int) else str(value)
