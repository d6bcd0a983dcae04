import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
        (["--scenario", "black_friday"], 20, "scenario: there is no 'black_friday'. Choose one of: flash_sale, normal_day."),
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


@pytest.mark.parametrize("arguments", [["--live", "--days", "1"], ["--ticks", "5"], ["--speed", "2"]], ids=" ".join)
def test_options_that_exclude_each_other_are_wrong_usage(fresh, arguments):
    run = shoplake(fresh, "generate", *arguments)
    assert run.returncode == 2
    assert "--live" in run.stderr
