import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from gen_data.invariants import INVARIANTS
from gen_data.schema.upgrade import migrate
from gen_data.verify import verify, verify_shop
from shoplake.core.errors import ShopError
from shoplake.core.settings import POSTGRES_ADMIN
from shoplake.stack.private import fresh_databases
from tests.gen_data.breaks import BREAKS
from tests.gen_data.schema.statements import SMALL_SHOP

pytestmark = pytest.mark.integration

SHOPLAKE = str(Path(sys.executable).with_name("shoplake"))


@pytest.fixture(scope="module")
def small_shop(services):
    with fresh_databases(services) as settings:
        migrate(settings.shop_dsn)
        with psycopg.connect(settings.shop_dsn) as connection:
            connection.execute(SMALL_SHOP)
            connection.execute("delete from shop_control.tick_journal")
        yield settings


def unwatched(settings):
    """A session in which no trigger and no foreign key watches."""
    admin = settings.postgres_url(POSTGRES_ADMIN, settings.shop_dsn.rsplit("/", 1)[1])
    return psycopg.connect(admin, options="-c session_replication_role=replica -c timezone=UTC")


def shoplake(settings, *arguments):
    return subprocess.run([SHOPLAKE, *arguments], env=os.environ | settings.environment(), capture_output=True, text=True, timeout=60)


def test_everything_holds_in_a_shop_whose_rows_obey_the_rules(small_shop):
    verified = verify_shop(small_shop)
    assert verified.broken == ()
    assert verified.invariants == INVARIANTS
    assert verified.shop_time.isoformat() == "2026-03-01T00:00:00+00:00"


def test_every_invariant_is_shown_to_break():
    assert len(INVARIANTS) == len({invariant.name for invariant in INVARIANTS})
    assert BREAKS.keys() == {invariant.name for invariant in INVARIANTS}


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda invariant: invariant.name)
def test_a_broken_invariant_is_found_with_its_first_row(small_shop, invariant):
    statement, first_row = BREAKS[invariant.name]
    with unwatched(small_shop) as connection:
        connection.execute(statement)
        broken, _ = verify(connection, invariants=[invariant])
        connection.rollback()
    assert [(one.invariant.name, one.first_row) for one in broken] == [(invariant.name, first_row)]


def test_the_rows_that_break_an_invariant_are_counted(small_shop):
    with unwatched(small_shop) as connection:
        connection.execute("update orders set currency = 'EUR' where order_id > 2")
        broken, seconds = verify(connection)
        connection.rollback()
    assert [str(one) for one in broken] == ["order_is_in_the_shop_s_currency (order_id 3 and 3 more)"]
    assert seconds.keys() == {invariant.name for invariant in INVARIANTS}


def test_the_rows_and_settings_of_the_caller_s_transaction_are_its_own(small_shop):
    with psycopg.connect(small_shop.shop_dsn) as connection:
        connection.execute("set local work_mem = '5MB'")
        connection.execute("update suppliers set updated_at = '2027-01-01 00:00Z'")
        broken, _ = verify(connection)
        assert [one.invariant.name for one in broken] == ["nothing_lies_in_the_future"]
        assert connection.execute("show work_mem").fetchone() == ("5MB",)
        connection.rollback()
    assert verify_shop(small_shop).broken == ()


def test_the_tick_that_is_being_written_does_not_lie_in_the_future(small_shop):
    with psycopg.connect(small_shop.shop_dsn) as connection:
        connection.execute("update suppliers set updated_at = '2026-03-01 00:00:30Z'")
        assert [one.invariant.name for one in verify(connection)[0]] == ["nothing_lies_in_the_future"]
        connection.execute("insert into shop_control.tick_journal (tick, steps_done, changes) values (59 * 1440, 3, '')")
        assert verify(connection)[0] == []
        connection.rollback()


def test_a_database_without_a_shop_is_said_in_a_sentence(fresh):
    with pytest.raises(ShopError, match=r"no shop in this database yet\. Open one with `shoplake generate --days 1`"):
        verify_shop(fresh)


def test_the_command_names_the_first_offending_row_and_fails(fresh):
    migrate(fresh.shop_dsn)
    with psycopg.connect(fresh.shop_dsn) as connection:
        connection.execute(SMALL_SHOP)
    good = shoplake(fresh, "shop", "verify")
    assert (good.returncode, good.stderr) == (0, "")
    with unwatched(fresh) as connection:
        connection.execute("update inventory set on_hand = 4 where on_hand = 5")
    bad = shoplake(fresh, "shop", "verify")
    assert bad.returncode == 20
    assert bad.stderr.startswith(
        f"shop: 1 of {len(INVARIANTS)} invariants do not hold, first stock_is_the_sum_of_its_log (product_id 1, warehouse_code HAN)."
    )
    assert "What a warehouse holds of a product is the sum of all that came and went." in bad.stdout
    told = json.loads(shoplake(fresh, "shop", "verify", "--json").stdout)
    assert (told["verify"]["invariants"], told["verify"]["broken"]) == (len(INVARIANTS), 1)
    (found,) = [one for one in told["invariants"] if not one["holds"]]
    assert (found["name"], found["first_row"], found["row_count"]) == (
        "stock_is_the_sum_of_its_log", {"product_id": 1, "warehouse_code": "HAN"}, 1,
    )  # fmt: skip
