"""Backfill: the shop's clock moves on as fast as PostgreSQL takes the rows, at most one shop day a transaction."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gen_data.clock import TICKS_PER_DAY
from gen_data.identity import read_schedule
from gen_data.shop import Shop, Wishes, explained, own_shop
from gen_data.simulate import advance
from gen_data.state import read_counters
from gen_data.write import write
from shoplake.core.errors import SettingsError, ShopError
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings

# Bounds the memory of a stretch, at some 2 KiB an order, whatever the orders per day.
_ORDERS_PER_STRETCH = 50_000
_MOST_DAYS = 36_500


@dataclass(frozen=True)
class Generated:
    """What a backfill did: rows added per table, wall seconds, and the stretch of shop time (UTC) that it covered."""

    rows: dict[str, int]
    seconds: float
    clock_from: datetime
    clock_to: datetime
    scenario: str
    orders_per_day: int
    seed: int


def backfill(
    settings: Settings,
    days: int,
    scenario: str | None = None,
    orders_per_day: int | None = None,
    seed: int | None = None,
    progress: Progress = silent,
    wait: bool = True,
    on_wait: Callable[[str], None] | None = None,
) -> Generated:
    """Let ``days`` times 24 hours pass in the shop, from where its clock stands; a shop is opened where there is none.

    What is None stays as the shop has it. Raises what :func:`gen_data.shop.own_shop` raises.
    """
    if not 1 <= days <= _MOST_DAYS:
        raise SettingsError(f"generate: {days} days are not possible. Give --days from 1 to {_MOST_DAYS}.")
    started = time.monotonic()
    with own_shop(settings, Wishes(scenario, orders_per_day, seed), wait, on_wait) as shop:
        clock_from, first_tick = shop.now, shop.state.counters.next_tick
        rows = pass_time(shop, first_tick + days * TICKS_PER_DAY, progress)
        in_force = shop.state.schedule.at(shop.state.counters.next_tick - 1)
        return Generated(
            rows, time.monotonic() - started, clock_from, shop.now, in_force.scenario.name, in_force.orders_per_day, shop.identity.seed
        )


def finish_day(
    settings: Settings, scenario: str, progress: Progress = silent, on_wait: Callable[[str], None] | None = None
) -> dict[str, int]:
    """Let the rest of the shop's day pass under a scenario, up to midnight in its time zone, where the clock may stand already.

    Returns the rows added per table. Raises what :func:`gen_data.shop.own_shop` raises.
    """
    with own_shop(settings, Wishes(scenario=scenario), on_wait=on_wait) as shop:
        first_tick = shop.state.counters.next_tick
        if first_tick == 0 or shop.state.clock.day_end(first_tick - 1) == first_tick:
            return {}
        return pass_time(shop, shop.state.clock.day_end(first_tick), progress)


def pass_time(shop: Shop, until_tick: int, progress: Progress = silent, ticks_per_step: int = TICKS_PER_DAY) -> dict[str, int]:
    """Move an owned shop on to a tick, in transactions of at most ``ticks_per_step`` and one local day; returns the rows added per table."""
    added: Counter[str] = Counter()
    first_tick = tick = shop.state.counters.next_tick
    with explained():
        while tick < until_tick:
            orders_per_day = shop.state.schedule.at(tick).orders_per_day
            most = min(ticks_per_step, max(1, TICKS_PER_DAY * _ORDERS_PER_STRETCH // orders_per_day))
            tick = min(until_tick, tick + most, shop.state.clock.day_end(tick))
            added.update(step(shop, tick))
            progress("shop hours", (tick - first_tick) // 60, (until_tick - first_tick) // 60)
    return dict(added)


def step(shop: Shop, until_tick: int) -> dict[str, int]:
    """Make one stretch, within a local day, and commit it with the clock in one transaction; returns the rows added per table.

    A switch that was recorded meanwhile is followed. After an exception the
    shop's state in memory is ahead of the database: own the shop anew.
    """
    with shop.connection.transaction():
        if read_counters(shop.connection).next_tick != shop.state.counters.next_tick:
            raise ShopError("shop: its clock was moved by somebody else. Nothing of this step was kept; run the command again.")
        shop.state.schedule = read_schedule(shop.connection)
        return write(shop.connection, advance(shop.state, until_tick), shop.state)
