"""Time passes in the shop: a first load in bulk, then stretches of at most one shop day a transaction, as fast as PostgreSQL takes them."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gen_data.changes import Changes, Insert
from gen_data.clock import TICKS_PER_DAY
from gen_data.durations import MOST_DAYS
from gen_data.identity import read_schedule
from gen_data.plan import Plan
from gen_data.schema import CUSTOMERS, ORDERS
from gen_data.shop import Shop, Wishes, explained, own_shop
from gen_data.simulate.state import read_counters
from gen_data.simulate.stretch import advance
from gen_data.verify import verify
from gen_data.write.batch import write_batch
from gen_data.write.bulk import FirstLoad, Loaded
from gen_data.write.steps import StepWriter, write_clock
from shoplake.core.errors import SettingsError, ShopError
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings

# Bounds the memory of a stretch, at some 2 KiB an order, whatever the orders per day.
_ORDERS_PER_STRETCH = 50_000
_MOST_WANTED = 1_000_000


@dataclass(frozen=True)
class Generated:
    """What was done: rows added per table, wall seconds, the stretch of shop time (UTC) that passed, and what a first load cost."""

    rows: dict[str, int]
    seconds: float
    clock_from: datetime
    clock_to: datetime
    scenario: str
    orders_per_day: int
    seed: int
    first_load: Loaded | None = None

    @property
    def way(self) -> str:
        """How the rows were written."""
        return (
            "in batches, every key and rule on" if self.first_load is None else "a first load, keys and rules made after it, then verified"
        )


def backfill(
    settings: Settings,
    days: int,
    scenario: str | None = None,
    orders_per_day: int | None = None,
    seed: int | None = None,
    progress: Progress = silent,
    wait: bool = True,
    on_wait: Callable[[str], None] | None = None,
    plan: Plan | None = None,
) -> Generated:
    """Let ``days`` times 24 hours pass in the shop, from where its clock stands; a shop is opened where there is none.

    What is None stays as the shop has it; a plan begins where the clock stands. Raises what :func:`gen_data.shop.own_shop` raises.
    """
    if not 1 <= days <= MOST_DAYS:
        raise SettingsError(f"generate: {days} days are not possible. Give --days from 1 to {MOST_DAYS}.")
    started = time.monotonic()
    with own_shop(settings, Wishes(scenario, orders_per_day, seed, plan), wait, on_wait) as shop:
        clock_from, first_tick = shop.now, shop.state.counters.next_tick
        until_tick, loaded = first_tick + days * TICKS_PER_DAY, None
        if first_tick == 0:
            rows, loaded = load_first(shop, until_tick, progress)
        else:
            rows = pass_time(shop, until_tick, progress)
        return _generated(shop, rows, started, clock_from, loaded)


def generate_until(
    settings: Settings,
    orders: int,
    new_customers: int,
    scenario: str | None = None,
    orders_per_day: int | None = None,
    seed: int | None = None,
    wait: bool = True,
    on_wait: Callable[[str], None] | None = None,
    plan: Plan | None = None,
) -> Generated:
    """Let time pass, tick by tick, until at least so many orders were placed and so many customers have registered.

    Raises what :func:`gen_data.shop.own_shop` raises, and SettingsError for numbers that cannot be.
    """
    for wanted, what in ((orders, "orders"), (new_customers, "new customers")):
        if not 0 <= wanted <= _MOST_WANTED:
            raise SettingsError(f"generate: {wanted} {what} are not possible. Give 0 to {_MOST_WANTED:,}.")
    if not orders and not new_customers:
        raise SettingsError("generate: nothing is asked for. Give --orders or --new-customers of at least 1.")
    started, added = time.monotonic(), Counter[str]()
    with own_shop(settings, Wishes(scenario, orders_per_day, seed, plan), wait, on_wait) as shop, explained():
        clock_from = shop.now
        while added[ORDERS.name] < orders or added[CUSTOMERS.name] < new_customers:
            added.update(step(shop, shop.state.counters.next_tick + 1))
        return _generated(shop, dict(added), started, clock_from, None)


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


def load_first(shop: Shop, until_tick: int, progress: Progress = silent) -> tuple[dict[str, int], Loaded]:
    """Move a shop on from its opening to a tick in one transaction, in which keys and rules are off until the rows are in.

    Every rule is checked before the shop is open to others. Returns the rows
    added per table, and what the load cost. Raises ShopError when a rule is broken.
    """
    added: Counter[str] = Counter()
    with explained(), shop.connection.transaction():
        _follow(shop)
        with FirstLoad(shop.connection) as load:
            tick = 0
            while tick < until_tick:
                tick = _stretch_end(shop, tick, until_tick)
                changes = advance(shop.state, tick)
                added.update(_count(changes))
                load.write(changes)
                progress("shop hours", tick // 60, until_tick // 60)
            loaded = load.finish(progress)
        write_clock(shop.connection, vars(shop.state.counters))
        broken, loaded.verify_seconds = verify(shop.connection, progress)
        if broken:
            raise ShopError(
                f"shop: what was made breaks {len(broken)} of its rules, first this: {broken[0]}. Nothing was kept; report it with the seed."
            )
    return dict(added), loaded


def pass_time(shop: Shop, until_tick: int, progress: Progress = silent, ticks_per_step: int = TICKS_PER_DAY) -> dict[str, int]:
    """Move an owned shop on to a tick, in transactions of at most ``ticks_per_step`` and one local day; returns the rows added per table."""
    added: Counter[str] = Counter()
    first_tick = tick = shop.state.counters.next_tick
    with explained():
        while tick < until_tick:
            tick = _stretch_end(shop, tick, min(until_tick, tick + ticks_per_step))
            added.update(step(shop, tick))
            progress("shop hours", (tick - first_tick) // 60, (until_tick - first_tick) // 60)
    return dict(added)


def step(shop: Shop, until_tick: int) -> Counter[str]:
    """Make one stretch, within a local day, and commit it with the clock in one transaction; returns the rows added per table.

    A switch that was recorded meanwhile is followed. After an exception the
    shop's state in memory is ahead of the database: own the shop anew.
    """
    with shop.connection.transaction():
        _follow(shop)
        changes = advance(shop.state, until_tick)
        write_batch(shop.connection, changes)
        write_clock(shop.connection, vars(shop.state.counters))
    return _count(changes)


def live_step(shop: Shop, writer: StepWriter) -> Counter[str]:
    """Make one tick, each business step a transaction of its own; returns the rows added per table.

    A switch that was recorded meanwhile is followed. After an exception the
    shop's state in memory is ahead of the database: own the shop anew, which
    finishes the tick.
    """
    with shop.connection.transaction():
        _follow(shop)
        tick = shop.state.counters.next_tick
        changes = advance(shop.state, tick + 1)
        clock = dict(vars(shop.state.counters))
        writer.begin(tick, changes, clock)
    writer.finish(changes, clock)
    return _count(changes)


def _follow(shop: Shop) -> None:
    """Lock the clock, and follow what was switched."""
    if read_counters(shop.connection).next_tick != shop.state.counters.next_tick:
        raise ShopError("shop: its clock was moved by somebody else. Nothing of this step was kept; run the command again.")
    shop.state.schedule = read_schedule(shop.connection)


def _stretch_end(shop: Shop, tick: int, until_tick: int) -> int:
    """Where the stretch that begins with a tick ends: within the local day, and with no more orders than memory is meant for."""
    most = max(1, TICKS_PER_DAY * _ORDERS_PER_STRETCH // shop.state.schedule.at(tick).orders_per_day)
    return min(until_tick, tick + most, shop.state.clock.day_end(tick))


def _count(changes: Changes) -> Counter[str]:
    added: Counter[str] = Counter()
    for change in changes:
        if isinstance(change, Insert):
            added[change.table.name] += len(change)
    return added


def _generated(shop: Shop, rows: dict[str, int], started: float, clock_from: datetime, loaded: Loaded | None) -> Generated:
    in_force = shop.state.schedule.at(shop.state.counters.next_tick - 1)
    seconds = time.monotonic() - started
    return Generated(rows, seconds, clock_from, shop.now, in_force.scenario.name, in_force.orders_per_day, shop.identity.seed, loaded)
