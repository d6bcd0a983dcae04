"""`shoplake shop`: look at the shop itself, and check it."""

from pathlib import Path
from typing import Annotated

import typer

from shoplake.cli.options import JsonOption
from shoplake.cli.output import Output
from shoplake.cli.usage import Commands
from shoplake.core.errors import ShopError
from shoplake.core.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = Commands(name="shop", help="Look at the shop itself, and check it.", no_args_is_help=True)
    group.callback()(lambda: None)
    group.command()(report)
    group.command()(verify)
    app.add_typer(group)


def report(
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the pictures; it is made. Default: shop_report in the stack's home.", file_okay=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how real the shop looks: its figures next to published ones with their sources, and pictures of them.

    Example: shoplake shop report --out pictures
    """
    from gen_data.report import report as run

    output, settings = Output(as_json), load_settings()
    found = run(settings, out or settings.home / "shop_report")
    output.fields("shop", {"shop_time": found.now})
    output.table(
        "measures",
        ("measure", "shop", "low", "high", "unit", "agrees", "note"),
        [
            (one.measure.name, one.value, one.measure.low, one.measure.high, one.measure.unit, one.agrees, one.note)
            for one in found.findings
        ],
        title="This shop, and the lowest and highest that were published",
    )
    output.table(
        "sources",
        ("measure", "low", "high", "what", "source", "year", "url"),
        [
            (one.measure.name, figure.low, figure.high, figure.says, figure.source, str(figure.year), figure.url)
            for one in found.findings
            for figure in one.measure.figures
        ],
        title="Published figures",
    )
    output.table("pictures", ("picture",), [(str(picture),) for picture in found.pictures])
    output.close()


def verify(as_json: JsonOption = False) -> None:
    """Check every invariant over all rows of the shop, in one snapshot; a running shop goes on meanwhile.

    Ends with an error that names the first row that breaks one.

    Example: shoplake shop verify
    """
    from gen_data.verify import verify_shop

    output = Output(as_json)
    with output.progress() as progress:
        verified = verify_shop(load_settings(), progress)
    broken = {one.invariant.name: one for one in verified.broken}
    if as_json:
        columns = ("name", "sentence", "holds", "first_row", "row_count", "seconds")
        rows = [
            (
                one.name,
                one.sentence,
                one.name not in broken,
                broken[one.name].first_row if one.name in broken else None,
                broken[one.name].row_count if one.name in broken else 0,
                round(verified.seconds[one.name], 3),
            )
            for one in verified.invariants
        ]
        output.table("invariants", columns, rows)
    for one in verified.broken:
        output.say(f"{one.invariant.sentence} Not so: {one}")
    output.fields(
        "verify",
        {
            "shop_time": verified.shop_time,
            "invariants": len(verified.invariants),
            "broken": len(broken),
            "seconds": sum(verified.seconds.values()),
        },
    )
    output.close()
    if verified.broken:
        raise ShopError(
            f"shop: {len(broken)} of {len(verified.invariants)} invariants do not hold, first {verified.broken[0]}. "
            "Rows were changed by hand, or the generator is wrong: begin again in an empty database."
        )
