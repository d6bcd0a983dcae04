"""A live tick that is cut short, by whatever, is finished by the next owner."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from gen_data.fingerprint import fingerprints
from gen_data.shop import explained
from gen_data.write.batch import write_batch
from gen_data.write.journal import pack, unpack
from gen_data.write.steps import StepWriter, finish_tick, next_open_tick
from shoplake.core.errors import StorageError
from shoplake.core.settings import POSTGRES_ADMIN
from tests.gen_data.write.small_shop import open_small_shop, opened_small_shop, some_days

pytestmark = pytest.mark.integration

CLOCK = {"next_tick": 1, "customer_count": 99}

# Begins a tick and writes it, again and again from the same beginning, until it is killed.
WRITES_A_TICK = """
import sys
import psycopg
from gen_data.write.steps import StepWriter
from tests.gen_data.write.small_shop import some_days
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    connection.execute("set synchronous_commit = off")
    writer, changes = StepWriter(connection), some_days(int(sys.argv[2]))
    with connection.transaction():
        writer.begin(0, changes, {"next_tick": 1, "customer_count": 99})
    print("begun", flush=True)
    writer.finish(changes, {"next_tick": 1, "customer_count": 99})
"""


@pytest.fixture
def shop(services):
    with opened_small_shop(services) as connection:
        yield connection


def begin(shop, changes):
    writer = StepWriter(shop)
    with shop.transaction():
        writer.begin(0, changes, CLOCK)
    return writer


def after_a_batch(shop, changes):
    with shop.transaction(force_rollback=True):
        write_batch(shop, changes)
        return fingerprints(shop)


def dsn_of(shop):
    return f"{shop.info.dsn} password={shop.info.password}"


def row(shop, query):
    return shop.execute(query).fetchone()


@pytest.mark.long
def test_a_tick_killed_at_any_moment_is_finished_to_the_same_rows(shop):
    dice, seen = random.Random(3), set()  # noqa: S311
    for seed in range(6):
        changes = some_days(seed)
        expected = after_a_batch(shop, changes)
        process = subprocess.Popen(
            [sys.executable, "-c", WRITES_A_TICK, dsn_of(shop), str(seed)],
            stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip
        with process:
            assert process.stdout.readline() == b"begun\n"
            time.sleep(dice.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
        with psycopg.connect(dsn_of(shop), autocommit=True) as owner:
            seen.add(finish_tick(owner))
        assert fingerprints(shop) == expected
        assert row(shop, "select next_tick, customer_count from shop_control.clock") == (1, 99)
        open_small_shop(shop)
    assert True in seen


def test_a_step_that_is_refused_ends_the_tick_there_and_nothing_is_done_behind_it(shop):
    changes = some_days(5)
    expected = after_a_batch(shop, changes)
    shop.execute("alter table orders add constraint none_is_cancelled check (status <> 'cancelled')")
    writer = begin(shop, changes)
    with pytest.raises(psycopg.errors.CheckViolation, match="none_is_cancelled"):
        writer.finish(changes, CLOCK)
    done = row(shop, "select steps_done from shop_control.tick_journal")[0]
    with pytest.raises(psycopg.errors.CheckViolation, match="none_is_cancelled"):
        finish_tick(shop)
    assert row(shop, "select steps_done from shop_control.tick_journal")[0] == done
    assert row(shop, "select next_tick from shop_control.clock") == (0,)
    shop.execute("alter table orders drop constraint none_is_cancelled")
    assert finish_tick(shop)
    assert fingerprints(shop) == expected
    assert not finish_tick(shop)


def test_a_connection_lost_in_the_middle_of_a_tick_is_said_and_the_tick_finished_over_another(shop):
    changes = some_days(2)
    expected = after_a_batch(shop, changes)
    dsn = dsn_of(shop)
    # The server ends the session when the tick comes to its first cancelled order.
    shop.execute(
        "create function end_session() returns trigger language plpgsql as"
        " $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$"
    )
    shop.execute("create trigger ends before update on orders for each row when (new.status = 'cancelled') execute function end_session()")
    with psycopg.connect(dsn, autocommit=True) as other:
        writer = begin(other, changes)
        with pytest.raises(psycopg.OperationalError):
            writer.finish(changes, CLOCK)
    assert row(shop, "select steps_done > 0 from shop_control.tick_journal") == (True,)
    shop.execute("drop trigger ends on orders")
    assert finish_tick(shop)
    assert fingerprints(shop) == expected


@pytest.fixture
def small_disk(services):
    """A disk of 2 MiB, as a tablespace of the name small_disk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=1777", "tmpfs", name], check=False).returncode:
            pytest.skip("only root can make a small disk")
        try:
            folder.joinpath("space").mkdir(mode=0o700)
            owner = (services.home / "postgres" / "data").stat()
            os.chown(folder / "space", owner.st_uid, owner.st_gid)
            with psycopg.connect(services.postgres_url(POSTGRES_ADMIN, "postgres"), autocommit=True) as admin:
                admin.execute(psycopg.sql.SQL("create tablespace small_disk location {}").format(psycopg.sql.Literal(f"{name}/space")))
                admin.execute("grant create on tablespace small_disk to public")
                yield folder
                admin.execute("drop tablespace small_disk")
        finally:
            subprocess.run(["umount", name], check=True)


def test_a_full_disk_in_the_middle_of_a_tick_is_said_and_the_tick_finished_when_there_is_space(shop, small_disk):
    changes = some_days(7)
    expected = after_a_batch(shop, changes)
    shop.execute("alter table order_items set tablespace small_disk")
    with contextlib.suppress(OSError):
        small_disk.joinpath("filler").write_bytes(bytes(1 << 21))
    writer = begin(shop, changes)
    with pytest.raises(StorageError, match=r"disk is full .* run the command again: it goes on where the shop stands"), explained():
        writer.finish(changes, CLOCK)
    assert row(shop, "select steps_done > 0 from shop_control.tick_journal") == (True,)
    small_disk.joinpath("filler").unlink()
    shop.execute("alter table order_items set tablespace pg_default")
    assert finish_tick(shop)
    assert fingerprints(shop) == expected


def test_while_a_tick_is_being_written_only_the_next_one_can_still_be_decided(shop):
    assert next_open_tick(shop) == 0
    writer = begin(shop, some_days(1))
    assert next_open_tick(shop) == 1
    writer.finish(some_days(1), CLOCK)
    assert next_open_tick(shop) == 1


def test_every_step_is_a_transaction_of_its_own(shop):
    shop.execute("create table seen (at bigint)")
    shop.execute(
        "create function note() returns trigger language plpgsql as $$ begin insert into seen values (txid_current()); return null; end $$"
    )
    shop.execute("create trigger notes after insert or update on orders for each row execute function note()")
    changes = some_days(4)
    begin(shop, changes).finish(changes, CLOCK)
    steps = {
        (at, step)
        for change in changes
        if change.table.name == "orders"
        for at, step in zip(change.at.tolist(), change.step.tolist(), strict=True)
    }
    assert row(shop, "select count(distinct at) from seen") == (len(steps),)
    assert len(steps) > 25


def test_the_journal_gives_back_what_it_was_given():
    changes = some_days(9)
    found, clock = unpack(pack(changes, CLOCK))
    assert clock == CLOCK
    assert pack(found, CLOCK) == pack(changes, CLOCK)
    assert [(type(change), change.table.fullname, len(change)) for change in found] == [
        (type(change), change.table.fullname, len(change)) for change in changes
    ]
