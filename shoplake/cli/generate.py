"""`shoplake generate`: let time pass in the shop, at once or live."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoplake.cli.ending import asked_to_end
from shoplake.cli.options import JsonOption, NoWaitOption
from shoplake.cli.output import Output
from shoplake.core import logs
from shoplake.core.settings import Settings, load_settings

if TYPE_CHECKING:
    from gen_data.generate import Generated
    from gen_data.live import Tick
    from gen_data.plan import Plan


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(generate)


def generate(
    scenario: Annotated[
        str | None, typer.Option(help="Scenario from now on, see `shoplake scenario list`. Default: the one in force; normal_day at first.")
    ] = None,
    days: Annotated[int | None, typer.Option(help="Days of shop time to add at once. Default: 1.")] = None,
    orders: Annotated[int | None, typer.Option(help="In place of --days: let time pass until at least so many orders came.")] = None,
    new_customers: Annotated[
        int | None, typer.Option(help="In place of --days: let time pass until at least so many customers registered.")
    ] = None,
    orders_per_day: Annotated[
        int | None, typer.Option(help="Orders of a normal day from now on. Default: as before; 2,000 at first.")
    ] = None,
    schedule: Annotated[
        Path | None, typer.Option(help="TOML file that says which scenario when, from where the clock stands; see the example above.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of a new shop, which remembers it. Default: 42.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Run the shop paced by the wall clock, until Ctrl-C.")] = False,
    speed: Annotated[float | None, typer.Option(help="With --live: how much faster than the wall clock. Default: 1.")] = None,
    ticks: Annotated[int | None, typer.Option(help="With --live: end after so many minutes of shop time.")] = None,
    no_wait: NoWaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Let time pass in the shop, from where its clock stands; the first time, the shop is made and opened.

    Example: shoplake generate --scenario flash_sale --days 1 --orders-per-day 2000, or shoplake generate --live --speed 60,
    or shoplake generate --orders 30 --new-customers 10

    A file for --schedule has a part like this for each scenario (docs/examples/plan.toml has more):

    \b
    [[period]]
    from_day = 2            # days after the clock's stand, or: from = 2026-01-20T08:00:00
    for = "1d"              # or 30m, 2h; left out: until the next one, or for good
    scenario = "flash_sale"
    intensity = 1.5         # left out: 1
    orders_per_day = 3000   # left out: as before
    """  # noqa: D301 - the help needs the character, which keeps the lines as they are
    from gen_data.plan import read_plan

    output, settings = Output(as_json), load_settings()
    if live and days is not None:
        raise typer.BadParameter("--days and --live exclude each other: with --live, --ticks says when to end.")
    if (orders is not None or new_customers is not None) and (live or days is not None):
        raise typer.BadParameter("--orders and --new-customers say when to end, and so do --days and --live: give one or the other.")
    if not live and (speed is not None or ticks is not None):
        raise typer.BadParameter("--speed and --ticks need --live.")
    plan = None if schedule is None else read_plan(schedule)
    if orders is not None or new_customers is not None:
        from gen_data.generate import generate_until

        wanted = (orders or 0, new_customers or 0)
        _show(output, generate_until(settings, *wanted, scenario, orders_per_day, seed, not no_wait, output.note, plan))
    elif live:
        _live(output, settings, scenario, orders_per_day, seed, 1.0 if speed is None else speed, ticks, no_wait, plan)
    else:
        _backfill(output, settings, scenario, orders_per_day, seed, 1 if days is None else days, no_wait, plan)
    output.close()


def _backfill(
    output: Output,
    settings: Settings,
    scenario: str | None,
    orders_per_day: int | None,
    seed: int | None,
    days: int,
    no_wait: bool,
    plan: "Plan | None",
) -> None:
    from gen_data.generate import backfill

    with output.progress() as progress:
        made = backfill(settings, days, scenario, orders_per_day, seed, progress, not no_wait, output.note, plan)
    _show(output, made)


def _show(output: Output, made: "Generated") -> None:
    rows = sum(made.rows.values())
    output.table("rows", ("table", "rows_added"), list(made.rows.items()))
    output.fields(
        "generate",
        {
            "scenario": made.scenario,
            "orders_per_day": made.orders_per_day,
            "seed": str(made.seed),
            "clock_from": made.clock_from,
            "clock_to": made.clock_to,
            "rows": rows,
            "seconds": made.seconds,
            "rows_per_second": round(rows / made.seconds),
            "written": made.way,
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
    plan: "Plan | None",
) -> None:
    from gen_data.live import run_live

    # Why the shop had to find PostgreSQL again is on the log.
    logs.configure(settings.log_level)
    stop = asked_to_end(output, "generate", "tick")

    def show(tick: "Tick") -> None:
        output.say(f"{tick.at:%Y-%m-%d %H:%M} UTC  {tick.scenario}  {tick.rows['orders']} orders, {sum(tick.rows.values())} rows")

    lived = run_live(settings, speed, ticks, scenario, orders_per_day, seed, stop, show, not no_wait, output.note, plan)
    output.fields(
        "live", {"ticks": lived.ticks, "clock_to": lived.clock_to, "rows": sum(lived.rows.values()), "reconnects": lived.reconnects}
    )
