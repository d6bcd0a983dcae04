from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen_data.clock import TICKS_PER_DAY, ShopClock, to_datetime
from gen_data.scenarios import FLASH_SALE, FRAUD_ATTACK, NORMAL_DAY, PROMOTION_BLAST, RETURNS_WAVE, STOCKOUT, find, together
from gen_data.scenarios.effects import BestSellers, Demand, Discount, Hours
from gen_data.scenarios.scenario import Scenario
from gen_data.schedule import Schedule, Switch
from gen_data.schema.promotions import PROMOTION_KINDS

pytestmark = pytest.mark.unit

HANOI = ShopClock(datetime(2025, 12, 31, 17, tzinfo=UTC), ZoneInfo("Asia/Ho_Chi_Minh"))
# The clocks go forward on the second day.
BERLIN = ShopClock(datetime(2026, 3, 27, 23, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
# And back on the second day.
NEW_YORK = ShopClock(datetime(2026, 10, 31, 4, tzinfo=UTC), ZoneInfo("America/New_York"))
DAY = np.arange(TICKS_PER_DAY)
SLOW_MORNING = Scenario("slow_morning", "", (Demand(0.25, during=Hours(6, 9)), Discount(0.1, of=BestSellers(9))))
SPAN = 3 * TICKS_PER_DAY

schedules = st.lists(
    st.builds(
        Switch,
        from_tick=st.integers(0, SPAN),
        scenario=st.sampled_from(
            (
                NORMAL_DAY,
                FLASH_SALE,
                FRAUD_ATTACK,
                PROMOTION_BLAST,
                RETURNS_WAVE,
                STOCKOUT,
                SLOW_MORNING,
                together([FLASH_SALE, SLOW_MORNING]),
            )
        ),
        intensity=st.sampled_from((0.5, 1.0, 2.0)),
        orders_per_day=st.integers(1, 3_000),
    ),
    unique_by=lambda switch: switch.from_tick,
    max_size=6,
).map(lambda switches: Schedule([Switch(0, FLASH_SALE, 1.0, 500), *(switch for switch in switches if switch.from_tick > 0)]))
clocks = st.sampled_from((HANOI, BERLIN, NEW_YORK))
cuts = st.lists(st.integers(1, SPAN - 1), max_size=8, unique=True).map(lambda inner: list(pairwise([0, *sorted(inner), SPAN])))


def conditions_of(scenario, ticks=DAY, intensity=1.0, orders_per_day=1_000):
    return Schedule([Switch(0, scenario, intensity, orders_per_day)]).conditions(HANOI, ticks)


def test_a_year_of_normal_days_brings_the_asked_orders_a_day_with_the_large_sale_days_on_top():
    year = conditions_of(NORMAL_DAY, np.arange(365 * TICKS_PER_DAY))
    assert year.base_orders.sum() == pytest.approx(365_000, rel=0.03)
    neutral = {name: set(np.unique(getattr(year, name))) for name in year._fields if name not in {"base_orders", "orders_per_day"}}
    ones = {"kept_share", "return_factor", "loss_factor", "transit_factor", "blast_lift"}
    assert neutral == {name: {1.0 if name in ones else 0.0} for name in neutral}


def test_a_flash_sale_adds_orders_and_gives_discount_in_its_two_hours_and_leaves_the_base_as_it_is():
    normal, sale = conditions_of(NORMAL_DAY), conditions_of(FLASH_SALE)
    is_sale = (DAY // 60 == 20) | (DAY // 60 == 21)
    assert np.array_equal(sale.base_orders, normal.base_orders)
    assert np.allclose(sale.extra_orders, np.where(is_sale, 5, 0) * normal.base_orders)
    assert np.array_equal(sale.discount_rate, np.where(is_sale, 0.4, 0.0))
    assert np.array_equal(sale.discounted_count, np.where(is_sale, 50, 0))
    assert np.array_equal(sale.promotion_id > 0, is_sale)


def test_less_demand_keeps_a_share_of_the_base():
    slow = conditions_of(SLOW_MORNING)
    is_slow = (DAY // 60 >= 6) & (DAY // 60 < 9)
    assert np.array_equal(slow.kept_share, np.where(is_slow, 0.25, 1.0))
    assert not slow.extra_orders.any()


def test_every_effect_reaches_its_conditions_at_its_intensity():
    made = conditions_of(together([FRAUD_ATTACK, PROMOTION_BLAST, RETURNS_WAVE, STOCKOUT, find("dirty_data")]), intensity=2.0)
    fraud = FRAUD_ATTACK.effects[0]
    assert made.fraud_rates.sum(axis=0) == pytest.approx(
        [2 * fraud.card_testing, 2 * fraud.account_takeover, 2 * fraud.refund_abuse, 2 * fraud.promo_abuse]
    )
    (blast,), (carriers, returns), (_, halt), (dirt,) = (
        scenario.effects for scenario in (PROMOTION_BLAST, RETURNS_WAVE, STOCKOUT, find("dirty_data"))
    )
    found = {name: set(getattr(made, name).tolist()) for name in made._fields if name != "fraud_rates"}
    assert found["blast_discount"] == {2 * blast.discount_rate}
    assert found["blast_lift"] == {1 + 2 * (blast.lift - 1)}
    assert found["blast_audience_share"] == {blast.audience_share}
    assert found["return_factor"] == {1 + 2 * (returns.factor - 1)}
    assert found["loss_factor"] == {1 + 2 * (carriers.loss_factor - 1)}
    assert found["transit_factor"] == {1 + 2 * (carriers.transit_factor - 1)}
    assert found["suspended_count"] == {2 * halt.of.count}
    assert found["dirty_rate"] == {2 * dirt.rate}


def test_a_switch_holds_from_its_tick_until_the_next():
    schedule = Schedule([Switch(30, FLASH_SALE, 1.0, 10), Switch(0, NORMAL_DAY, 1.0, 5), Switch(40, NORMAL_DAY, 2.0, 5)])
    assert [schedule.at(tick).scenario.name for tick in (0, 29, 30, 39, 40, 99)] == [
        "normal_day", "normal_day", "flash_sale", "flash_sale", "normal_day", "normal_day",
    ]  # fmt: skip
    assert [switch.from_tick for switch in schedule.after(30)] == [40]
    assert np.unique(schedule.conditions(HANOI, np.arange(28, 42)).orders_per_day, return_counts=True)[1].tolist() == [4, 10]


@settings(max_examples=50, deadline=None)
@given(schedules, clocks, cuts)
def test_conditions_and_promotions_do_not_depend_on_how_ticks_are_cut(schedule, clock, pieces):
    whole = schedule.conditions(clock, np.arange(SPAN))
    parts = [schedule.conditions(clock, np.arange(first, end)) for first, end in pieces]
    for name in whole._fields:
        assert np.array_equal(getattr(whole, name), np.concatenate([getattr(part, name) for part in parts])), name
    scattered = np.array([first for first, _ in pieces])
    assert np.array_equal(schedule.conditions(clock, scattered).promotion_id, whole.promotion_id[scattered])
    begun = [promotion for first, end in pieces for promotion in schedule.promotions_begun(clock, first, end)]
    assert begun == schedule.promotions_begun(clock, 0, SPAN)


@settings(max_examples=50, deadline=None)
@given(schedules, clocks)
def test_every_promotion_that_a_tick_names_has_begun_and_not_ended_and_gives_what_the_tick_gives(schedule, clock):
    made = schedule.conditions(clock, np.arange(SPAN))
    promotions = {promotion.promotion_id: promotion for promotion in schedule.promotions_begun(clock, 0, SPAN)}
    assert len({promotion.code for promotion in promotions.values()}) == len(promotions)
    for ids, rates, kinds in (
        (made.promotion_id, made.discount_rate, {"flash_sale", "campaign"}),
        (made.blast_id, made.blast_discount, {"voucher"}),
    ):
        assert np.array_equal(ids > 0, rates > 0)
        for promotion_id in np.unique(ids[ids > 0]).tolist():
            promotion, ticks = promotions[promotion_id], np.flatnonzero(ids == promotion_id)
            assert promotion.starts_at == clock.instant(int(ticks[0]))
            assert clock.instant(int(ticks[-1]) + 1) <= promotion.ends_at
            assert set(rates[ticks].tolist()) == {promotion.discount_rate}
            assert promotion.kind in kinds
    assert set(promotions) == set(np.unique(np.concatenate([made.promotion_id, made.blast_id])).tolist()) - {0}


@settings(max_examples=50, deadline=None)
@given(schedules, clocks, st.integers(1, SPAN - 1))
def test_a_promotion_that_has_begun_is_not_changed_by_what_is_switched_later(schedule, clock, tick):
    known = Schedule([switch for switch in schedule.switches if switch.from_tick < tick])
    assert known.promotions_begun(clock, 0, tick) == schedule.promotions_begun(clock, 0, tick)
    assert np.array_equal(known.conditions(clock, np.arange(tick)).promotion_id, schedule.conditions(clock, np.arange(tick)).promotion_id)


def test_a_sale_goes_on_through_a_switch_that_leaves_it_as_it_is_and_is_another_one_the_next_day():
    schedule = Schedule([Switch(0, FLASH_SALE, 1.0, 100), Switch(20 * 60 + 30, find("flash_sale+stockout"), 1.0, 300)])
    first, second = schedule.promotions_begun(HANOI, 0, 2 * TICKS_PER_DAY)
    assert (first.kind, first.discount_rate) == ("flash_sale", 0.4)
    assert first.name == "40% off the 50 best-selling products on 2026-01-01"
    assert to_datetime(first.starts_at).astimezone(HANOI.zone) == datetime(2026, 1, 1, 20, tzinfo=HANOI.zone)
    assert to_datetime(first.ends_at - first.starts_at) == datetime(1970, 1, 1, 2, tzinfo=UTC)
    assert to_datetime(second.starts_at) - to_datetime(first.starts_at) == timedelta(days=1)


def test_kinds_of_promotions_are_those_that_the_shop_knows():
    schedule = Schedule([Switch(0, together([FLASH_SALE, PROMOTION_BLAST]), 1.0, 100), Switch(TICKS_PER_DAY, SLOW_MORNING, 1.0, 100)])
    assert {promotion.kind for promotion in schedule.promotions_begun(HANOI, 0, SPAN)} == set(PROMOTION_KINDS)
