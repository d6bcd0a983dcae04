"""The live shop: the same clock as a backfill, paced by the wall, each step of each order a transaction of its own."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from gen_data.clock import TICK_SECONDS
from gen_data.generate import live_step
from gen_data.plan import Plan
from gen_data.shop import Shop, Wishes, explained, own_shop
from gen_data.write.steps import StepWriter
from shoplake.core.errors import BusyError, ServiceError, SettingsError, StorageError
from shoplake.core.settings import Settings

_LOG = logging.getLogger(__name__)
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.2, 5.0
# How long PostgreSQL may be away before the live shop gives up.
_PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Tick:
    """One tick that was written: its shop time (UTC), the scenario in force, and the rows added per table."""

    number: int
    at: datetime
    scenario: str
    rows: dict[str, int]


@dataclass
class Lived:
    """What a live run did: ticks made, rows added per table, and how often it had to find PostgreSQL again."""

    ticks: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    reconnects: int = 0
    clock_to: datetime | None = None


def run_live(
    settings: Settings,
    speed: float,
    ticks: int | None = None,
    scenario: str | None = None,
    orders_per_day: int | None = None,
    seed: int | None = None,
    stop: Event | None = None,
    on_tick: Callable[[Tick], None] | None = None,
    wait: bool = True,
    on_wait: Callable[[str], None] | None = None,
    plan: Plan | None = None,
) -> Lived:
    """Run the shop ``speed`` times faster than the wall, for ``ticks`` ticks or until ``stop`` is set, which ends it at a tick's end.

    A tick is written once its shop time has passed. When PostgreSQL goes away
    this waits for it, finishes the tick that was cut short, and goes on. Raises what
    :func:`gen_data.shop.own_shop` raises, and ServiceError when PostgreSQL
    stays away for ten minutes.
    """
    if not 0 < speed <= 1_000_000:
        raise SettingsError(f"generate: the speed {speed:g} is not possible. Give --speed above 0 and up to 1,000,000.")
    if ticks is not None and ticks < 1:
        raise SettingsError(f"generate: {ticks} ticks are not possible. Give --ticks of at least 1.")
    stop = stop or Event()
    lived = Lived()
    stack = ExitStack()
    with stack:
        owned = _own(settings, Wishes(scenario, orders_per_day, seed, plan), stack, stop, wait, on_wait)
        if owned is None:
            return lived
        shop, writer = owned, _writer(owned)
        end = None if ticks is None else shop.state.counters.next_tick + ticks
        due = time.monotonic()
        while end is None or shop.state.counters.next_tick < end:
            due += TICK_SECONDS / speed
            if stop.wait(max(0.0, due - time.monotonic())):
                break
            try:
                with explained():
                    _tick(shop, writer, lived, on_tick)
            except (ServiceError, StorageError) as problem:
                _LOG.warning("%s", problem)
                stack.close()
                again = _reconnect(settings, stack, stop, problem)
                if again is None:
                    break
                shop, writer, due = again, _writer(again), time.monotonic()
                lived.reconnects += 1
        return lived


def _own(
    settings: Settings, wishes: Wishes, stack: ExitStack, stop: Event, wait: bool, on_wait: Callable[[str], None] | None
) -> Shop | None:
    """Own the shop, after whoever owns it now; None when asked to stop meanwhile, which waiting inside PostgreSQL would not notice."""
    is_said = False
    while True:
        try:
            return stack.enter_context(own_shop(settings, wishes, wait=False))
        except BusyError as problem:
            if not wait:
                raise
            if on_wait is not None and not is_said:
                on_wait(f"{str(problem).partition('. ')[0]}; waiting for it to end")
                is_said = True
            if stop.wait(_LONGEST_WAIT_SECONDS / 10):
                return None


def _writer(shop: Shop) -> StepWriter:
    # A step that a crash of the server takes back is written again from the journal, so that none has to wait for the disk.
    shop.connection.execute("set synchronous_commit = off")
    return StepWriter(shop.connection)


def _tick(shop: Shop, writer: StepWriter, lived: Lived, on_tick: Callable[[Tick], None] | None) -> None:
    at, number = shop.now, shop.state.counters.next_tick
    rows = live_step(shop, writer)
    lived.ticks += 1
    lived.rows.update(rows)
    lived.clock_to = shop.now
    if on_tick is not None:
        on_tick(Tick(number, at, shop.state.schedule.at(number).scenario.name, rows))


def _reconnect(settings: Settings, stack: ExitStack, stop: Event, problem: ServiceError | StorageError) -> Shop | None:
    """Own the shop again, as its database stands; None when asked to stop meanwhile."""
    given_up_at, wait_seconds = time.monotonic() + _PATIENCE_SECONDS, _FIRST_WAIT_SECONDS
    while time.monotonic() < given_up_at:
        if stop.wait(wait_seconds):
            return None
        try:
            return stack.enter_context(own_shop(settings, Wishes(), wait=False))
        except (ServiceError, StorageError, BusyError) as still:
            # A backend that is dying may hold the lock for a moment.
            _LOG.info("%s", still)
            wait_seconds = min(2 * wait_seconds, _LONGEST_WAIT_SECONDS)
    raise problem
