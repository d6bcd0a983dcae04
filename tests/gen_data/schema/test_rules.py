from datetime import UTC, datetime

import psycopg
import pytest

from gen_data.schema import ORDER_STATUSES
from gen_data.schema.upgrade import migrate
from shoplake.stack.private import fresh_databases
from tests.gen_data.schema.statements import CHECKS, KEYS, REFERENCES, SMALL_SHOP, TRIGGER_RULES, add

pytestmark = pytest.mark.integration

LEGAL = {
    ("pending", "paid"), ("pending", "cancelled"), ("paid", "packed"), ("paid", "cancelled"), ("packed", "shipped"),
    ("packed", "cancelled"), ("shipped", "delivered"), ("shipped", "cancelled"), ("delivered", "returned"),
}  # fmt: skip


@pytest.fixture(scope="module")
def small_shop(services):
    with fresh_databases(services) as settings:
        migrate(settings.shop_dsn)
        with psycopg.connect(settings.shop_dsn) as connection:
            connection.execute(SMALL_SHOP)
            # Somebody who may be deleted.
            connection.execute(add("customers", "customer_id = 2", customer_id=5, email="five@example.org"))
        yield settings


@pytest.fixture
def shop(small_shop):
    """A session whose changes are rolled back."""
    with psycopg.connect(small_shop.shop_dsn) as connection:
        connection.execute("select set_config('shop.now', '2026-03-01 00:00Z', true)")
        yield connection
        connection.rollback()


def one_by_one(rules):
    return [
        pytest.param(rule, statement, id=f"{rule}-{number}") for rule, tried in rules.items() for number, statement in enumerate(tried, 1)
    ]


REFUSED = {rule: refused for rule, (refused, _) in TRIGGER_RULES.items()}
PASSING = {rule: passing for rule, (_, passing) in TRIGGER_RULES.items()}


@pytest.mark.parametrize(("rule", "statement"), [*(KEYS | REFERENCES | CHECKS).items(), *one_by_one(REFUSED)])
def test_an_illegal_statement_is_refused_by_the_name_of_its_rule(shop, rule, statement):
    with shop.transaction(force_rollback=True), pytest.raises(psycopg.errors.IntegrityError) as refused:
        shop.execute(statement)
    assert refused.value.diag.constraint_name == rule
    assert rule in str(refused.value)


@pytest.mark.parametrize(("rule", "statement"), one_by_one(PASSING))
def test_the_legal_neighbour_of_a_rule_passes(shop, rule, statement):
    shop.execute(statement)


def test_every_rule_of_the_database_has_a_statement_that_it_refuses(shop):
    constraints = shop.execute(
        """
        select conname from pg_constraint
        where connamespace in ('public'::regnamespace, 'ground_truth'::regnamespace, 'shop_control'::regnamespace)
          and contype <> 'n' and conname <> 'alembic_version_pkc'
        union
        select indexrelid::regclass::text from pg_index
        where indisunique and indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
        """
    ).fetchall()
    triggers = shop.execute("select tgname from pg_trigger where not tgisinternal and tgname not like 'customers_%_is_recorded'").fetchall()
    raised = shop.execute(
        "select (regexp_matches(prosrc, 'constraint = ''(\\w+)''', 'g'))[1] from pg_proc where pronamespace = 'public'::regnamespace"
    ).fetchall()
    rules = {name for (name,) in (*constraints, *triggers, *raised)}
    assert rules == KEYS.keys() | REFERENCES.keys() | CHECKS.keys() | TRIGGER_RULES.keys()


def test_a_refusal_names_the_row(shop):
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        shop.execute("update orders set status = 'delivered', updated_at = now() where order_id = 3")
    assert refused.value.diag.message_primary == "order_status_change_is_legal: order 3 cannot go from paid to delivered"


def test_every_status_change_of_an_order_is_legal_or_refused_as_written(shop):
    for position, old in enumerate(ORDER_STATUSES):
        order_id = 100 + position
        shop.execute(add("orders", "order_id = 1", order_id=order_id, status=old))
        for new in ORDER_STATUSES:
            with shop.transaction(force_rollback=True):
                if (old, new) in LEGAL or old == new:
                    shop.execute("update orders set status = %s where order_id = %s", (new, order_id))
                    continue
                with pytest.raises(psycopg.errors.CheckViolation, match=f"order {order_id} cannot go from {old} to {new}"):
                    shop.execute("update orders set status = %s where order_id = %s", (new, order_id))


def test_one_copy_may_bring_the_whole_past_of_a_cell_in_any_order_but_not_with_one_piece_too_many(shop):
    moves = [(1, "SGN", 1, "receipt", 50, 1, 60, 50, 50), (1, "SGN", 2, "receipt", 50, 2, 61, 50, 100)]
    moves += [(1, "SGN", 2 + taken, "loss", -1, 1, 60, 50 - taken, 100 - taken) for taken in range(1, 51)]
    moves += [(1, "SGN", 52 + taken, "loss", -1, 2, 61, 50 - taken, 50 - taken) for taken in range(1, 41)]

    def copy(rows):
        columns = "product_id, warehouse_code, sequence, kind, quantity, lot, unit_cost, lot_after, on_hand_after, happened_at"
        with shop.cursor().copy(f"copy inventory_log ({columns}) from stdin") as stream:
            for row in rows:
                stream.write_row((*row, "2026-02-01"))

    with shop.transaction(force_rollback=True):
        copy(reversed(moves))
    too_many = [*moves[:-1], (*moves[-1][:4], -11, *moves[-1][5:7], 0, 0)]
    with shop.transaction(force_rollback=True):
        copy(too_many)
    with pytest.raises(
        psycopg.errors.CheckViolation, match=r"inventory_log_takes_from_its_lot: product 1 in SGN cannot have move 92 .*holds 11"
    ):
        copy([*moves[:-1], (*moves[-1][:4], -9, *moves[-1][5:7], 0, 2)])


def test_the_history_of_a_customer_is_kept_by_the_database(shop):
    new = (10**9, "An", "a@example.org", "bronze", "website", datetime(2031, 1, 1, tzinfo=UTC))
    statement = "insert into customers (customer_id, full_name, email, tier, signup_channel_code, registered_at, updated_at)"
    shop.execute(f"{statement} values (%s, %s, %s, %s, %s, %s, %s)", (*new, new[-1]))
    shop.execute("update customers set tier = 'gold', updated_at = '2032-01-01 00:00Z' where customer_id = %s", (10**9,))
    shop.execute("select set_config('shop.now', '2033-01-01 00:00Z', true)")
    shop.execute("delete from customers where customer_id = %s", (10**9,))
    kept = shop.execute(
        "select version, operation, tier, extract(year from changed_at at time zone 'UTC')::int from customer_history"
        " where customer_id = %s order by version",
        (10**9,),
    ).fetchall()
    assert kept == [(1, "insert", "bronze", 2031), (2, "update", "gold", 2032), (3, "delete", "gold", 2033)]
