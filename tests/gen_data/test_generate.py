import os
import random
import signal
import subprocess
import sys
import time

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gen_data.clock import TICKS_PER_DAY
from gen_data.fingerprint import fingerprints
from gen_data.generate import backfill, generate_until, load_first, pass_time, step
from gen_data.schema import SHOP_TABLES
from gen_data.schema.upgrade import migrate
from gen_data.shop import Shop, Wishes, connect, own_shop
from gen_data.simulate.load import load
from gen_data.verify import verify
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
            backfill(settings, days=3, scenario="flash_sale+promotion_blast", orders_per_day=300, seed=seed)
            found.append(rows_of(settings))
    assert found[0] == found[1]
    assert set(found[0]) == {table.name for table in SHOP_TABLES}
    empty = {name for name, table in found[0].items() if not table.row_count}
    assert empty <= {"goodwill_credits", "order_returns", "return_items", "reviews"}
    assert {name for name in found[0] if found[0][name] == found[2][name]} - empty == {
        "carriers", "categories", "channels", "distributors", "loyalty_tiers", "promotions", "service_level_agreements", "suppliers", "warehouses",
    }  # fmt: skip


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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


def test_a_shop_goes_on_from_memory_as_it_does_from_its_database(fresh):
    end = 2 * TICKS_PER_DAY + 77
    with own_shop(fresh, Wishes("flash_sale", 300, 4)) as shop:
        pass_time(shop, end)
        found = []
        for state in (load(shop.connection, shop.identity), shop.state):
            with shop.connection.transaction(force_rollback=True):
                pass_time(Shop(shop.connection, shop.identity, state), end + 2 * TICKS_PER_DAY)
                found.append(fingerprints(shop.connection))
    assert found[0] == found[1]


@pytest.mark.long
def test_a_first_load_leaves_the_rows_keys_and_rules_of_a_shop_that_was_written_day_by_day(services):
    rules = """
        select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
        union all select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
        union all select tgrelid::regclass::text, tgname, tgenabled::text from pg_trigger where not tgisinternal
        order by 1, 2, 3"""
    found = []
    for write in (load_first, pass_time):
        with fresh_databases(services) as settings, own_shop(settings, Wishes("flash_sale", 150, 9)) as shop:
            write(shop, 20 * TICKS_PER_DAY)
            found.append((fingerprints(shop.connection), shop.connection.execute(rules).fetchall()))
    assert found[0][0] == found[1][0]
    assert found[0][1] == found[1][1]


def test_a_first_load_that_breaks_a_rule_is_refused_by_its_name_and_leaves_the_shop_at_its_opening(fresh):
    with own_shop(fresh, Wishes("normal_day", 100, 9)) as shop:
        before = fingerprints(shop.connection)
        shop.connection.execute("alter table orders add constraint orders_are_small unique (items_amount)")
        with pytest.raises(ShopError, match=r"refuses what the shop does next .*orders_are_small"):
            load_first(shop, 5 * TICKS_PER_DAY)
        assert fingerprints(shop.connection) == before
    assert count(fresh, "select count(*) from pg_trigger where not tgisinternal") > 10
    assert count(fresh, "select next_tick from shop_control.clock") == 0


def test_orders_and_new_customers_can_be_asked_for(fresh):
    made = generate_until(fresh, 30, 10, orders_per_day=2_000, seed=3)
    assert made.rows["orders"] >= 30
    assert made.rows["customers"] >= 10
    ticks = count(fresh, "select next_tick from shop_control.clock")
    last = "select count(*) from {}, shop_control.shop where {} >= opened_at + (%s - 1) * interval '1 minute'"
    orders, customers = (
        count(fresh, last.format("orders", "ordered_at"), ticks),
        count(fresh, last.format("customers", "registered_at"), ticks),
    )
    assert made.rows["orders"] - orders < 30 or made.rows["customers"] - customers < 10
    again = generate_until(fresh, 1, 0)
    assert again.clock_from == made.clock_to


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


def test_two_weeks_of_the_shop_keep_every_invariant_and_show_every_kind_of_change(fresh):
    backfill(fresh, days=14, orders_per_day=250, seed=21)
    with psycopg.connect(fresh.shop_dsn) as connection:
        broken, _ = verify(connection)
        assert list(map(str, broken)) == []
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


@pytest.mark.parametrize("wanted", [(-1, 0), (0, 10**9), (0, 0)])
def test_a_number_of_orders_that_cannot_be_is_refused(fresh, wanted):
    with pytest.raises(SettingsError, match="generate: "):
        generate_until(fresh, *wanted)


def test_generating_20000_orders_is_quick(fresh):
    backfill(fresh, days=1, orders_per_day=100, seed=1)
    started = time.monotonic()
    made = backfill(fresh, days=1, orders_per_day=20_000)
    assert sum(made.rows.values()) > 100_000
    assert time.monotonic() - started < 30
