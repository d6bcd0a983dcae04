"""Whether what a scenario promises is so: its day held against the same day of a twin, by SQL."""

from dataclasses import dataclass
from datetime import date, timedelta

import psycopg

from gen_data.scenarios.effects import Hours
from gen_data.scenarios.scenario import Expectation, Scenario


@dataclass(frozen=True)
class Result:
    """What an expectation came to. A value is None where there was nothing to measure, and then the expectation does not hold."""

    expectation: Expectation
    value: float | None
    normal: float | None
    holds: bool

    def __str__(self) -> str:
        return f"{self.expectation}: {_text(self.value)} against {_text(self.normal)}{'' if self.holds else ', which it is not'}"


def expectations_hold(shop: psycopg.Connection, twin: psycopg.Connection, scenario: Scenario, day: date) -> list[Result]:
    """Measure what a scenario must show on a local day of ``shop``, where it is in force, against ``twin``, where it is not.

    The twin has the same seed and orders per day. What shows later is looked
    for so many days after ``day``; both shops' clocks must have passed it.
    """
    return [_result(shop, twin, expectation, day) for expectation in scenario.expects]


def window(connection: psycopg.Connection, day: date, during: Hours) -> dict[str, object]:
    """The instants from ``begins`` up to ``ends`` of some hours of a shop's local day."""
    row = connection.execute(
        """
        select (%(day)s::timestamp + %(first)s * interval '1 hour') at time zone time_zone,
               (%(day)s::timestamp + %(end)s * interval '1 hour') at time zone time_zone
        from shop_control.shop
        """,
        {"day": day, "first": during.first, "end": during.end},
    ).fetchone()
    assert row is not None  # noqa: S101 - an opened shop says who it is
    return {"begins": row[0], "ends": row[1]}


def _result(shop: psycopg.Connection, twin: psycopg.Connection, expectation: Expectation, day: date) -> Result:
    when = day + timedelta(days=expectation.days_later)
    value, normal = (expectation.measure.read(connection, window(connection, when, expectation.during)) for connection in (shop, twin))
    return Result(expectation, value, normal, value is not None and normal is not None and expectation.is_met(value, normal))


def _text(value: float | None) -> str:
    return "nothing to measure" if value is None else f"{value:,.4g}"
