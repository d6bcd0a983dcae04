"""What an opened shop keeps about itself in the schema shop_control: who it is, its schedule, and the names of its people."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import psycopg

from gen_data.behaviour.people import NamePool
from gen_data.clock import ShopClock
from gen_data.scenarios import find
from gen_data.schedule import Schedule, Switch


@dataclass(frozen=True)
class Identity:
    """What decides a shop's rows besides its schedule. It never changes once the shop has opened."""

    seed: int
    time_zone: str
    currency: str
    locale: str
    opened_at: datetime

    @property
    def clock(self) -> ShopClock:
        """The shop's clock."""
        return ShopClock(self.opened_at, ZoneInfo(self.time_zone))


def read_identity(connection: psycopg.Connection) -> Identity | None:
    """The shop's identity, or None when it has not opened yet."""
    row = connection.execute("select seed, time_zone, currency, locale, opened_at from shop_control.shop").fetchone()
    if row is None:
        return None
    return Identity(row[0], row[1], row[2], row[3], row[4].astimezone(UTC))


def write_identity(connection: psycopg.Connection, identity: Identity) -> None:
    """Note who the shop is, once."""
    connection.execute(
        "insert into shop_control.shop (seed, time_zone, currency, locale, opened_at) values (%s, %s, %s, %s, %s)",
        (identity.seed, identity.time_zone, identity.currency, identity.locale, identity.opened_at),
    )


def read_schedule(connection: psycopg.Connection) -> Schedule:
    """All recorded switches.

    Raises ShopError when one names a scenario that this version does not know.
    """
    rows = connection.execute("select from_tick, scenario, intensity, orders_per_day from shop_control.scenario_switches").fetchall()
    return Schedule([Switch(from_tick, find(scenario), *others) for from_tick, scenario, *others in rows])


def record_switch(connection: psycopg.Connection, switch: Switch) -> None:
    """Note a switch; a later one at the same tick takes its place."""
    connection.execute(
        """
        insert into shop_control.scenario_switches (from_tick, scenario, intensity, orders_per_day) values (%s, %s, %s, %s)
        on conflict (from_tick) do update
        set scenario = excluded.scenario, intensity = excluded.intensity, orders_per_day = excluded.orders_per_day
        """,
        (switch.from_tick, switch.scenario.name, switch.intensity, switch.orders_per_day),
    )


def forget_switches(connection: psycopg.Connection, after_tick: int, before_tick: int | None = None) -> None:
    """Take back switches that were to come after a tick, up to another if one is given. None of them may have been in force yet."""
    connection.execute(
        "delete from shop_control.scenario_switches where from_tick > %(after)s and (from_tick < %(before)s or %(before)s::bigint is null)",
        {"after": after_tick, "before": before_tick},
    )


def read_name_pool(connection: psycopg.Connection) -> NamePool:
    """The parts that names and addresses are put together from."""
    pool: NamePool = {}
    for part, value in connection.execute("select part, value from shop_control.name_pool order by part, position"):
        pool.setdefault(part, []).append(value)
    return pool


def write_name_pool(connection: psycopg.Connection, pool: NamePool) -> None:
    """Keep the pool with the shop."""
    with connection.cursor() as cursor, cursor.copy("copy shop_control.name_pool (part, position, value) from stdin") as copy:
        for part, values in pool.items():
            for position, value in enumerate(values):
                copy.write_row((part, position, value))
