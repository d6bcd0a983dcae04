import json
import os
import signal
import subprocess
import sys
from threading import Event
from urllib.parse import urlsplit

import psycopg
import pytest

from gen_data.generate import backfill
from iceberg.releases import list_releases
from shoplake.core.errors import CheckFailedError
from shoplake.core.settings import POSTGRES_ADMIN, Settings
from shoplake.rounds import Round, follow, run_round
from shoplake.watch import GOLD
from tests.cli.test_build import shoplake

pytestmark = [pytest.mark.integration, pytest.mark.long]


@pytest.fixture
def selling(spark_services: Settings, fresh: Settings) -> Settings:
    """A shop that sold for a day, with a lake that wants its daily sales."""
    settings = fresh.changed(tables=(GOLD,))
    backfill(settings, 1, orders_per_day=20)
    return settings


def test_a_round_brings_what_was_committed_into_a_release_and_the_next_finds_nothing_new(selling: Settings) -> None:
    done = json.loads(shoplake(selling, "run", "--json").stdout)["run"]
    assert done["release"] == 1
    assert done["rows"] > 100
    assert done["checks_passed"] > 10
    again = run_round(selling)
    assert (again.ingested.row_count, again.built.release) == (0, None)
    said = shoplake(selling, "run")
    assert said.stdout.endswith("Nothing new at the source; the current release stays.\n")
    with psycopg.connect(selling.source_owner_dsn) as shop:
        shop.execute("alter table channels add column country text not null default 'VN'")
    assert "public.channels is loaded anew: " in shoplake(selling, "run").stderr


def test_following_goes_on_behind_a_check_that_refuses_until_the_source_has_put_it_right(selling: Settings) -> None:
    stop = Event()
    rounds = follow(selling, 0, stop)
    assert isinstance(next(rounds), Round)

    with psycopg.connect(selling.postgres_url(POSTGRES_ADMIN, urlsplit(selling.shop_dsn).path[1:]), autocommit=True) as admin:
        # The shop's own rules would not let it.
        admin.execute("set session_replication_role = replica")
        change = (
            "update payments set amount = amount {} 1 where payment_id = (select min(payment_id) from payments where status = 'succeeded')"
        )
        admin.execute(change.format("-").encode())
        refused = next(rounds)
        assert isinstance(refused, CheckFailedError)
        assert "orders must be paid in full, once, or not at all, but 1 row is not" in str(refused)
        admin.execute(change.format("+").encode())
    healed = next(rounds)
    assert isinstance(healed, Round)
    assert healed.built.release is not None
    assert [release.release_id for release in list_releases(selling)] == [healed.built.release.release_id, 1]

    stop.set()
    assert next(rounds, None) is None


def test_following_ends_well_after_the_round_under_way_when_it_is_asked_to(selling: Settings) -> None:
    command = [sys.executable, "-c", "from shoplake.cli.main import main; main()", "run", "--follow", "--pause", "0"]
    environment = os.environ | selling.environment()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "Following the source; Ctrl-C ends it.\n"
        assert "  release 1: " in following.stdout.readline()
        backfill(selling, 1)
        following.send_signal(signal.SIGTERM)
        said, noted = following.communicate(timeout=120)
    assert following.returncode == 0
    assert noted == "run: ends with the round under way; Ctrl-C once more ends it now.\n"
    published = [release.release_id for release in list_releases(selling)]
    assert published in ([1], [2, 1])
    assert said.count("release") == len(published) - 1


def test_what_has_no_end_gives_no_document(fresh: Settings) -> None:
    ended = shoplake(fresh, "run", "--follow", "--json")
    assert ended.returncode == 2
    assert ended.stderr == "run: --follow goes on without an end and waits for others, so give neither --json nor --no-wait with it.\n"
