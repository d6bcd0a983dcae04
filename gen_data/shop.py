"""Getting hold of a shop: its database checked and brought up to date, its clock owned by one at a time, its doors opened once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg

from gen_data.clock import ShopClock
from gen_data.identity import Identity, read_identity
from gen_data.opening import open_shop
from gen_data.plan import Plan
from gen_data.scenarios import check_intensity, find
from gen_data.schedule import Switch, check_orders_per_day
from gen_data.schema.upgrade import migrate, version_of
from gen_data.simulate.load import load
from gen_data.simulate.state import State
from gen_data.switching import Switched, follow, switch_now, wish
from gen_data.write.steps import finish_tick
from shoplake.core.errors import ServiceError, SettingsError, ShopError, StorageError, first_line, postgres_disk_is_full
from shoplake.core.lock import only_one
from shoplake.core.settings import Settings

CLOCK_LOCK = "shop clock"
DEFAULT_SEED = 42
DEFAULT_SCENARIO = "normal_day"
# A shop's time is its own: every shop opens at midnight of this day in its time zone.
_OPENING_DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - the zone is the shop's


@dataclass
class Shop:
    """An open shop, its clock owned: the connection that writes to it, who it is, and where it stands."""

    connection: psycopg.Connection
    identity: Identity
    state: State

    @property
    def now(self) -> datetime:
        """The shop's time: everything before it has been written. UTC."""
        return self.identity.clock.local(self.state.counters.next_tick).astimezone(UTC)


@dataclass(frozen=True)
class Wishes:
    """What a caller wants the shop to be like; None leaves it as it is, or takes the default for a new shop.

    A scenario or number of orders that differs is recorded as a switch at the tick where the clock stands, and a plan from there on.
    """

    scenario: str | None = None
    orders_per_day: int | None = None
    seed: int | None = None
    plan: Plan | None = None

    def check(self) -> None:
        """Raise ShopError for an unknown scenario, SettingsError for a number that cannot be."""
        if self.scenario is not None:
            find(self.scenario)
        if self.orders_per_day is not None:
            check_orders_per_day(self.orders_per_day)
        if self.seed is not None and not -(2**63) <= self.seed < 2**63:
            raise SettingsError(f"generate: the seed {self.seed} is too large. Give a whole number of at most 18 digits.")


@contextmanager
def explained() -> Iterator[None]:
    """Turn what PostgreSQL says into our errors.

    Raises ServiceError when it cannot be reached or went away, StorageError
    when its disk is full, ShopError when it refuses a row.
    """
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as problem:
        if postgres_disk_is_full(problem):
            raise StorageError(
                f"shop: PostgreSQL's disk is full ({first_line(problem)}). Free some space and run the command again: "
                "it goes on where the shop stands."
            ) from problem
        raise ServiceError(
            f"shop: PostgreSQL does not answer ({first_line(problem)}). Start it with `shoplake up` and run the command again: "
            "it goes on where the shop stands."
        ) from problem
    except psycopg.IntegrityError as problem:
        raise ShopError(
            f"shop: the database refuses what the shop does next ({first_line(problem)}). Rows or rules were changed by hand: "
            "undo that, or begin again in an empty database."
        ) from problem


@contextmanager
def own_shop(settings: Settings, wishes: Wishes, wait: bool = True, on_wait: Callable[[str], None] | None = None) -> Iterator[Shop]:
    """Own the clock of the shop at ``settings.shop_dsn`` while the body runs; the shop is made and opened where there is none.

    A live tick that was cut short is finished before anything else.

    Raises BusyError when somebody else owns the clock and ``wait`` is false,
    ShopError when the database is not ours, of a later version, or of another
    seed, ServiceError when PostgreSQL does not answer.
    """
    wishes.check()
    with ExitStack() as stack:
        with explained():
            stack.enter_context(only_one(settings.shop_dsn, CLOCK_LOCK, wait, on_wait))
            migrate(settings.shop_dsn)
            connection = stack.enter_context(connect(settings.shop_dsn))
            finish_tick(connection)
            with connection.transaction():
                identity = _open(connection, settings, wishes)
                wish(connection, None if wishes.scenario is None else find(wishes.scenario), wishes.orders_per_day)
                if wishes.plan is not None:
                    follow(connection, identity.clock, wishes.plan)
                state = load(connection, identity)
        yield Shop(connection, identity, state)


def connect(dsn: str) -> psycopg.Connection:
    """A session of the generator, in autocommit: transactions are always explicit."""
    return psycopg.connect(dsn, autocommit=True, application_name="shoplake generate", options="-c timezone=UTC")


def switch_scenario(settings: Settings, name: str, intensity: float = 1.0, for_ticks: int | None = None) -> tuple[Switched, ShopClock]:
    """Let the shop behave like a scenario from its next tick on, for so many ticks or for good; returns what was recorded, and its clock.

    It falls between two steps of whoever owns the clock, who follows it at once.
    Raises ShopError when there is no such scenario or no shop yet, SettingsError for an intensity that cannot be.
    """
    scenario = find(name)
    check_intensity(intensity)
    with explained(), connect(settings.shop_dsn) as connection, connection.transaction():
        identity = existing_identity(connection)
        return switch_now(connection, scenario, intensity, for_ticks), identity.clock


def existing_identity(connection: psycopg.Connection) -> Identity:
    """The identity of a shop that must be there.

    Raises ShopError when it is not.
    """
    identity = read_identity(connection) if version_of(connection) is not None else None
    if identity is None:
        raise ShopError("shop: there is no shop in this database yet. Open one with `shoplake generate --days 1`.")
    return identity


def _open(connection: psycopg.Connection, settings: Settings, wishes: Wishes) -> Identity:
    identity = read_identity(connection)
    if identity is None:
        seed = DEFAULT_SEED if wishes.seed is None else wishes.seed
        identity = Identity(seed, settings.time_zone, settings.currency, settings.locale, _opening(settings.time_zone))
        orders_per_day = wishes.orders_per_day or settings.live_orders_per_day
        _check_locale(settings.locale)
        open_shop(connection, identity, Switch(0, find(wishes.scenario or DEFAULT_SCENARIO), 1.0, orders_per_day))
        return identity
    if wishes.seed is not None and wishes.seed != identity.seed:
        raise ShopError(
            f"shop: this shop has the seed {identity.seed}, which cannot be changed to {wishes.seed}. Leave --seed out, or use an empty database."
        )
    for name in ("time_zone", "currency", "locale"):
        asked, kept = getattr(settings, name), getattr(identity, name)
        if asked != kept:
            raise ShopError(
                f"shop: this shop was opened with {name} {kept}, which cannot be changed to {asked}. "
                f"Set SHOPLAKE_{name.upper()} to {kept}, or use an empty database."
            )
    return identity


def _opening(time_zone: str) -> datetime:
    try:
        return _OPENING_DAY.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise SettingsError(
            f"settings: SHOPLAKE_TIME_ZONE {time_zone} is not a known time zone. Give a name such as Asia/Ho_Chi_Minh."
        ) from problem


def _check_locale(locale: str) -> None:
    from faker.config import AVAILABLE_LOCALES

    if locale not in AVAILABLE_LOCALES:
        raise SettingsError(f"settings: SHOPLAKE_LOCALE {locale} is not a locale that faker knows. Give one such as vi_VN or en_US.")
