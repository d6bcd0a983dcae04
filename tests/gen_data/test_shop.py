import psycopg
import pytest

from gen_data.generate import backfill
from gen_data.shop import Wishes, migrate, own_shop, switch_scenario
from shoplake.core.errors import ServiceError, SettingsError, ShopError
from shoplake.stack.private import free_ports

pytestmark = pytest.mark.integration


def execute(settings, statement):
    with psycopg.connect(settings.shop_dsn) as connection:
        connection.execute(statement)


def test_a_database_with_other_tables_is_not_touched(fresh):
    execute(fresh, "create table someone_elses (id int)")
    with pytest.raises(ShopError, match=r"is not a shop of ours: it has a table public\.someone_elses\. Point SHOPLAKE_SHOP_URL"):
        backfill(fresh, days=1)
    with psycopg.connect(fresh.shop_dsn) as connection:
        assert connection.execute("select to_regnamespace('shop_control')").fetchone() == (None,)


def test_a_table_that_somebody_added_to_our_shop_does_no_harm(fresh):
    backfill(fresh, days=1, orders_per_day=50)
    execute(fresh, "create table notes (text text)")
    assert backfill(fresh, days=1).rows["orders"] > 0


def test_a_database_of_a_later_version_is_refused(fresh):
    migrate(fresh.shop_dsn)
    execute(fresh, "update shop_control.alembic_version set version_num = '9999'")
    with pytest.raises(ShopError, match=r"of version 9999, and this Shoplake knows \d+ at most"):
        backfill(fresh, days=1)


def test_a_shop_that_was_migrated_but_not_opened_is_opened(fresh):
    migrate(fresh.shop_dsn)
    with own_shop(fresh, Wishes(orders_per_day=50)) as shop:
        assert shop.state.counters.next_tick == 0


def test_the_seed_is_remembered_and_another_refused(fresh):
    assert backfill(fresh, days=1, orders_per_day=50, seed=77).seed == 77
    assert backfill(fresh, days=1).seed == 77
    with pytest.raises(ShopError, match="has the seed 77, which cannot be changed to 78"):
        backfill(fresh, days=1, seed=78)


def test_a_shop_is_not_run_under_another_currency(fresh):
    backfill(fresh, days=1, orders_per_day=50)
    with pytest.raises(ShopError, match=r"opened with currency VND, which cannot be changed to EUR\. Set SHOPLAKE_CURRENCY to VND"):
        backfill(fresh.changed(currency="EUR"), days=1)


@pytest.mark.parametrize(("setting", "value"), [("time_zone", "Mars/Olympus"), ("locale", "xx_XX")])
def test_a_setting_that_cannot_be_is_refused_when_the_shop_opens(fresh, setting, value):
    with pytest.raises(SettingsError, match=f"SHOPLAKE_{setting.upper()} {value}"):
        backfill(fresh.changed(**{setting: value}), days=1)


def test_a_server_that_does_not_answer_is_said_in_a_sentence(fresh):
    away = fresh.changed(shop_url=f"postgresql://shop_owner@127.0.0.1:{free_ports(1)[0]}/shop")
    with pytest.raises(ServiceError, match=r"PostgreSQL does not answer .* Start it with `shoplake up`"):
        backfill(away, days=1)


def test_a_switch_before_there_is_a_shop_says_how_to_open_one(fresh):
    with pytest.raises(ShopError, match=r"no shop in this database yet\. Open one with `shoplake generate --days 1`"):
        switch_scenario(fresh, "flash_sale")


def test_a_switch_is_recorded_at_the_tick_where_the_clock_stands(fresh):
    made = backfill(fresh, days=1, orders_per_day=50)
    switched, clock = switch_scenario(fresh, "flash_sale")
    assert (switched.switch.from_tick, clock.local(1_440)) == (1_440, made.clock_to)
    assert backfill(fresh, days=1).scenario == "flash_sale"


def test_the_captured_role_reads_the_shop_but_not_its_control(fresh):
    backfill(fresh, days=1, orders_per_day=50)
    with psycopg.connect(fresh.source_dsn, autocommit=True) as connection:
        assert connection.execute("select count(*) > 0 from orders").fetchone() == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from shop_control.clock")
