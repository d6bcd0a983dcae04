"""Frauds and vouchers in a shop's database: what they leave there, and that it does not depend on how time is cut."""

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from psycopg import sql

from gen_data.clock import TICKS_PER_DAY
from gen_data.fingerprint import fingerprints
from gen_data.generate import backfill, pass_time, step
from gen_data.ids import FIRST_EXTRA_NUMBER, FIRST_FRAUD_NUMBER, number_of
from gen_data.read import read_integers
from gen_data.schema import GROUND_TRUTH_TABLES
from gen_data.schema.ground_truth import FRAUD_KINDS
from gen_data.shop import Shop, Wishes, connect, own_shop
from gen_data.simulate.load import load
from gen_data.verify import verify
from shoplake.stack.private import fresh_databases

pytestmark = [pytest.mark.integration, pytest.mark.long]

SEED, ORDERS_PER_DAY, DAYS = 21, 120, 14


@pytest.fixture(scope="module")
def attacked(services):
    """A shop that frauds haunt from its first day on; its vouchers are no secret to them."""
    with fresh_databases(services) as settings:
        backfill(settings, days=DAYS, scenario="fraud_attack+promotion_blast", orders_per_day=ORDERS_PER_DAY, seed=SEED)
        with connect(settings.shop_dsn) as connection:
            tell_numbers(connection)
            yield connection


@pytest.fixture(scope="module")
def normal(services):
    """Its twin, of normal days only."""
    with fresh_databases(services) as settings:
        backfill(settings, days=DAYS, orders_per_day=ORDERS_PER_DAY, seed=SEED)
        with connect(settings.shop_dsn) as connection:
            tell_numbers(connection)
            yield connection


def tell_numbers(connection: psycopg.Connection) -> None:
    """The plain number of each order, which its key does not show, as a table of this connection alone."""
    order_id = read_integers(connection, 1, sql.SQL("select order_id from orders"))[:, 0]
    connection.execute("create temporary table plain (order_id bigint primary key, number bigint)")
    with connection.cursor().copy("copy plain from stdin") as copy:
        for row in zip(order_id.tolist(), number_of(order_id).tolist(), strict=True):
            copy.write_row(row)


def by_kind(connection: psycopg.Connection, query: str) -> dict[str, tuple]:
    found = {kind: tuple(values) for kind, *values in connection.execute(query).fetchall()}
    assert set(found) == set(FRAUD_KINDS)
    return found


def truth(connection: psycopg.Connection) -> dict[str, tuple]:
    """A fingerprint of each table of the ground truth."""
    query = sql.SQL("select count(*), sum(hashtextextended(rows::text, 0)::numeric)::text from {} as rows")
    return {
        table.name: connection.execute(query.format(sql.Identifier(table.schema, table.name))).fetchone() for table in GROUND_TRUTH_TABLES
    }


def test_rows_do_not_depend_on_how_time_is_cut_nor_on_starting_anew(fresh):
    """Each cutting runs in a transaction of its own that is rolled back, from the same first day."""
    ticks = 500
    backfill(fresh, days=1, scenario="fraud_attack+promotion_blast", orders_per_day=200, seed=3)
    with own_shop(fresh, Wishes()) as shop:

        def rows_after(cuts: list[int], starts_anew: bool):
            with shop.connection.transaction(force_rollback=True):
                again = Shop(shop.connection, shop.identity, load(shop.connection, shop.identity))
                for end in [*sorted(cuts), ticks]:
                    step(again, TICKS_PER_DAY + end)
                    if starts_anew:
                        again = Shop(shop.connection, shop.identity, load(shop.connection, shop.identity))
                return fingerprints(shop.connection) | truth(shop.connection)

        whole = rows_after([], starts_anew=False)
        assert whole["fraud_orders"][0] > truth(shop.connection)["fraud_orders"][0]

        @hypothesis_settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.sets(st.integers(1, ticks - 1), min_size=1, max_size=12), st.booleans())
        def cut_anyhow(cuts, starts_anew):
            assert rows_after(list(cuts), starts_anew) == whole

        cut_anyhow()


@pytest.mark.long
def test_a_shop_that_is_started_anew_again_and_again_goes_on_as_if_it_had_never_stopped(services):
    found = []
    until = 6 * TICKS_PER_DAY
    for ticks_per_run in (until, 613):
        with fresh_databases(services) as settings:
            done = 0
            while done < until:
                done = min(done + ticks_per_run, until)
                with own_shop(settings, Wishes("fraud_attack+promotion_blast", 100, 5)) as shop:
                    pass_time(shop, done)
            with connect(settings.shop_dsn) as connection:
                found.append(fingerprints(connection) | truth(connection))
    assert found[0] == found[1]


def test_the_orders_of_a_normal_day_come_as_they_would_have_come(attacked, normal):
    query = f"""
        select order_id, customer_id, ordered_at, channel_code, device_id, placed_from, address_id
        from orders join plain using (order_id) where number < {FIRST_EXTRA_NUMBER}
    """
    # Lost for want of stock is what frauds and vouchers bought first.
    came, usual = (set(connection.execute(query).fetchall()) for connection in (attacked, normal))
    assert came <= usual
    assert len(came) > 0.95 * len(usual)


def test_every_rule_holds_of_a_shop_that_frauds_haunt(attacked):
    broken, _ = verify(attacked)
    assert broken == []


def test_each_kind_of_fraud_has_its_marks(attacked):
    found = by_kind(
        attacked,
        """
        select kind, count(*)::float / count(distinct device_id), count(*)::float / count(distinct orders.customer_id),
               avg((placed_from <> province)::int)::float, avg(total_amount)::float
        from ground_truth.fraud_orders join orders using (order_id) join customer_addresses using (address_id) group by kind
        """,
    )
    usual = attacked.execute(
        f"select avg(total_amount)::float from orders join plain using (order_id) where number < {FIRST_EXTRA_NUMBER}"
    ).fetchone()[0]
    per_device, per_customer, elsewhere, amount = ({kind: found[kind][column] for kind in FRAUD_KINDS} for column in range(4))
    assert per_device["card_testing"] > 10
    assert per_device["promo_abuse"] > 4
    assert per_customer["card_testing"] == per_customer["promo_abuse"] == 1
    assert per_customer["refund_abuse"] > 1.5
    assert elsewhere == {"card_testing": 1, "account_takeover": 1, "refund_abuse": 0, "promo_abuse": 0}
    assert amount["card_testing"] < usual / 5
    assert min(amount["account_takeover"], amount["refund_abuse"]) > 1.3 * usual


def test_tested_cards_fail_but_for_a_few(attacked):
    found = by_kind(
        attacked,
        """
        select kind, count(*) filter (where status = 'succeeded'), count(*) filter (where status = 'failed'), bool_and(method = 'card')
        from ground_truth.fraud_orders join payments using (order_id) group by kind
        """,
    )
    succeeded, failed, _ = found["card_testing"]
    assert failed > 10 * succeeded > 0
    assert all(found[kind][0] > found[kind][1] for kind in FRAUD_KINDS[1:])
    assert [found[kind][2] for kind in FRAUD_KINDS] == [True, True, False, False]


def test_a_taken_account_gets_another_number_and_a_default_address_elsewhere_while_its_owner_orders_to_his_own(attacked):
    taken = attacked.execute(
        """
        select distinct fraud.customer_id, sent_to.province <> home.province, sent_to.created_at < ordered_at,
               exists (select from customer_history where customer_id = fraud.customer_id and operation = 'update' and changed_at = sent_to.created_at)
        from ground_truth.fraud_orders
        join orders fraud using (order_id)
        join customer_addresses sent_to using (address_id)
        join customer_addresses home on home.address_id = fraud.customer_id
        where kind = 'account_takeover'
        """
    ).fetchall()
    assert len(taken) > 20
    assert {tuple(values) for _, *values in taken} == {(True, True, True)}
    own, not_own = attacked.execute(
        f"""
        select count(*) filter (where not is_default), count(*) filter (where is_default)
        from orders join customer_addresses using (address_id) join plain using (order_id)
        where orders.customer_id = any(%s) and number < {FIRST_FRAUD_NUMBER}
        and ordered_at > (select min(ordered_at) from orders fraud join ground_truth.fraud_orders using (order_id)
                          where kind = 'account_takeover' and fraud.customer_id = orders.customer_id)
        """,
        ([customer_id for customer_id, *_ in taken],),
    ).fetchone()
    # Who moves puts in another default address himself.
    assert own > 10 * not_own


def test_nearly_all_of_abused_refunds_are_claimed_and_none_brings_goods_back(attacked):
    found = attacked.execute(
        """
        select count(*), count(return_id), array_agg(distinct reason order by reason) filter (where reason is not null),
               count(*) filter (where order_returns.status = 'refused'), count(*) filter (where order_returns.status = 'refunded')
        from ground_truth.fraud_orders
        join order_status_history using (order_id)
        left join order_returns using (order_id)
        where kind = 'refund_abuse' and order_status_history.status = 'delivered' and changed_at < (select max(ordered_at) from orders) - interval '3 days'
        """
    ).fetchone()
    delivered, claimed, reasons, refused, refunded = found
    assert delivered > 50
    assert claimed > 0.9 * delivered
    assert reasons == ["never_arrived", "not_as_described"]
    assert 0 < refused < refunded
    conditions = attacked.execute(
        """
        select array_agg(distinct condition) from ground_truth.fraud_orders join return_items using (order_id) where kind = 'refund_abuse'
        """
    ).fetchone()
    assert conditions == (["damaged"],)


def test_promotions_are_taken_once_by_each_of_many_accounts_at_one_address(attacked):
    campaigns = attacked.execute(
        """
        select count(distinct orders.customer_id), count(*), count(distinct (street, district, province)), count(order_promotions.order_id)
        from ground_truth.fraud_orders
        join orders using (order_id)
        join customer_addresses using (address_id)
        left join order_promotions using (order_id)
        where kind = 'promo_abuse' group by campaign_id
        """
    ).fetchall()
    assert len(campaigns) > 20
    assert all(accounts == orders == discounts and addresses == 1 for accounts, orders, addresses, discounts in campaigns)


def test_the_truth_names_every_fraudulent_order_and_account_and_no_other(attacked):
    unnamed = attacked.execute(
        f"""
        select count(*) filter (where kind is null), count(*) filter (where number < {FIRST_FRAUD_NUMBER})
        from orders join plain using (order_id) left join ground_truth.fraud_orders using (order_id)
        where number >= {FIRST_FRAUD_NUMBER} or kind is not null
        """
    ).fetchone()
    assert unnamed == (0, 0)
    # Nobody comes back to an account that was made for fraud.
    honest = attacked.execute(
        f"""
        select count(*) from orders join ground_truth.fraud_customers using (customer_id) join plain using (order_id)
        where kind in ('card_testing', 'promo_abuse') and number < {FIRST_FRAUD_NUMBER}
        """
    ).fetchone()
    assert honest == (0,)
    unknown = attacked.execute(
        """
        select count(*) from ground_truth.fraud_orders join orders using (order_id)
        where customer_id not in (select customer_id from ground_truth.fraud_customers)
        """
    ).fetchone()
    assert unknown == (0,)


def test_every_order_of_a_treated_customer_carries_the_voucher_and_none_of_a_held_out_one(attacked):
    groups = dict(
        attacked.execute(
            """
            select not is_held_out, array[count(*), count(order_promotions.order_id)]
            from campaign_contacts
            join promotions using (promotion_id)
            join orders using (customer_id)
            left join order_promotions using (order_id, promotion_id)
            where ordered_at >= starts_at and ordered_at < ends_at group by is_held_out
            """
        ).fetchall()
    )
    assert groups[True][0] == groups[True][1] > 1.5 * groups[False][0]
    assert groups[False][1] == 0
