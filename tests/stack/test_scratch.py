import psycopg
import pytest

from shoplake.core.errors import ServiceError, SettingsError
from shoplake.core.settings import ANALYST, LAKE_WRITER, POSTGRES_ADMIN, Settings
from shoplake.stack.local.databases import database_names
from shoplake.stack.private import private_settings
from shoplake.stack.scratch import scratch_shops

pytestmark = pytest.mark.integration


def _database(settings: Settings) -> str:
    return settings.shop_dsn.rsplit("/", 1)[1]


def test_scratch_shops_are_dropped_at_the_end_also_of_a_failure_and_with_sessions_open(services: Settings) -> None:
    def fail() -> None:
        with scratch_shops(services) as shops:
            first = shops.empty()
            made = [_database(first), _database(shops.copy_of(first))]
            assert database_names(services, "scratch_") == made
            sessions.append(psycopg.connect(first.shop_dsn))
            raise KeyboardInterrupt

    sessions: list[psycopg.Connection] = []
    with pytest.raises(KeyboardInterrupt):
        fail()
    assert database_names(services, "scratch_") == []
    with sessions[0] as session, pytest.raises(psycopg.OperationalError):
        session.execute("select 1")


def test_a_copy_holds_what_the_other_held_and_lets_in_whom_the_other_let_in(services: Settings) -> None:
    with scratch_shops(services) as shops:
        first = shops.empty()
        with psycopg.connect(first.shop_dsn) as owner:
            owner.execute("create table things (thing_id bigint primary key)")
            owner.execute("insert into things values (7)")
            owner.execute("create table ground_truth.secrets (thing_id bigint primary key)")
        second = shops.copy_of(first)
        with psycopg.connect(first.shop_dsn) as owner:
            owner.execute("insert into things values (8)")
        for dsn in (second.source_dsn, second.postgres_url(ANALYST, _database(second))):
            with psycopg.connect(dsn) as reader:
                assert reader.execute("select thing_id from things").fetchall() == [(7,)]
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute("select * from ground_truth.secrets")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(second.postgres_url(LAKE_WRITER, _database(second)))


def test_what_a_killed_run_left_is_dropped_by_the_next_and_what_another_still_uses_is_not(services: Settings) -> None:
    with psycopg.connect(services.postgres_url(POSTGRES_ADMIN, "postgres"), autocommit=True) as admin:
        admin.execute("create database scratch_0123456789ab_0")
    with scratch_shops(services) as shops:
        mine = _database(shops.empty())
        with scratch_shops(services) as others:
            theirs = _database(others.empty())
            assert database_names(services, "scratch_") == sorted([mine, theirs])
        assert database_names(services, "scratch_") == [mine]


def test_without_a_stack_that_runs_it_is_one_sentence(services: Settings, tmp_path) -> None:
    never_started = private_settings(tmp_path)
    with pytest.raises(SettingsError, match="Start the stack once with `shoplake up`"), scratch_shops(never_started):
        pass
    stopped = services.changed(postgres_port=never_started.postgres_port)
    with pytest.raises(ServiceError, match="Start it with `shoplake up postgres`"), scratch_shops(stopped):
        pass
