import json
import os
import subprocess
import sys

import pytest

from shoplake.core.settings import Settings
from spark_jobs.tables import discover
from tests.spark_jobs.fixtures import Traded

pytestmark = pytest.mark.integration


def shoplake(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from shoplake.cli.main import main; main()", *arguments]
    return subprocess.run(command, env=os.environ | settings.environment(), capture_output=True, text=True, timeout=120, check=False)


def test_a_build_before_any_ingest_is_one_sentence(fresh: Settings) -> None:
    result = shoplake(fresh, "build")
    assert result.returncode == 41
    assert result.stderr == "build: nothing was ingested yet. Run `shoplake ingest` first.\n"


def test_an_unknown_table_is_answered_with_near_names(fresh: Settings) -> None:
    result = shoplake(fresh, "build", "--table", "gold.daily_sale")
    assert result.returncode == 40
    assert "there is no table gold.daily_sale. Did you mean gold.daily_sales" in result.stderr
    assert result.stderr.count("\n") == 1


def test_spark_that_does_not_answer_is_one_sentence(traded: Traded) -> None:
    result = shoplake(traded.settings.changed(spark="sc://localhost:9"), "build", "--full")
    assert result.returncode == 14
    assert result.stderr.startswith("spark: sc://localhost:9 does not answer (")
    assert result.stderr.count("\n") == 1


def test_nothing_new_is_said(traded: Traded) -> None:
    result = shoplake(traded.settings, "build")
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("Nothing new since release 1.\n")
    document = json.loads(shoplake(traded.settings, "build", "--json").stdout)
    assert document["tables"] == []
    assert document["build"]["release"] is None
    assert document["build"]["tables_kept"] == len(discover().selected(traded.settings).by_name)


def test_what_was_built_is_a_table_of_tables(traded: Traded) -> None:
    result = shoplake(traded.settings, "build", "--full", "--table", "silver.channels", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert [(row["table"], row["outcome"], row["strategy"], row["rows_changed"]) for row in document["tables"]] == [
        ("silver.channels", "built", "full", 4)
    ]
    assert document["build"]["release"] == 2
    assert document["build"]["checks_not_passed"] == 0
