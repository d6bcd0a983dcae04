from datetime import UTC, date, datetime

import numpy as np
import pytest

from gen_data.report import published
from gen_data.report.findings import Finding, find
from gen_data.report.observed import Observed, Part, Visits
from gen_data.report.published import Figure, Measure

pytestmark = pytest.mark.unit

NOTHING = np.zeros(0, dtype=np.int64)


def observed(**given):
    fields = {
        "now": datetime(2027, 1, 1, tzinfo=UTC),
        "visits": Visits(0, 0, 0, 0, 0, 0),
        "carts_by_month": [],
        "returns_by_channel": [],
        "orders_by_hour": np.zeros(24, dtype=np.int64),
        "orders_by_pieces": NOTHING,
        "pieces_by_product": NOTHING,
        "ordered_again": NOTHING,
        "not_yet": NOTHING,
    }
    return Observed(**(fields | given))


def value_of(measure, **given):
    (finding,) = [finding for finding in find(observed(**given)) if finding.measure is measure]
    return finding


def test_a_shop_without_rows_has_no_values_and_agrees_with_nothing():
    assert {(finding.value, finding.agrees) for finding in find(observed())} == {(None, None)}


def test_shares_are_in_percent_of_all_parts_together():
    carts = [Part(date(2026, 1, 1), 6, 10), Part(date(2026, 2, 1), 29, 40)]
    assert value_of(published.CART_ABANDONMENT, carts_by_month=carts).value == 70.0
    visits = Visits(count=200, bounced=90, searched=14, looked=110, filled_cart=20, bought=6)
    assert value_of(published.CONVERSION, visits=visits).value == 3.0
    assert value_of(published.CARTS_FILLED, visits=visits).value == 10.0
    assert value_of(published.BOUNCES, visits=visits).value == 45.0
    assert value_of(published.SEARCHES, visits=visits).value == 7.0
    assert value_of(published.RETURNS, returns_by_channel=[Part("Tiki", 1, 8)]).value == 12.5


def test_the_busiest_hours_are_those_with_most_orders():
    hours = np.ones(24, dtype=np.int64)
    hours[[11, 20]] = 5, 9
    baskets = np.array([0, 1])
    assert value_of(published.BUSIEST_HOUR, orders_by_hour=hours, orders_by_pieces=baskets).value == 20
    assert value_of(published.BUSIEST_HOUR_OF_THE_MORNING, orders_by_hour=hours, orders_by_pieces=baskets).value == 11
    assert value_of(published.BASKET_SIZE, orders_by_hour=hours, orders_by_pieces=np.array([0, 1, 0, 3])).value == 2.5


def test_repeat_purchases_of_a_young_shop_are_told_but_not_judged():
    again, waiting = np.zeros(400, dtype=np.int64), np.zeros(400, dtype=np.int64)
    again[30], waiting[399] = 30, 70
    old = value_of(published.REPEAT_PURCHASES, ordered_again=again, not_yet=waiting)
    assert (old.value, old.note, old.agrees) == (pytest.approx(30), "", True)
    waiting[[50, 399]] = 70, 0
    young = value_of(published.REPEAT_PURCHASES, ordered_again=again[:51], not_yet=waiting[:51])
    assert (young.value, young.note, young.agrees) == (pytest.approx(30), "within 50 days: the shop is no older", None)


def test_a_second_order_after_more_than_a_year_does_not_count():
    again, waiting = np.zeros(400, dtype=np.int64), np.zeros(400, dtype=np.int64)
    again[30], again[380], waiting[399] = 30, 20, 50
    assert value_of(published.REPEAT_PURCHASES, ordered_again=again, not_yet=waiting).value == pytest.approx(30)


def test_a_shop_agrees_within_the_widest_published_bounds():
    figures = [Figure(low, high, "", "somebody", 2020, "https://example.com") for low, high in ((3, 3), (2, 4), (3.5, 5))]
    measure = Measure("something", "%", tuple(figures))
    assert [Finding(measure, value).agrees for value in (1.9, 2.0, 5.0, 5.1)] == [False, True, True, False]


def test_every_published_figure_names_its_source():
    measures = [value for value in vars(published).values() if isinstance(value, Measure)]
    assert len(measures) == len(find(observed()))
    for figure in [figure for measure in measures for figure in measure.figures]:
        assert figure.low <= figure.high
        assert figure.source
        assert figure.says
        assert 1900 < figure.year <= 2026
        assert figure.url.startswith("http")
