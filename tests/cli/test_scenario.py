import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from gen_data.generate import backfill

pytestmark = pytest.mark.integration

SHOPLAKE = str(Path(sys.executable).with_name("shoplake"))


def shoplake(settings, *arguments):
    return subprocess.run([SHOPLAKE, *arguments], env=os.environ | settings.environment(), capture_output=True, text=True, timeout=60)


def test_scenarios_are_listed_and_shown_without_a_shop(fresh):
    listed = json.loads(shoplake(fresh, "scenario", "list", "--json").stdout)["scenarios"]
    assert {row["name"] for row in listed} == {
        "normal_day", "flash_sale", "fraud_attack", "promotion_blast", "returns_wave", "stockout", "dirty_data",
    }  # fmt: skip
    shown = json.loads(shoplake(fresh, "scenario", "show", "stockout+flash_sale", "--intensity", "0.5", "--json").stdout)
    assert (shown["scenario"]["name"], shown["scenario"]["intensity"]) == ("flash_sale+stockout", 0.5)
    assert [row["effect"] for row in shown["effects"]] == [
        "3.5 times the orders from 20:00 to 22:00 shop time",
        "20% off the 50 best-selling products from 20:00 to 22:00 shop time",
        "1.5 times the orders all day",
        "no replenishment of the 30 best-selling products",
    ]
    assert shown["expects"][0] == {
        "expected": "orders per hour rises to at least 2.00 times from 20:00 to 22:00 shop time",
        "measured_as": "orders placed, per hour of the window",
    }
    assert "Nothing is changed: other scenarios are measured against it." in shoplake(fresh, "scenario", "show", "normal_day").stdout


def test_a_switch_is_said_with_its_tick_and_shop_time_and_when_it_ends(fresh):
    made = backfill(fresh, days=1, orders_per_day=50)
    run = shoplake(fresh, "scenario", "switch", "flash_sale+fraud_attack", "--for", "1h30m", "--intensity", "2", "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["switch"] == {
        "scenario": "flash_sale+fraud_attack",
        "intensity": 2.0,
        "from_tick": 1440,
        "shop_time": made.clock_to.isoformat(),
        "until": (made.clock_to + timedelta(minutes=90)).isoformat(),
        "then": "normal_day",
    }


ALL = "dirty_data, flash_sale, fraud_attack, normal_day, promotion_blast, returns_wave, stockout"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["show", "black_friday"], 20, f"scenario: there is no 'black_friday'. Choose one of: {ALL}."),
        (["switch", "flash-sael"], 20, f"scenario: there is no 'flash-sael'. Did you mean flash_sale? Choose one of: {ALL}."),
        (["switch", "flash_sale"], 20, "shop: there is no shop in this database yet. Open one with `shoplake generate --days 1`."),
        (["switch", "flash_sale", "--for", "30"], 2, "scenario: '30' is not a length of shop time. Give one such as 30m, 2h or 1d12h."),
        (
            ["show", "flash_sale", "--intensity", "11"],
            2,
            "scenario: an intensity of 11 is not possible. Give 0.1 to 10; 1 is as declared.",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_sentence(fresh, arguments, exit_code, sentence):
    run = shoplake(fresh, "scenario", *arguments)
    assert (run.returncode, run.stderr.strip()) == (exit_code, sentence)
