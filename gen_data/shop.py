"""Getting hold of a shop: its database checked and brought up to date, its clock owned by one at a time, its doors opened once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from psycopg import errors

from gen_data.identity import Identity, read_identity, read_schedule, record_switch
from gen_data.opening import open_shop
from gen_data.scenarios import find
from gen_data.schedule import Switch
from gen_data.state import State, load, read_counters
from shoplake.core.errors import ServiceError, SettingsError, ShopError, StorageError
from shoplake.core.lock import only_one
from shoplake.core.settings import Settings

CLOCK_LOCK = "shop clock"
DEFAULT_SEED = 42
DEFAULT_SCENARIO = "normal_day"
# A shop's time is its own: every shop opens at midnight of this day in its time zone.
_OPENING_DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - the zone is the shop's

_VERSIONS_FOLDER = Path(__file__).parent / "schema" / "migrations" / "versions"


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

    A scenario or number of orders that differs is recorded as a switch at the tick where the clock stands.
    """

    scenario: str | None = None
    orders_per_day: int | None = None
    seed: int | None = None

    def check(self) -> None:
        """Raise ShopError for an unknown scenario, SettingsError for a number that cannot be."""
        if self.scenario is not None:
            find(self.scenario)
        if self.orders_per_day is not None and not 1 <= self.orders_per_day <= 5_000_000:
            raise SettingsError(f"generate: {self.orders_per_day} orders per day are not possible. Give 1 to 5,000,000.")
        if self.seed is not None and not -(2**63) <= self.seed < 2**63:
            raise SettingsError(f"generate: the seed {self.seed} is too large. Give a whole number of at most 18 digits.")


@contextmanager
def explained() -> Iterator[None]:
    """Turn what PostgreSQL says about itself, not about the rows, into our errors.

    Raises ServiceError when it cannot be reached or went away, StorageError when its disk is full.
    """
    try:
        yield
    except errors.DiskFull as problem:
        raise StorageError(
            f"shop: PostgreSQL's disk is full ({_first_line(problem)}). Free some space and run the command again: nothing half-done was kept."
        ) from problem
    except (psycopg.OperationalError, psycopg.InterfaceError) as problem:
        raise ServiceError(
            f"shop: PostgreSQL does not answer ({_first_line(problem)}). Start it with `shoplake up` and run the command again: "
            "nothing half-done was kept."
        ) from problem


@contextmanager
def own_shop(settings: Settings, wishes: Wishes, wait: bool = True, on_wait: Callable[[str], None] | None = None) -> Iterator[Shop]:
    """Own the clock of the shop at ``settings.shop_dsn`` while the body runs; the shop is made and opened where there is none.

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
            with connection.transaction():
                identity = _open(connection, settings, wishes)
                _switch(connection, wishes)
                state = load(connection, identity)
        yield Shop(connection, identity, state)


def connect(dsn: str) -> psycopg.Connection:
    """A session of the generator, in autocommit: transactions are always explicit."""
    return psycopg.connect(dsn, autocommit=True, application_name="shoplake generate", options="-c timezone=UTC")


def migrate(dsn: str) -> None:
    """Bring the shop's database to this version's schema; a new one gets all of it.

    Raises ShopError when the database holds tables that are not ours, or a later version.
    """
    versions = sorted(path.name.partition("_")[0] for path in _VERSIONS_FOLDER.glob("[0-9]*.py"))
    with connect(dsn) as connection:
        version = _version(connection)
    if version == versions[-1]:
        return
    if version is not None and version not in versions:
        raise ShopError(
            f"shop: the database is of version {version}, and this Shoplake knows {versions[-1]} at most. Use a newer Shoplake."
        )
    # Alembic takes a third of a second to import, and is needed once.
    from gen_data.schema.upgrade import upgrade

    upgrade(dsn)


def switch_scenario(settings: Settings, name: str) -> tuple[Switch, datetime]:
    """Let the shop behave like a scenario from its next tick on; returns the recorded switch and its instant (shop time, UTC).

    It falls between two steps of whoever owns the clock, who follows it at once.
    Raises ShopError when there is no such scenario or no shop yet.
    """
    scenario = find(name)
    with explained(), connect(settings.shop_dsn) as connection, connection.transaction():
        identity = existing_identity(connection)
        tick = read_counters(connection).next_tick
        switch = Switch(tick, scenario, read_schedule(connection).at(tick).orders_per_day)
        record_switch(connection, switch)
        return switch, identity.clock.local(tick).astimezone(UTC)


def existing_identity(connection: psycopg.Connection) -> Identity:
    """The identity of a shop that must be there.

    Raises ShopError when it is not.
    """
    identity = read_identity(connection) if _version(connection) is not None else None
    if identity is None:
        raise ShopError("shop: there is no shop in this database yet. Open one with `shoplake generate --days 1`.")
    return identity


def _version(connection: psycopg.Connection) -> str | None:
    """The schema's version, or None for a database without tables."""
    row = connection.execute("select to_regclass('shop_control.alembic_version') is not null").fetchone()
    if row and row[0]:
        version = connection.execute("select version_num from shop_control.alembic_version").fetchone()
        return str(version[0]) if version else None
    foreign = connection.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'f', 'v', 'm') order by relname limit 1"
    ).fetchone()
    if foreign:
        raise ShopError(
            f"shop: the database {connection.info.dbname} is not a shop of ours: it has a table public.{foreign[0]}. Point SHOPLAKE_SHOP_URL to an empty database."
        )
    return None


def _open(connection: psycopg.Connection, settings: Settings, wishes: Wishes) -> Identity:
    identity = read_identity(connection)
    if identity is None:
        seed = DEFAULT_SEED if wishes.seed is None else wishes.seed
        identity = Identity(seed, settings.time_zone, settings.currency, settings.locale, _opening(settings.time_zone))
        orders_per_day = wishes.orders_per_day or settings.live_orders_per_day
        _check_locale(settings.locale)
        open_shop(connection, identity, Switch(0, find(wishes.scenario or DEFAULT_SCENARIO), orders_per_day))
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


def _switch(connection: psycopg.Connection, wishes: Wishes) -> None:
    """Record what the caller wants from now on, if it differs from what is in force."""
    tick = read_counters(connection).next_tick
    current = read_schedule(connection).at(tick)
    scenario = current.scenario if wishes.scenario is None else find(wishes.scenario)
    wanted = Switch(tick, scenario, wishes.orders_per_day or current.orders_per_day)
    if wanted[1:] != current[1:]:
        record_switch(connection, wanted)


def _first_line(problem: Exception) -> str:
    text = str(problem).strip()
    return text.splitlines()[0].rstrip(".") if text else type(problem).__name__
