"""Which scenario, how strong, and how many orders a day, from which tick on; and what that means for each tick."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from gen_data.behaviour.seasons import usual_orders
from gen_data.clock import TICKS_PER_DAY, ShopClock
from gen_data.randomness import FloatArray, IntArray
from gen_data.scenarios.influence import FRAUD_KIND_COUNT, HOURS_PER_DAY
from gen_data.scenarios.offers import Offer, PromotionKind, offers_of
from gen_data.scenarios.scenario import Scenario, influence_of
from shoplake.core.errors import SettingsError

# A promotion's id: the tick in which it began, and a digit for its kind.
_IDS_PER_TICK = 10
_KIND_DIGITS: dict[PromotionKind, int] = {"flash_sale": 1, "voucher": 2, "campaign": 3}


class Switch(NamedTuple):
    """From ``from_tick`` on the shop behaves like ``scenario``, ``intensity`` times as strong, and on an ordinary day sells ``orders_per_day``."""

    from_tick: int
    scenario: Scenario
    intensity: float
    orders_per_day: int


def promotion_start(promotion_id: int) -> int:
    """The tick in which a promotion began."""
    return promotion_id // _IDS_PER_TICK


def check_orders_per_day(orders_per_day: int) -> None:
    """Raise SettingsError unless a shop can sell so much on an ordinary day."""
    if not 1 <= orders_per_day <= 5_000_000:
        raise SettingsError(f"generate: {orders_per_day} orders per day are not possible. Give 1 to 5,000,000.")


class Conditions(NamedTuple):
    """What each tick of a stretch is like: arrays of one length; rates and shares are 0 to 1.

    ``base_orders`` come on average as on a normal day, of which
    ``kept_share`` is kept, and ``extra_orders`` more through the scenario. The
    discount goes to products whose popularity rank is below
    ``discounted_count``, under ``promotion_id`` (0: none). The factor of
    returns is for what is delivered in the tick, those of loss and transit for
    what is ordered in it. Products of a rank below
    ``suspended_count`` are not replenished. ``fraud_rates`` has a column for
    each kind of fraud: campaigns that begin on average. ``blast_id`` is the
    promotion of a voucher campaign (0: none).
    """

    base_orders: FloatArray
    extra_orders: FloatArray
    kept_share: FloatArray
    orders_per_day: FloatArray
    discount_rate: FloatArray
    discounted_count: IntArray
    promotion_id: IntArray
    return_factor: FloatArray
    loss_factor: FloatArray
    transit_factor: FloatArray
    suspended_count: IntArray
    fraud_rates: FloatArray
    blast_id: IntArray
    blast_discount: FloatArray
    blast_lift: FloatArray
    blast_audience_share: FloatArray
    dirty_rate: FloatArray


class Promotion(NamedTuple):
    """A row of promotions: instants in microseconds since 1970. It ends as planned when it begins, whatever is switched later."""

    promotion_id: int
    code: str
    name: str
    kind: str
    discount_rate: float
    starts_at: int
    ends_at: int


class _Running(NamedTuple):
    """A promotion between two ticks in which one switch keeps it running. It began at ``start_tick``; its id says so."""

    promotion_id: int
    offer: Offer
    day: date
    start_tick: int
    from_tick: int
    end_tick: int
    closing_tick: int


class Schedule:
    """All recorded switches, in the order of their ticks; the first is at tick 0."""

    def __init__(self, switches: list[Switch]) -> None:
        self.switches = sorted(switches, key=lambda switch: switch.from_tick)
        self._from_ticks = [switch.from_tick for switch in self.switches]

    def at(self, tick: int) -> Switch:
        """The switch in force at a tick."""
        return self.switches[bisect_right(self._from_ticks, tick) - 1]

    def after(self, tick: int) -> list[Switch]:
        """The switches that are to come after a tick."""
        return self.switches[bisect_right(self._from_ticks, tick) :]

    def conditions(self, clock: ShopClock, ticks: IntArray) -> Conditions:
        """What the ticks, at least one and rising, are like. A tick's conditions depend on no other tick that is asked for."""
        hours, days = clock.hours_and_days(ticks)
        usual = usual_orders(hours, days)
        made = _empty(len(ticks))
        first_tick, end_tick = int(ticks[0]), int(ticks[-1]) + 1
        for position, from_tick, until_tick in self._in_force(first_tick, end_tick):
            switch, rows = self.switches[position], _rows(ticks, from_tick, until_tick)
            _fill(made, rows, hours[rows], usual[rows] * switch.orders_per_day, switch)
        for running in self._running(clock, first_tick, end_tick):
            ids = made.blast_id if running.offer.kind == "voucher" else made.promotion_id
            ids[_rows(ticks, running.from_tick, running.end_tick)] = running.promotion_id
        return made

    def promotions_begun(self, clock: ShopClock, first_tick: int, end_tick: int) -> list[Promotion]:
        """The promotions that begin in the ticks from ``first_tick`` up to ``end_tick``, in the order of their begin."""
        begun = [running for running in self._running(clock, first_tick, end_tick) if running.start_tick == running.from_tick]
        return [
            Promotion(
                promotion_id=running.promotion_id,
                code=f"{running.offer.kind.partition('_')[0].upper()}-{running.day:%Y%m%d}-{running.promotion_id}",
                name=f"{running.offer.name} on {running.day}",
                kind=running.offer.kind,
                discount_rate=running.offer.discount_rate,
                starts_at=clock.instant(running.start_tick),
                ends_at=clock.instant(running.closing_tick),
            )
            for running in sorted(begun, key=lambda running: running.promotion_id)
        ]

    def _in_force(self, first_tick: int, end_tick: int) -> Iterator[tuple[int, int, int]]:
        """The positions of the switches in force between two ticks, each with the ticks between which it is."""
        position = bisect_right(self._from_ticks, first_tick) - 1
        while first_tick < end_tick:
            until_tick = self._from_ticks[position + 1] if position + 1 < len(self.switches) else end_tick
            yield position, first_tick, min(until_tick, end_tick)
            first_tick, position = until_tick, position + 1

    def _running(self, clock: ShopClock, first_tick: int, end_tick: int) -> Iterator[_Running]:
        """The promotions that run between two ticks, cut where a day or a switch begins."""
        for position, from_tick, until_tick in self._in_force(first_tick, end_tick):
            offers = self._offers(position)
            while offers and from_tick < until_tick:
                day = clock.local(from_tick).date()
                day_end = min(until_tick, _at_hour(clock, day, HOURS_PER_DAY))
                for offer in offers:
                    opening, closing = _at_hour(clock, day, offer.first_hour), _at_hour(clock, day, offer.end_hour)
                    runs_from, runs_until = max(from_tick, opening), min(day_end, closing)
                    if runs_from < runs_until:
                        start = self._start(position, offer, opening)
                        promotion_id = start * _IDS_PER_TICK + _KIND_DIGITS[offer.kind]
                        yield _Running(promotion_id, offer, day, start, runs_from, runs_until, closing)
                from_tick = day_end

    def _start(self, position: int, offer: Offer, opening: int) -> int:
        """Where an offer that opens at a tick of a day began, going back over switches that left it as it was."""
        while self._from_ticks[position] > opening and position > 0 and offer in self._offers(position - 1):
            position -= 1
        return max(opening, self._from_ticks[position])

    def _offers(self, position: int) -> tuple[Offer, ...]:
        switch = self.switches[position]
        return offers_of(switch.scenario, switch.intensity)


def _empty(count: int) -> Conditions:
    rates, counts = np.zeros((12, count)), np.zeros((4, count), dtype=np.int64)
    return Conditions(
        base_orders=rates[0],
        extra_orders=rates[1],
        kept_share=rates[2],
        orders_per_day=rates[3],
        discount_rate=rates[4],
        discounted_count=counts[0],
        promotion_id=counts[1],
        return_factor=rates[5],
        loss_factor=rates[6],
        transit_factor=rates[7],
        suspended_count=counts[2],
        fraud_rates=np.zeros((count, FRAUD_KIND_COUNT)),
        blast_id=counts[3],
        blast_discount=rates[8],
        blast_lift=rates[9],
        blast_audience_share=rates[10],
        dirty_rate=rates[11],
    )


def _fill(made: Conditions, rows: slice, hours: IntArray, base_orders: FloatArray, switch: Switch) -> None:
    influence = influence_of(switch.scenario, switch.intensity)
    demand_factor = influence.demand_factor[hours]
    made.base_orders[rows] = base_orders
    made.extra_orders[rows] = base_orders * np.maximum(demand_factor - 1.0, 0.0)
    made.kept_share[rows] = np.minimum(demand_factor, 1.0)
    made.orders_per_day[rows] = switch.orders_per_day
    made.discount_rate[rows] = influence.discount_rate[hours]
    made.discounted_count[rows] = influence.discounted_count[hours]
    made.return_factor[rows] = influence.return_factor
    made.loss_factor[rows] = influence.loss_factor
    made.transit_factor[rows] = influence.transit_factor
    made.suspended_count[rows] = influence.suspended_count
    made.fraud_rates[rows] = influence.fraud_campaigns / TICKS_PER_DAY
    made.blast_discount[rows] = influence.voucher.discount_rate
    made.blast_lift[rows] = influence.voucher.lift
    made.blast_audience_share[rows] = influence.voucher.audience_share
    made.dirty_rate[rows] = influence.dirty_rate


def _rows(ticks: IntArray, from_tick: int, until_tick: int) -> slice:
    return slice(*np.searchsorted(ticks, (from_tick, until_tick)).tolist())


@lru_cache(maxsize=1_024)
def _at_hour(clock: ShopClock, day: date, hour: int) -> int:
    """The tick in which a local hour of a day begins; 24 is the next midnight."""
    return clock.tick_at(datetime.combine(day, time()) + timedelta(hours=hour))
