"""`shoplake watch`: how a sale moves from PostgreSQL to bronze to gold."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from shoplake.cli.options import JsonOption
from shoplake.cli.output import Output
from shoplake.core.errors import SettingsError
from shoplake.core.logs import configure
from shoplake.core.settings import load_settings

if TYPE_CHECKING:
    from shoplake.watch import Sighting


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)


def watch(
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    every: Annotated[float, typer.Option("--every", help="Seconds between two looks.", min=0.1, metavar="SECONDS")] = 2.0,
    as_json: JsonOption = False,
) -> None:
    """Show the newest order of the shop, of bronze and of the release that readers see, and how long it took to come there.

    Goes on until Ctrl-C, with a line for each step of a sale; --json is for --once.

    Example: shoplake watch --once
    """
    from shoplake.watch import follow, look

    if as_json and not once:
        raise SettingsError("watch: --json gives one document, and watching has no end. Give --once with it.")
    settings = load_settings()
    configure(settings.log_level)
    output = Output(as_json)
    if not once:
        output.say("Waiting for sales; Ctrl-C ends it.")
        for sighting in follow(settings, lambda: time.sleep(every)):
            _tell(output, sighting)
        return
    columns = ("place", "newest_order", "ordered_at", "committed_at", "there_at", "lag_seconds")
    rows = [
        (one.place, str(one.order_id) if one.order_id is not None else None, one.ordered_at, one.committed_at, one.there_at,
         round(one.lag.total_seconds(), 1) if one.lag is not None else None)
        for one in look(settings)
    ]  # fmt: skip
    output.table("sales", columns, rows)
    output.close()


def _tell(output: Output, sighting: "Sighting") -> None:
    after = f", {sighting.lag.total_seconds():.0f} s after it was committed" if sighting.lag is not None else ""
    at = f"{sighting.there_at:%H:%M:%S}" if sighting.there_at is not None else " " * len("hh:mm:ss")
    if sighting.order_id is not None:
        output.say(f"{at}  {sighting.place:<8} order {sighting.order_id} of {sighting.ordered_at:%Y-%m-%d %H:%M}{after}")
