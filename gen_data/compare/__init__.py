"""The true effect of a scenario: what it changes in every KPI of the shop, against a twin of the same seed, traced to the orders that make it."""

from dataclasses import dataclass, replace
from datetime import datetime

import psycopg

from gen_data.compare.differences import Differences, lay_side_by_side
from gen_data.compare.facts import read_facts
from gen_data.compare.kpis import Effect, effects
from gen_data.compare.twins import Terms, Twins, agree, live_apart, warm_up
from gen_data.scenarios.expects import Result, expectations_hold
from gen_data.scenarios.scenario import Expectation
from gen_data.shop import connect, existing_identity, explained


@dataclass(frozen=True)
class Period:
    """What a scenario did, as far as it is known at the end, to everything that came in some days."""

    effects: list[Effect]
    differences: Differences


@dataclass(frozen=True)
class Comparison:
    """What a scenario did to what came ``during`` the compared days, to what had come ``before`` and was still on its way, and ``after``.

    ``unasked`` are expectations that take more days under the scenario to
    show. Against another base than a normal day there are no verdicts: nothing
    is promised.
    """

    twins: Twins
    before: Period
    during: Period
    after: Period
    verdicts: list[Result]
    unasked: list[Expectation]


def compare(twins: Twins) -> Comparison:
    """Lay twins side by side. Raises ServiceError when PostgreSQL does not answer."""
    terms = twins.terms
    with explained(), connect(twins.shop.shop_dsn) as shop, connect(twins.twin.shop_dsn) as twin:
        identity = existing_identity(shop)
        windows = ((identity.opened_at, twins.begins), (twins.begins, twins.ends), (twins.ends, twins.now))
        before, during, after = (_period(shop, twin, *window) for window in windows)
        promised = () if terms.base.effects else terms.scenario.scaled(terms.intensity).expects
        asked = tuple(expectation for expectation in promised if expectation.days_later < terms.days)
        day = twins.begins.astimezone(identity.clock.zone).date()
        verdicts = expectations_hold(shop, twin, replace(terms.scenario, expects=asked), day)
    unasked = [expectation for expectation in promised if expectation not in asked]
    return Comparison(twins, before, during, after, verdicts, unasked)


def _period(shop: psycopg.Connection, twin: psycopg.Connection, begins: datetime, ends: datetime) -> Period:
    differences = lay_side_by_side(read_facts(shop, begins, ends), read_facts(twin, begins, ends))
    return Period(effects(differences), differences)


__all__ = ["Comparison", "Effect", "Period", "Terms", "Twins", "agree", "compare", "live_apart", "warm_up"]
