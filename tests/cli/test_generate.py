import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from gen_data.plan import parse

pytestmark = pytest.mark.integration

SHOPLAKE = str(Path(sys.executable).with_name("shoplake"))


def shoplake(settings, *arguments):
    return subprocess.run([SHOPLAKE, *arguments], env=os.environ | settings.environment(), capture_output=True, text=True, timeout=60)


def test_generate_opens_a_shop_and_goes_on_with_it(fresh):
    first = shoplake(fresh, "generate", "--scenario", "flash_sale", "--days", "1", "--orders-per-day", "80", "--seed", "7", "--json")
    assert first.returncode == 0, first.stderr
    then = shoplake(fresh, "generate", "--json")
    made, went_on = json.loads(first.stdout)["generate"], json.loads(then.stdout)["generate"]
    assert (made["scenario"], made["orders_per_day"], made["seed"]) == ("flash_sale", 80, "7")
    assert (went_on["clock_from"], went_on["seed"]) == (made["clock_to"], "7")


def test_generate_live_ends_after_its_ticks(fresh):
    run = shoplake(fresh, "generate", "--live", "--speed", "6000", "--ticks", "5", "--orders-per-day", "500")
    assert run.returncode == 0, run.stderr
    assert len([line for line in run.stdout.splitlines() if "normal_day" in line]) == 5


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (
            ["--scenario", "black_friday"],
            20,
            "scenario: there is no 'black_friday'. Choose one of: "
            "dirty_data, flash_sale, fraud_attack, normal_day, promotion_blast, returns_wave, stockout.",
        ),
        (["--days", "-1"], 2, "generate: -1 days are not possible. Give --days from 1 to 36500."),
        (["--orders-per-day", "0"], 2, "generate: 0 orders per day are not possible. Give 1 to 5,000,000."),
        (["--live", "--speed", "-2"], 2, "generate: the speed -2 is not possible. Give --speed above 0 and up to 1,000,000."),
        (["--live", "--speed", "nan"], 2, "generate: the speed nan is not possible. Give --speed above 0 and up to 1,000,000."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_sentence(fresh, arguments, exit_code, sentence):
    run = shoplake(fresh, "generate", *arguments)
    assert (run.returncode, run.stderr.strip()) == (exit_code, sentence)


def test_generate_follows_a_schedule(fresh, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text('[[period]]\nfrom_day = 0.5\nscenario = "stockout"\norders_per_day = 90\n')
    run = shoplake(fresh, "generate", "--orders-per-day", "50", "--schedule", str(plan), "--json")
    assert run.returncode == 0, run.stderr
    made = json.loads(run.stdout)["generate"]
    assert (made["scenario"], made["orders_per_day"]) == ("stockout", 90)


def test_a_mistake_in_a_schedule_is_said_with_line_and_column_before_anything_is_made(fresh, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text('[[period]]\nfrom_day = 0\nscenario = "stokout"\n')
    run = shoplake(fresh, "generate", "--schedule", str(plan))
    assert run.returncode == 2
    assert run.stderr.startswith("schedule: plan.toml line 3, column 12: there is no 'stokout'. Did you mean stockout? Choose one of: ")
    with psycopg.connect(fresh.shop_dsn) as connection:
        assert connection.execute("select to_regnamespace('shop_control')").fetchone() == (None,)


def test_the_example_in_the_help_is_a_plan(fresh):
    shown = shoplake(fresh, "generate", "--help").stdout
    start, end = shown.index("[[period]]"), shown.index("Options:")
    assert len(parse(shown[start:end], "help").periods) == 1


@pytest.mark.parametrize("arguments", [["--live", "--days", "1"], ["--ticks", "5"], ["--speed", "2"]], ids=" ".join)
def test_options_that_exclude_each_other_are_wrong_usage(fresh, arguments):
    run = shoplake(fresh, "generate", *arguments)
    assert run.returncode == 2
    assert "--live" in run.stderr
