import os
import random
import signal
import subprocess
import sys
import time
from threading import Event, Thread

import psycopg
import pytest

from gen_data.fingerprint import fingerprints
from gen_data.generate import backfill, pass_time
from gen_data.identity import read_schedule, record_switch
from gen_data.live import run_live
from gen_data.shop import Wishes, connect, own_shop, switch_scenario
from shoplake.core.errors import SettingsError
from shoplake.stack.local import runner
from shoplake.stack.private import fresh_databases, private_stack

pytestmark = pytest.mark.integration


def test_live_with_a_switch_gives_the_rows_of_a_backfill_with_the_recorded_schedule(services):
    with fresh_databases(services) as live:
        backfill(live, days=1, orders_per_day=3_000, seed=6)
        seen = []

        def on_tick(tick):
            seen.append(tick)
            if len(seen) == 12:
                switch_scenario(live, "flash_sale")

        run_live(live, speed=600, ticks=20, on_tick=on_tick)
        assert [tick.scenario for tick in seen] == ["normal_day"] * 12 + ["flash_sale"] * 8
        with connect(live.shop_dsn) as connection:
            expected, schedule = fingerprints(connection), read_schedule(connection)
    with fresh_databases(services) as again:
        with own_shop(again, Wishes(orders_per_day=3_000, seed=6)) as shop:
            for switch in schedule.switches:
                record_switch(shop.connection, switch)
            pass_time(shop, 1_460)
        with connect(again.shop_dsn) as connection:
            assert fingerprints(connection) == expected


@pytest.mark.long
def test_a_live_shop_killed_at_random_moments_comes_to_the_rows_of_a_backfill(services):
    ticks, kills = 200, 20
    program = "from gen_data.live import run_live; from shoplake.core.settings import load_settings; run_live(load_settings(), 1_000)"
    stand = "select next_tick, (select steps_done from shop_control.tick_journal) from shop_control.clock"
    dice, cut_short = random.Random(5), 0  # noqa: S311
    with fresh_databases(services) as settings, own_shop(settings, Wishes(orders_per_day=20_000, seed=6)) as shop:
        pass_time(shop, 600 + ticks)
        expected = fingerprints(shop.connection)
    with fresh_databases(services) as settings:
        with own_shop(settings, Wishes(orders_per_day=20_000, seed=6)) as shop:
            pass_time(shop, 600)
        with connect(settings.shop_dsn) as watch:
            for _ in range(kills):
                stood_at = watch.execute(stand).fetchone()
                with subprocess.Popen([sys.executable, "-c", program], env=os.environ | settings.environment()) as process:
                    while watch.execute(stand).fetchone() == stood_at and process.poll() is None:
                        time.sleep(0.002)
                    time.sleep(dice.uniform(0, 0.1))
                    process.kill()
                cut_short += watch.execute("select count(*) from shop_control.tick_journal").fetchone()[0]
        with own_shop(settings, Wishes()) as shop:
            assert 600 < shop.state.counters.next_tick <= 600 + ticks
            pass_time(shop, 600 + ticks)
            assert fingerprints(shop.connection) == expected
    assert cut_short > 0


def test_live_is_paced_by_the_wall(fresh):
    backfill(fresh, days=1, orders_per_day=100)
    started = time.monotonic()
    lived = run_live(fresh, speed=300, ticks=6)
    assert (lived.ticks, lived.reconnects) == (6, 0)
    assert time.monotonic() - started >= 6 * 60 / 300


def test_live_stops_at_a_ticks_end_when_asked(fresh):
    backfill(fresh, days=1, orders_per_day=100)
    stop = Event()
    lived = run_live(fresh, speed=600, stop=stop, on_tick=lambda tick: stop.set() if tick.number == 1_442 else None)
    assert lived.ticks == 3
    with own_shop(fresh, Wishes()) as shop:
        assert shop.state.counters.next_tick == 1_443


def test_live_that_waits_for_the_clock_says_for_whom_and_still_stops_when_asked(fresh):
    stop, said = Event(), []

    def on_wait(sentence):
        said.append(sentence)
        stop.set()

    with own_shop(fresh, Wishes(orders_per_day=50)):
        assert run_live(fresh, speed=1, stop=stop, on_wait=on_wait).ticks == 0
    assert len(said) == 1
    assert "shop clock pid" in said[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_live_command_well(fresh, number):
    command = [
        sys.executable,
        "-c",
        "from shoplake.cli.main import main; main()",
        "generate",
        "--live",
        "--speed",
        "60",
        "--orders-per-day",
        "9",
    ]
    process = subprocess.Popen(command, env=os.environ | fresh.environment(), stdout=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with psycopg.connect(fresh.shop_dsn) as connection:
            if connection.execute("select to_regclass('shop_control.clock') is not null").fetchone() == (True,) and connection.execute(
                "select count(*) from shop_control.clock where next_tick > 0"
            ).fetchone() == (1,):
                break
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(10) == 0


@pytest.mark.long
def test_live_survives_a_restarted_postgresql():
    with private_stack("postgres") as settings:
        backfill(settings, days=1, orders_per_day=500, seed=6)
        stop, lived = Event(), []
        thread = Thread(target=lambda: lived.append(run_live(settings, speed=1_200, ticks=60, stop=stop)))
        thread.start()
        time.sleep(1)
        runner.down(settings, ["postgres"])
        time.sleep(0.5)
        runner.up(settings, ["postgres"])
        thread.join(60)
        assert not thread.is_alive()
        assert lived[0].reconnects >= 1
        with own_shop(settings, Wishes()) as shop:
            assert shop.state.counters.next_tick == 1_500
            found = fingerprints(shop.connection)
        with fresh_databases(settings) as again, own_shop(again, Wishes(orders_per_day=500, seed=6)) as shop:
            pass_time(shop, 1_500)
            assert fingerprints(shop.connection) == found


@pytest.mark.parametrize(("wishes", "sentence"), [({"speed": 0}, "the speed 0 is not"), ({"speed": 1, "ticks": 0}, "0 ticks are not")])
def test_a_pace_that_cannot_be_is_refused(fresh, wishes, sentence):
    with pytest.raises(SettingsError, match=sentence):
        run_live(fresh, **wishes)
