"""Deciding what the shop is like from now on: each decision is recorded as switches, which every run follows.

All of these belong into a transaction that has locked the clock's row, so that they fall between two steps.
"""

from typing import NamedTuple

import psycopg

from gen_data.clock import ShopClock
from gen_data.identity import forget_switches, read_schedule, record_switch
from gen_data.plan import Plan
from gen_data.scenarios import Scenario
from gen_data.schedule import Switch
from gen_data.simulate.state import read_counters
from gen_data.write.steps import next_open_tick


class Switched(NamedTuple):
    """The recorded switch, and the one back to what would be in force by then, if it is for a while only."""

    switch: Switch
    back: Switch | None


def switch_now(connection: psycopg.Connection, scenario: Scenario, intensity: float = 1.0, for_ticks: int | None = None) -> Switched:
    """Let a scenario be in force from the next tick on, for so many ticks or for good; what was to be switched meanwhile is not."""
    tick, schedule = next_open_tick(connection), read_schedule(connection)
    switch = Switch(tick, scenario, intensity, schedule.at(tick).orders_per_day)
    until_tick = None if for_ticks is None else tick + for_ticks
    back = None if until_tick is None else schedule.at(until_tick)._replace(from_tick=until_tick)
    forget_switches(connection, tick, until_tick)
    record_switch(connection, switch)
    if back is not None:
        record_switch(connection, back)
    return Switched(switch, back)


def wish(connection: psycopg.Connection, scenario: Scenario | None, orders_per_day: int | None) -> None:
    """Record what is wanted from the next tick on: a scenario at its usual intensity for good, another size of the shop; None: as it is."""
    tick, schedule = read_counters(connection).next_tick, read_schedule(connection)
    current = schedule.at(tick)
    wanted = current._replace(from_tick=tick)
    if scenario is not None:
        wanted = wanted._replace(scenario=scenario, intensity=1.0)
        forget_switches(connection, tick)
    if orders_per_day is not None:
        wanted = wanted._replace(orders_per_day=orders_per_day)
        for later in [] if scenario is not None else schedule.after(tick):
            record_switch(connection, later._replace(orders_per_day=orders_per_day))
    if wanted[1:] != current[1:]:
        record_switch(connection, wanted)


def follow(connection: psycopg.Connection, clock: ShopClock, plan: Plan) -> None:
    """Record a plan from the next tick on, in place of whatever was to be switched.

    Raises SettingsError when the plan cannot be followed from there.
    """
    tick = read_counters(connection).next_tick
    switches = plan.switches(clock, read_schedule(connection).at(tick)._replace(from_tick=tick))
    forget_switches(connection, tick)
    for switch in switches:
        record_switch(connection, switch)
