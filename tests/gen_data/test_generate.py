import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gen_data.clock import TICKS_PER_DAY
from gen_data.fingerprint import fingerprints
from gen_data.generate import backfill, pass_time, step
from gen_data.schema import SHOP_TABLES
from gen_data.shop import Shop, Wishes, connect, migrate, own_shop
from gen_data.state import load
from shoplake.core.errors import BusyError, SettingsError, ShopError
from shoplake.stack.private import fresh_databases

pytestmark = pytest.mark.integration


def count(settings, query, *values):
    with psycopg.connect(settings.shop_dsn) as connection:
        return connection.execute(query, values).fetchone()[0]


def rows_of(settings):
    with connect(settings.shop_dsn) as connection:
        return fingerprints(connection)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(services):
    found = []
    for seed in (5, 5, 6):
        with fresh_databases(services) as settings:
            backfill(settings, days=3, scenario="flash_sale", orders_per_day=300, seed=seed)
            found.append(rows_of(settings))
    assert found[0] == found[1]
    assert set(found[0]) == {table.name for table in SHOP_TABLES}
    assert all(found[0][name] != found[2][name] for name in found[0] if name not in {"channels", "categories"})
    assert all(table.row_count > 0 for table in found[0].values())


def test_rows_do_not_depend_on_how_time_is_cut_into_transactions(fresh):
    """Each cutting runs in a transaction of its own that is rolled back, from the same first day."""
    ticks = 500
    backfill(fresh, days=1, scenario="flash_sale", orders_per_day=400, seed=3)
    with own_shop(fresh, Wishes()) as shop:

        def rows_after(cuts: list[int]):
            with shop.connection.transaction(force_rollback=True):
                again = Shop(shop.connection, shop.identity, load(shop.connection, shop.identity))
                for end in [*sorted(cuts), ticks]:
                    step(again, TICKS_PER_DAY + end)
                return fingerprints(shop.connection)

        whole = rows_after([])

        @hypothesis_settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.sets(st.integers(1, ticks - 1), min_size=1, max_size=12))
        def cut_anyhow(cuts):
            assert rows_after(list(cuts)) == whole

        cut_anyhow()


def test_many_small_runs_give_the_rows_of_one_large_run(services):
    found = []
    for ticks_per_step, ticks_per_run in ((TICKS_PER_DAY, 3 * TICKS_PER_DAY), (97, 601)):
        with fresh_databases(services) as settings:
            done = 0
            while done < 3 * TICKS_PER_DAY:
                done = min(done + ticks_per_run, 3 * TICKS_PER_DAY)
                with own_shop(settings, Wishes("normal_day", 150, 9)) as shop:
                    pass_time(shop, done, ticks_per_step=ticks_per_step)
            found.append(rows_of(settings))
    assert found[0] == found[1]


def test_a_killed_run_resumes_to_the_rows_of_one_that_was_not(services):
    ticks = 2 * TICKS_PER_DAY
    program = (
        "from shoplake.core.settings import load_settings\n"
        "from gen_data.generate import pass_time\n"
        "from gen_data.shop import Wishes, own_shop\n"
        "with own_shop(load_settings(), Wishes('flash_sale', 300, 4)) as shop:\n"
        f"    pass_time(shop, {ticks}, ticks_per_step=10)\n"
    )
    with fresh_databases(services) as settings:
        with own_shop(settings, Wishes("flash_sale", 300, 4)) as shop:
            pass_time(shop, ticks)
        expected = rows_of(settings)
    dice = random.Random(8)  # noqa: S311
    with fresh_databases(services) as settings:
        environment = os.environ | settings.environment()
        migrate(settings.shop_dsn)
        for _ in range(5):
            stood_at = count(settings, "select coalesce(max(next_tick), 0) from shop_control.clock")
            process = subprocess.Popen([sys.executable, "-c", program], env=environment)
            while count(settings, "select coalesce(max(next_tick), 0) from shop_control.clock") == stood_at and process.poll() is None:
                time.sleep(0.01)
            time.sleep(dice.uniform(0, 0.15))
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        assert 0 < count(settings, "select next_tick from shop_control.clock") < ticks
        assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0
        assert rows_of(settings) == expected


def test_the_shop_in_memory_is_what_the_database_gives_back(fresh):
    with own_shop(fresh, Wishes("flash_sale", 300, 4)) as shop:
        pass_time(shop, 2 * TICKS_PER_DAY + 77)
        with shop.connection.transaction():
            again = load(shop.connection, shop.identity)
        held = shop.state
    assert again.counters == held.counters
    assert np.array_equal(again.list_price, held.list_price)
    still_there = again.default_address > 0
    assert np.array_equal(again.default_address[still_there], held.default_address[still_there])
    for name in ("steps", "payments", "erasures"):
        of_memory, of_database = (np.sort(getattr(state, name).take(2**62)) for state in (held, again))
        assert len(of_memory) > 0
        assert np.array_equal(of_memory, of_database)


def test_a_normal_day_has_about_the_asked_orders_and_a_flash_sale_many_more_in_its_hours(fresh):
    normal = backfill(fresh, days=7, orders_per_day=500, seed=2)
    assert normal.rows["orders"] == pytest.approx(3_500, abs=4 * 3_500**0.5)
    sale = backfill(fresh, days=1, scenario="flash_sale")
    assert (sale.scenario, sale.orders_per_day, sale.seed) == ("flash_sale", 500, 2)
    assert sale.clock_from == normal.clock_to
    in_the_evening = (
        "select count(*) from orders where extract(hour from ordered_at at time zone 'Asia/Ho_Chi_Minh') in (20, 21) and ordered_at >= %s"
    )
    usual = (count(fresh, in_the_evening, normal.clock_from) - count(fresh, in_the_evening, sale.clock_from)) / 7
    assert count(fresh, in_the_evening, sale.clock_from) > 4 * usual
    assert count(fresh, "select sum(discount_amount) from orders where ordered_at < %s", sale.clock_from) == 0
    assert count(fresh, "select sum(discount_amount) from orders where ordered_at >= %s", sale.clock_from) > 0


INVARIANTS = {
    "an order's status is the last of its history": """
        select order_id from orders join lateral (
            select status, changed_at from order_status_history steps where steps.order_id = orders.order_id order by sequence desc limit 1
        ) last on true where (last.status, last.changed_at) is distinct from (orders.status, orders.updated_at)""",
    "an order's amounts are the sums of its lines": """
        select order_id from orders left join (
            select order_id, sum(list_price * quantity) as items, sum(discount_amount) as discount from order_items group by order_id
        ) lines using (order_id) where (items, discount) is distinct from (items_amount, orders.discount_amount)""",
    "a customer's last version is what the customer is": """
        select customer_id from customers join lateral (
            select * from customer_history history where history.customer_id = customers.customer_id order by version desc limit 1
        ) last using (customer_id)
        where (last.full_name, last.email, last.phone, last.birth_date, last.tier, last.signup_channel_code, last.changed_at)
            is distinct from (customers.full_name, customers.email, customers.phone, customers.birth_date, customers.tier,
                              customers.signup_channel_code, customers.updated_at)""",
    "a customer that is gone has a last version that says so": """
        select customer_id from customer_history history
        where (operation = 'delete') <> (not exists (select from customers where customers.customer_id = history.customer_id)
              and version = (select max(version) from customer_history every where every.customer_id = history.customer_id))""",
    "a product's price is its last": """
        select product_id from products join lateral (
            select list_price from product_prices prices where prices.product_id = products.product_id order by valid_from desc limit 1
        ) last on true where last.list_price <> products.list_price""",
    "a line has the price that was valid when it was ordered": """
        select order_id from order_items join orders using (order_id) join lateral (
            select list_price from product_prices prices
            where prices.product_id = order_items.product_id and valid_from <= ordered_at order by valid_from desc limit 1
        ) valid on true where valid.list_price <> order_items.list_price""",
    "an order goes to an address of its customer that existed": """
        select order_id from orders join customer_addresses using (address_id)
        where orders.customer_id <> customer_addresses.customer_id or created_at > ordered_at""",
    "every customer has one default address": """
        select customer_id from customers left join customer_addresses using (customer_id)
        group by customer_id having count(*) filter (where is_default) <> 1""",
    "nothing happens after the shop's clock": """
        select order_id from order_status_history
        where changed_at >= (select opened_at + next_tick * interval '1 minute' from shop_control.shop, shop_control.clock)""",
    "ids have no gaps": """
        select 1 where (select max(order_id) <> count(*) from orders) or (select max(payment_id) <> count(*) from payments)
                    or (select max(customer_id) <> count(distinct customer_id) from customer_history)""",
}


def test_two_weeks_of_the_shop_keep_every_invariant_and_show_every_kind_of_change(fresh):
    backfill(fresh, days=14, orders_per_day=250, seed=21)
    with psycopg.connect(fresh.shop_dsn) as connection:
        broken = {name: row for name, query in INVARIANTS.items() if (row := connection.execute(query).fetchone())}
        assert broken == {}
        for query, expected in (
            (
                "select distinct status from orders where status <> 'pending'",
                {"paid", "packed", "shipped", "delivered", "cancelled", "returned"},
            ),
            ("select distinct status from payments", {"succeeded", "failed", "refunded"}),
            ("select distinct operation from customer_history", {"insert", "update", "delete"}),
            ("select distinct tier from customers", {"bronze", "silver", "gold", "platinum"}),
            ("select distinct is_default from customer_addresses", {True, False}),
        ):
            assert {row[0] for row in connection.execute(query)} == expected


def test_only_one_owns_the_clock_and_the_second_is_told_who(fresh):
    with own_shop(fresh, Wishes(orders_per_day=100)), pytest.raises(BusyError, match=r"shoplake shop clock pid \d+ on .* is at it"):
        backfill(fresh, days=1, wait=False)


@pytest.mark.parametrize(
    ("wishes", "error", "sentence"),
    [
        ({"days": 0}, SettingsError, "0 days are not possible"),
        ({"days": 1, "orders_per_day": -3}, SettingsError, "-3 orders per day are not possible"),
        ({"days": 1, "seed": 2**70}, SettingsError, "is too large"),
        ({"days": 1, "scenario": "black_friday"}, ShopError, "there is no 'black_friday'"),
    ],
)
def test_bad_wishes_are_refused_before_anything_is_made(fresh, wishes, error, sentence):
    with pytest.raises(error, match=sentence):
        backfill(fresh, **wishes)
    assert count(fresh, "select count(*) from pg_class where relnamespace = 'public'::regnamespace") == 0


def test_generating_20000_orders_is_quick(fresh):
    backfill(fresh, days=1, orders_per_day=100, seed=1)
    started = time.monotonic()
    made = backfill(fresh, days=1, orders_per_day=20_000)
    assert sum(made.rows.values()) > 100_000
    assert time.monotonic() - started < 30
