import csv
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from shoplake.stack.local.databases import database_names

pytestmark = [pytest.mark.integration, pytest.mark.long]

SHOPLAKE = str(Path(sys.executable).with_name("shoplake"))
SMALL = ("--orders-per-day", "150", "--warm-up", "1", "--days", "1", "--days-after", "1")


def shoplake(settings, *arguments):
    return subprocess.run([SHOPLAKE, *arguments], env=os.environ | settings.environment(), capture_output=True, text=True, timeout=120)


def test_a_comparison_is_told_in_numbers_and_files_that_add_up(services, tmp_path):
    run = shoplake(services, "compare", "flash_sale", "normal_day", *SMALL, "--json", "--out", str(tmp_path / "out"))
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert (told["compare"]["scenario"], told["compare"]["against"], told["compare"]["seed"]) == ("flash_sale", "normal_day", "42")
    kpis = {row["kpi"]: row for row in told["kpis"]}
    assert kpis["orders"]["difference"] == kpis["orders"]["with"] - kpis["orders"]["without"] > 0
    parts = ("caused", "lost", "changed", "same", "no_order")
    assert all(sum(Decimal(row[part]) for part in parts) == Decimal(row["difference"]) for row in told["during"])
    assert {row["kpi"] for row in told["during"]} > {"orders", "discounts", "net revenue"}
    assert told["expects"][0]["holds"] is True
    assert told["expects"][-1]["expected"].endswith("(needs --days 2)")
    assert [row["file"] for row in told["files"]] == [str(tmp_path / "out" / name) for name in ("kpis.csv", "orders.csv")]
    with (tmp_path / "out" / "orders.csv").open() as file:
        rows = list(csv.DictReader(file))
    during = [row for row in rows if row["placed"] == "during"]
    assert sum(row["class"] == "caused" for row in during) == next(row["count"] for row in told["classes"] if row["class"] == "caused")
    change = sum(Decimal(row["items_amount_with"] or 0) - Decimal(row["items_amount_without"] or 0) for row in during)
    assert change == Decimal(kpis["gross merchandise value"]["difference"])
    assert {row["differs_in"] for row in rows if row["class"] == "caused"} == {""}
    assert [row["kpi"] for row in told["before"]] == []
    assert {row["status_without"] for row in rows if row["class"] == "changed"} <= {
        "pending",
        "paid",
        "packed",
        "shipped",
        "delivered",
        "cancelled",
    }


def test_people_are_shown_tables(services):
    run = shoplake(services, "compare", "fraud_attack", *SMALL)
    assert run.returncode == 0, run.stderr
    assert "Which orders make the difference" in run.stdout
    assert "What the scenario promises" in run.stdout


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=["interrupted", "terminated"])
def test_ended_early_it_leaves_nothing_behind(services, ending):
    running = subprocess.Popen(
        # What runs in the background of a shell ignores the signal, and so would its children.
        ["env", "--default-signal=INT", SHOPLAKE, "compare", "flash_sale", *SMALL, "--warm-up", "60"],
        env=os.environ | services.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not database_names(services, "scratch_") and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(ending)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in told
    assert "compare: ends with the step under way; Ctrl-C once more ends it now." in " ".join(told.split())
    assert database_names(services, "scratch_") == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["flash_sael"], 20, "scenario: there is no 'flash_sael'. Did you mean flash_sale? Choose one of: "),
        (["flash_sale", "--days", "0"], 2, "compare: 0 days are not possible. Give 1 to 365."),
        (["flash_sale", "--orders-per-day", "0"], 2, "generate: 0 orders per day are not possible. Give 1 to 5,000,000."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_sentence(services, arguments, exit_code, sentence):
    run = shoplake(services, "compare", *arguments)
    assert (run.returncode, run.stderr.count("\n")) == (exit_code, 1)
    assert run.stderr.startswith(sentence)
    assert database_names(services, "scratch_") == []


def test_a_folder_that_cannot_be_written_is_one_sentence(services, tmp_path):
    (tmp_path / "file").write_text("in the way")
    run = shoplake(services, "compare", "normal_day", *SMALL, "--out", str(tmp_path / "file" / "out"))
    assert run.returncode == 12
    assert (
        run.stderr.strip() == f"compare: {tmp_path / 'file' / 'out'} cannot be written (Not a directory). Give another folder with --out."
    )
