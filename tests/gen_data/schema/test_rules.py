from datetime import UTC, datetime

import psycopg
import pytest

from gen_data.generate import backfill
from gen_data.schema import ORDER_STATUSES
from shoplake.stack.private import fresh_databases

pytestmark = pytest.mark.integration

LEGAL = {
    ("pending", "paid"), ("pending", "cancelled"), ("paid", "packed"), ("paid", "cancelled"), ("packed", "shipped"),
    ("packed", "cancelled"), ("shipped", "delivered"), ("delivered", "returned"),
}  # fmt: skip


@pytest.fixture(scope="module")
def one_day(services):
    with fresh_databases(services) as settings:
        backfill(settings, days=1, orders_per_day=60, seed=1)
        yield settings


@pytest.fixture
def shop(one_day):
    """A session whose changes are rolled back."""
    with psycopg.connect(one_day.shop_dsn) as connection:
        yield connection
        connection.rollback()


def test_every_illegal_status_change_is_refused_by_name_and_every_legal_one_is_not(shop):
    for position, old in enumerate(ORDER_STATUSES):
        order_id = 10**9 + position
        shop.execute(
            "insert into orders select %s, customer_id, address_id, channel_code, %s, ordered_at, currency, items_amount, discount_amount,"
            " shipping_amount, tax_amount, total_amount, updated_at from orders where order_id = 1",
            (order_id, old),
        )
        for new in ORDER_STATUSES:
            with shop.transaction(force_rollback=True):
                if (old, new) in LEGAL or old == new:
                    shop.execute("update orders set status = %s where order_id = %s", (new, order_id))
                    continue
                with pytest.raises(psycopg.errors.CheckViolation, match=f"order {order_id} cannot go from {old} to {new}") as refused:
                    shop.execute("update orders set status = %s where order_id = %s", (new, order_id))
                assert refused.value.diag.constraint_name == "order_status_change_is_legal"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("insert into order_status_history values (1, 9, 'returned', '2030-01-01')", "order_status_history_is_a_legal_path"),
        ("update orders set total_amount = total_amount + 1 where order_id = 1", "orders_total_amount_is_the_sum_of_its_parts"),
        ("update orders set status = 'lost' where order_id = 1", "orders_status_is_known"),
        ("update order_items set quantity = 0, line_amount = 0, discount_amount = 0 where order_id = 1", "order_items_quantity_is_positive"),
        ("update order_items set line_amount = line_amount + 1", "order_items_line_amount_is_price_less_discount"),
        ("update products set list_price = -1", "products_list_price_is_not_negative"),
        ("update payments set status = 'maybe'", "payments_status_is_known"),
        ("update customers set tier = 'wood'", "customers_tier_is_known"),
        ("insert into channels values ('amazon', 'Amazon', 0.1, '2026-01-01', '2026-01-01')", "channels_channel_code_is_known"),
        ("delete from orders where order_id = 1", "order_items_order_id_fkey"),
        ("update orders set customer_id = 999999999 where order_id = 1", "orders_customer_id_fkey"),
        ("insert into payments select payment_id + 1000000, order_id, attempt, method, status, amount, paid_at from payments limit 1",
         "payments_one_row_per_attempt"),
        ("insert into customer_addresses select address_id + 1000000, customer_id, recipient, street, district, province, true, created_at,"
         " updated_at from customer_addresses where is_default limit 1", "customer_addresses_one_default_each"),
    ],
    ids=lambda value: value if " " not in value else "",
)  # fmt: skip
def test_an_illegal_statement_is_refused_by_the_name_of_its_rule(shop, statement, rule):
    with shop.transaction(force_rollback=True), pytest.raises(psycopg.errors.IntegrityError) as refused:
        shop.execute(statement)
    assert refused.value.diag.constraint_name == rule


def test_the_history_of_a_customer_is_kept_by_the_database(shop):
    new = (10**9, "An", "an@example.org", "bronze", "tiki", datetime(2031, 1, 1, tzinfo=UTC))
    statement = "insert into customers (customer_id, full_name, email, tier, signup_channel_code, registered_at, updated_at)"
    shop.execute(f"{statement} values (%s, %s, %s, %s, %s, %s, %s)", (*new, new[-1]))
    shop.execute("update customers set tier = 'gold', updated_at = '2032-01-01 00:00Z' where customer_id = %s", (10**9,))
    with shop.transaction(force_rollback=True), pytest.raises(psycopg.errors.CheckViolation, match="customer_history_needs_the_shop_time"):
        shop.execute("delete from customers where customer_id = %s", (10**9,))
    shop.execute("select set_config('shop.now', '2033-01-01 00:00Z', true)")
    shop.execute("delete from customers where customer_id = %s", (10**9,))
    kept = shop.execute(
        "select version, operation, tier, extract(year from changed_at at time zone 'UTC')::int from customer_history"
        " where customer_id = %s order by version",
        (10**9,),
    ).fetchall()
    assert kept == [(1, "insert", "bronze", 2031), (2, "update", "gold", 2032), (3, "delete", "gold", 2033)]
