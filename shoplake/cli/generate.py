"""`shoplake generate`: let time pass in the shop, at once or live."""

import signal
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from shoplake.cli.options import JsonOption, NoWaitOption
from shoplake.cli.output import Output
from shoplake.core import logs
from shoplake.core.settings import Settings, load_settings

if TYPE_CHECKING:
    from gen_data.live import Tick


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(generate)


def generate(
    scenario: Annotated[
        str | None, typer.Option(help="Scenario from now on, see `shoplake scenario list`. Default: the one in force; normal_day at first.")
    ] = None,
    days: Annotated[int | None, typer.Option(help="Days of shop time to add at once. Default: 1.")] = None,
    orders_per_day: Annotated[
        int | None, typer.Option(help="Orders of a normal day from now on. Default: as before; 2,000 at first.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of a new shop, which remembers it. Default: 42.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Run the shop paced by the wall clock, until Ctrl-C.")] = False,
    speed: Annotated[float | None, typer.Option(help="With --live: how much faster than the wall clock. Default: 1.")] = None,
    ticks: Annotated[int | None, typer.Option(help="With --live: end after so many minutes of shop time.")] = None,
    no_wait: NoWaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Let time pass in the shop, from where its clock stands; the first time, the shop is made and opened.

    Example: shoplake generate --scenario flash_sale --days 1 --orders-per-day 2000, or shoplake generate --live --speed 60
    """
    output, settings = Output(as_json), load_settings()
    if live and days is not None:
        raise typer.BadParameter("--days and --live exclude each other: with --live, --ticks says when to end.")
    if not live and (speed is not None or ticks is not None):
        raise typer.BadParameter("--speed and --ticks need --live.")
    if live:
        _live(output, settings, scenario, orders_per_day, seed, 1.0 if speed is None else speed, ticks, no_wait)
    else:
        _backfill(output, settings, scenario, orders_per_day, seed, 1 if days is None else days, no_wait)
    output.close()


def _backfill(
    output: Output, settings: Settings, scenario: str | None, orders_per_day: int | None, seed: int | None, days: int, no_wait: bool
) -> None:
    from gen_data.generate import backfill

    with output.progress() as progress:
        made = backfill(settings, days, scenario, orders_per_day, seed, progress, not no_wait, output.note)
    output.table("rows", ("table", "rows_added"), list(made.rows.items()))
    output.fields(
        "generate",
        {
            "scenario": made.scenario,
            "orders_per_day": made.orders_per_day,
            "seed": str(made.seed),
            "clock_from": made.clock_from,
            "clock_to": made.clock_to,
            "rows": sum(made.rows.values()),
            "seconds": made.seconds,
        },
    )


def _live(
    output: Output,
    settings: Settings,
    scenario: str | None,
    orders_per_day: int | None,
    seed: int | None,
    speed: float,
    ticks: int | None,
    no_wait: bool,
) -> None:
    from gen_data.live import run_live

    # Why the shop had to find PostgreSQL again is on the log.
    logs.configure(settings.log_level)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def show(tick: "Tick") -> None:
        output.say(f"{tick.at:%Y-%m-%d %H:%M} UTC  {tick.scenario}  {tick.rows['orders']} orders, {sum(tick.rows.values())} rows")

    lived = run_live(settings, speed, ticks, scenario, orders_per_day, seed, stop, show, not no_wait, output.note)
    output.fields(
        "live", {"ticks": lived.ticks, "clock_to": lived.clock_to, "rows": sum(lived.rows.values()), "reconnects": lived.reconnects}
    )
