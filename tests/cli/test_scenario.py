import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gen_data.generate import backfill

pytestmark = pytest.mark.integration

SHOPLAKE = str(Path(sys.executable).with_name("shoplake"))


def shoplake(settings, *arguments):
    return subprocess.run([SHOPLAKE, *arguments], env=os.environ | settings.environment(), capture_output=True, text=True, timeout=60)


def test_scenarios_are_listed_and_shown_without_a_shop(fresh):
    listed = json.loads(shoplake(fresh, "scenario", "list", "--json").stdout)["scenarios"]
    assert {row["name"] for row in listed} >= {"normal_day", "flash_sale"}
    shown = json.loads(shoplake(fresh, "scenario", "show", "flash_sale", "--json").stdout)["scenario"]
    assert shown["demand"] == "6 times the orders from 20:00 to 22:00 shop time"
    assert shown["discount"].startswith("40% off the 50 best-selling products")


def test_a_switch_is_said_with_its_tick_and_shop_time(fresh):
    made = backfill(fresh, days=1, orders_per_day=50)
    run = shoplake(fresh, "scenario", "switch", "flash_sale", "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["switch"] == {"scenario": "flash_sale", "from_tick": 1440, "shop_time": made.clock_to.isoformat()}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["show", "black_friday"], "scenario: there is no 'black_friday'. Choose one of: flash_sale, normal_day."),
        (["switch", "black_friday"], "scenario: there is no 'black_friday'. Choose one of: flash_sale, normal_day."),
        (["switch", "flash_sale"], "shop: there is no shop in this database yet. Open one with `shoplake generate --days 1`."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_sentence(fresh, arguments, sentence):
    run = shoplake(fresh, "scenario", *arguments)
    assert (run.returncode, run.stderr.strip()) == (20, sentence)
