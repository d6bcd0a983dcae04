"""Twins of a small shop, compared: what a scenario did, traced to the orders that make it."""

from datetime import timedelta

import numpy as np
import pytest

from gen_data.compare import agree, compare, live_apart, warm_up
from gen_data.compare.facts import place_of
from gen_data.ids import is_extra
from gen_data.shop import connect
from shoplake.core.errors import SettingsError, ShopError
from shoplake.stack.scratch import scratch_shops

pytestmark = [pytest.mark.integration, pytest.mark.long]

ORDERS_PER_DAY, WARM_UP, SEED = 300, 3, 12


@pytest.fixture(scope="module")
def shops(services):
    with scratch_shops(services) as made:
        yield made


@pytest.fixture(scope="module")
def past(shops):
    return warm_up(shops.empty(), WARM_UP, ORDERS_PER_DAY, SEED)


@pytest.fixture(scope="module")
def sale(shops, past):
    return compare(live_apart(shops.copy_of, past, agree("flash_sale", days=1, days_after=6)))


@pytest.fixture(scope="module")
def attack(shops, past):
    return compare(live_apart(shops.copy_of, past, agree("fraud_attack", days=1, days_after=3)))


def one(settings, query, *values):
    with connect(settings.shop_dsn) as connection:
        return connection.execute(query, values).fetchone()


def keys_of(settings, query, *values):
    with connect(settings.shop_dsn) as connection:
        return {row[0] for row in connection.execute(query, values).fetchall()}


def keys(comparison, name):
    return set(comparison.during.differences.keys[comparison.during.differences.of_class(name)].tolist())


def named(found):
    return {effect.kpi.name: effect for effect in found}


def whole(comparison):
    return [effect for period in (comparison.before, comparison.during, comparison.after) for effect in period.effects]


@pytest.mark.parametrize("comparison", ["sale", "attack"])
def test_the_orders_make_the_whole_difference_of_every_kpi(request, comparison):
    found = request.getfixturevalue(comparison)
    additive = [effect for effect in whole(found) if effect.kpi.per is None]
    assert [effect.kpi.name for effect in additive if sum(effect.parts.values()) != effect.difference] == []
    assert sum(bool(effect.difference) for effect in found.during.effects) > 10


def test_the_values_are_those_of_the_shops_tables(sale):
    """The same numbers again, each by a query of its own over a whole shop."""
    twins, found = sale.twins, named(sale.during.effects)
    for settings, side in ((twins.shop, "shop"), (twins.twin, "twin")):
        window = (twins.begins, twins.ends)
        placed = "from orders where ordered_at >= %s and ordered_at < %s"
        assert (getattr(found["orders"], side),) == one(settings, f"select count(*) {placed}", *window)
        assert (getattr(found["gross merchandise value"], side),) == one(settings, f"select sum(items_amount) {placed}", *window)
        assert (getattr(found["discounts"], side),) == one(settings, f"select sum(discount_amount) {placed}", *window)
        paid = "status <> 'cancelled' and order_id in (select order_id from payments where status = 'succeeded')"
        revenue = one(settings, f"select sum(items_amount - discount_amount), count(*) {placed} and {paid}", *window)
        assert getattr(found["revenue"], side) == revenue[0]
        assert getattr(found["average order value"], side) == round(revenue[0] / revenue[1], 2)
        refunds = (
            f"select coalesce(sum(amount), 0) from payments where status = 'refunded' and order_id in (select order_id {placed} and {paid})"
        )
        assert 0 <= getattr(found["refunds"], side) <= one(settings, refunds, *window)[0]
        assert getattr(found["net revenue"], side) == getattr(found["revenue"], side) - getattr(found["refunds"], side)
        carts = one(
            settings,
            "select count(*), count(*) filter (where status = 'abandoned') from carts where created_at >= %s and created_at < %s",
            *window,
        )
        assert (getattr(found["carts"], side), getattr(found["abandoned carts"], side)) == carts
        came = "select count(*) from customer_history where operation = 'insert' and changed_at >= %s and changed_at < %s"
        assert (getattr(found["new customers"], side),) == one(settings, came, *window)


def test_a_sale_causes_its_orders_and_leaves_alone_what_it_does_not_reach(sale):
    twins, differences = sale.twins, sale.during.differences
    caused = keys(sale, "caused")
    assert len(caused) > 30
    assert is_extra(np.array(sorted(caused))).all()
    truth = keys_of(
        twins.shop, "select order_id from ground_truth.caused_orders join orders using (order_id) where ordered_at < %s", twins.ends
    )
    assert caused == truth
    # Nothing of the sale has begun before eight in the evening.
    untouched = keys_of(
        twins.twin,
        "select order_id from orders where ordered_at >= %s and ordered_at < %s",
        twins.begins,
        twins.begins + timedelta(hours=20),
    )
    assert len(untouched) > 100
    assert untouched <= keys(sale, "same")
    changed = keys(sale, "changed")
    discounted = keys_of(twins.shop, "select order_id from order_promotions where not (order_id = any(%s))", sorted(caused))
    assert discounted
    assert discounted <= changed
    is_discounted = np.isin(differences.keys, sorted(discounted))
    assert (differences.twin[is_discounted, place_of("discount_amount")] == 0).all()
    assert sale.during.differences.changed_orders()["amount"] >= len(discounted)


def test_frauds_are_all_that_an_attack_causes_and_reach_others_only_over_accounts_and_shelves(attack):
    twins = attack.twins
    frauds = keys_of(
        twins.shop, "select order_id from ground_truth.fraud_orders join orders using (order_id) where ordered_at < %s", twins.ends
    )
    assert len(frauds) > 20
    assert keys(attack, "caused") == frauds
    assert named(attack.during.effects)["fraud orders"].parts["caused"] == len(frauds)
    reached = keys_of(
        twins.shop,
        """
        select order_id from orders where customer_id in (select customer_id from ground_truth.fraud_customers)
        union
        select order_id from order_items
        where product_id in (select product_id from order_items join ground_truth.fraud_orders using (order_id))
        """,
    )
    assert keys(attack, "changed") <= reached
    assert len(keys(attack, "same")) > 100


def test_what_had_come_before_is_reached_on_its_way(shops, past):
    found = compare(live_apart(shops.copy_of, past, agree("returns_wave", days=2, days_after=8)))
    before = named(found.before.effects)
    assert before["returned orders"].difference > 0
    assert before["returned orders"].parts["changed"] == before["returned orders"].difference
    assert before["orders"].difference == 0
    assert found.before.differences.changed_orders()["contents"] == 0


@pytest.mark.parametrize("name", ["normal_day", "flash_sale+dirty_data"])
def test_a_twin_of_itself_differs_in_nothing(shops, past, name):
    found = compare(live_apart(shops.copy_of, past, agree(name, name, days=1, days_after=2)))
    assert not found.during.differences.differs.any()
    assert len(keys(found, "same")) > 100
    assert [effect.kpi.name for effect in whole(found) if effect.difference] == []
    assert found.verdicts == []


def test_a_twin_that_lives_on_is_as_good_as_a_new_one(shops, past):
    first = live_apart(shops.copy_of, past, agree("promotion_blast", days=1, days_after=0))
    terms = agree("dirty_data", days=1, days_after=1)
    again, anew = (compare(live_apart(shops.copy_of, past, terms, twin=twin)) for twin in (first.twin, None))
    assert again.twins.twin == first.twin
    assert (again.during.differences.twin == anew.during.differences.twin).all()
    assert again.after.effects == anew.after.effects
    assert sum(effect.difference != 0 for effect in whole(again)) > 0
    with pytest.raises(ValueError, match="not lived longer"):
        live_apart(shops.copy_of, past, agree("dirty_data", days=1, days_after=0), twin=first.twin)
    with pytest.raises(ValueError, match="only on normal days"):
        live_apart(shops.copy_of, past, agree("dirty_data", "flash_sale", days=1, days_after=3), twin=first.twin)


def test_what_a_scenario_promises_is_judged_where_it_had_the_days_to_show_it(sale, attack):
    assert [result.holds for result in sale.verdicts] == [True] * 4
    assert [expectation.days_later for expectation in sale.unasked] == [1]
    assert [str(result) for result in attack.verdicts if not result.holds] == []
    assert attack.unasked == []


def test_without_days_a_scenario_gets_as_many_as_it_needs():
    assert agree("fraud_attack").days == 1
    assert agree("flash_sale").days == 2
    assert agree("normal_day").days == 1
    assert agree("stockout+flash_sale").days == agree("stockout").days > 10


def test_the_past_stays_as_it_was(past, sale):
    begins = sale.twins.begins
    assert one(past, "select count(*) from orders where ordered_at >= %s", begins) == (0,)
    assert one(past, "select count(*) from shop_control.scenario_switches") == (1,)
    assert one(sale.twins.shop, "select count(*) from orders where ordered_at < %s", begins) == one(past, "select count(*) from orders")


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"scenario": "flash_sael"}, "there is no 'flash_sael'"),
        ({"scenario": "flash_sale", "base": "usual"}, "there is no 'usual'"),
        ({"scenario": "flash_sale", "days": 0}, "0 days are not possible. Give 1 to 365"),
        ({"scenario": "flash_sale", "days_after": -1}, "-1 days after are not possible. Give 0 to 365"),
        ({"scenario": "flash_sale", "intensity": 11.0}, "an intensity of 11 is not possible"),
    ],
)
def test_terms_that_cannot_be_are_refused_in_a_sentence(terms, sentence):
    with pytest.raises((SettingsError, ShopError), match=sentence):
        agree(**terms)
