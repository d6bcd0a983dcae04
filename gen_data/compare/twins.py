"""Two shops with one past: one lives through a scenario, its twin through the same days without it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gen_data.clock import TICKS_PER_DAY
from gen_data.generate import Generated, backfill
from gen_data.scenarios import NORMAL_DAY, Scenario, check_intensity, find
from gen_data.schedule import check_orders_per_day
from gen_data.shop import connect, existing_identity, explained, switch_scenario
from gen_data.simulate.state import read_counters
from shoplake.core.errors import SettingsError
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings

DEFAULT_WARM_UP, DEFAULT_DAYS_AFTER = 7, 14
DEFAULT_ORDERS_PER_DAY = 500
_MOST_DAYS = 365

# Gives the settings of a new shop that is what another is now.
CopyOf = Callable[[Settings], Settings]


@dataclass(frozen=True)
class Terms:
    """What is compared: ``days`` under a scenario, so many times as strong, with as many under the base; then ``days_after`` normal ones.

    In the days after, parcels arrive and goods come back.
    """

    scenario: Scenario
    base: Scenario
    intensity: float
    days: int
    days_after: int


@dataclass(frozen=True)
class Twins:
    """Two shops with one past: ``shop`` lived through the scenario from ``begins`` up to ``ends``, ``twin`` through the base; both stand at ``now``."""

    shop: Settings
    twin: Settings
    terms: Terms
    seed: int
    begins: datetime
    ends: datetime
    now: datetime


def agree(
    scenario: str, base: str = NORMAL_DAY.name, intensity: float = 1.0, days: int | None = None, days_after: int = DEFAULT_DAYS_AFTER
) -> Terms:
    """The terms of a comparison; without ``days`` as many as the scenario needs to show all that it promises.

    Raises ShopError for an unknown scenario, SettingsError for numbers that cannot be.
    """
    wanted = find(scenario)
    check_intensity(intensity)
    if days is None:
        days = 1 + max((expectation.days_later for expectation in wanted.expects), default=0)
    _check_days(days, 1, "days")
    _check_days(days_after, 0, "days after")
    return Terms(wanted, find(base), intensity, days, days_after)


def warm_up(
    shop: Settings,
    days: int = DEFAULT_WARM_UP,
    orders_per_day: int = DEFAULT_ORDERS_PER_DAY,
    seed: int | None = None,
    progress: Progress = silent,
) -> Settings:
    """Let normal days pass in an empty database, so that a shop with customers, stock and parcels on their way stands there; returns it.

    Raises what :func:`gen_data.shop.own_shop` raises, and SettingsError for numbers that cannot be.
    """
    _check_days(days, 1, "days of warm-up")
    check_orders_per_day(orders_per_day)
    backfill(shop, days, NORMAL_DAY.name, orders_per_day, seed, _named("warm-up", progress))
    return shop


def live_apart(copy_of: CopyOf, past: Settings, terms: Terms, progress: Progress = silent, twin: Settings | None = None) -> Twins:
    """Let two copies of a shop live through what is to be compared; the shop itself stays as it is.

    A ``twin`` of an earlier comparison with a normal day may be given: it lives
    on as far as it has not yet. Raises what :func:`gen_data.shop.own_shop`
    raises, ValueError for a twin that cannot be used again.
    """
    shop = copy_of(past)
    lived = _live(shop, terms, terms.scenario, terms.intensity, _named("with", progress))
    if twin is None:
        twin = copy_of(past)
        _live(twin, terms, terms.base, 1.0, _named("without", progress))
    else:
        _live_on(twin, terms, lived.clock_to, _named("without", progress))
    begins = lived.clock_from
    return Twins(shop, twin, terms, lived.seed, begins, begins + timedelta(days=terms.days), lived.clock_to)


def _live(shop: Settings, terms: Terms, scenario: Scenario, intensity: float, progress: Progress) -> Generated:
    switch_scenario(shop, scenario.name, intensity, terms.days * TICKS_PER_DAY)
    return backfill(shop, terms.days + terms.days_after, progress=progress)


def _live_on(twin: Settings, terms: Terms, until: datetime, progress: Progress) -> None:
    with explained(), connect(twin.shop_dsn) as connection:
        now = existing_identity(connection).clock.moment(read_counters(connection).next_tick)
    if terms.base.effects or now > until:
        raise ValueError("a twin can be used again only on normal days, and only where it has not lived longer than the shop")
    if now < until:
        backfill(twin, (until - now).days, progress=progress)


def _named(said: str, progress: Progress) -> Progress:
    def named(step: str, done: int, total: int | None = None) -> None:
        progress(f"{said}: {step}", done, total)

    return named


def _check_days(days: int, least: int, what: str) -> None:
    if not least <= days <= _MOST_DAYS:
        raise SettingsError(f"compare: {days} {what} are not possible. Give {least} to {_MOST_DAYS}.")
