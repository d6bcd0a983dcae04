import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iceberg.catalog import open_catalog
from iceberg.releases import list_releases
from shoplake.core.errors import CheckFailedError
from shoplake.core.settings import PROJECT_FOLDER, Settings
from spark_jobs.run import build
from tests.cli.test_build import shoplake
from tests.spark_jobs.bronze_rows import place
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.lake_rows import assert_incremental_equals_full, whole_lake

pytestmark = pytest.mark.integration


class Checkout:
    """A copy of the transforms that a test edits, as somebody would in a working tree of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(PROJECT_FOLDER / "spark_jobs", folder / "spark_jobs", ignore=shutil.ignore_patterns("__pycache__"))

    def edit(self, path: str, before: str, after: str) -> None:
        file = self.folder / "spark_jobs" / path
        text = file.read_text()
        assert text.count(before) == 1
        file.write_text(text.replace(before, after))

    def preview(self, settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.run(settings, "preview", *arguments)

    def run(self, settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
        # The current folder stands before installed packages.
        command = [sys.executable, "-c", "from shoplake.cli.main import main; main()", *arguments]
        environment = os.environ | settings.environment()
        return subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def _branches(settings: Settings) -> list[str]:
    catalog = open_catalog(settings)
    tables = [catalog.load_table(f"{layer}.{name}") for layer in ("silver", "gold") for _, name in catalog.list_tables(layer)]
    return [name for table in tables for name in table.metadata.refs if name.startswith("run_")]


def test_an_edit_is_shown_with_all_that_follows_from_it_and_readers_see_nothing_of_it(traded: Traded, checkout: Checkout) -> None:
    lake = traded.settings
    before = whole_lake(lake)
    # The payment of the third order, of 100 in tiki, is taken for a failed one.
    edited = 'bronze_payments.selectExpr("* except (status)", "if(order_id = 3, \'failed\', status) as status")'
    checkout.edit("silver/payments.py", "return bronze_payments.", f"return {edited}.")
    result = checkout.preview(lake, "--json")
    assert result.returncode == 0, result.stderr
    seen = json.loads(result.stdout)
    rows = {row["table"]: (row["why"], row["rows_added"], row["rows_removed"], row["rows_changed"]) for row in seen["tables"]}
    assert rows == {
        "silver.payments": ("its code was edited", 0, 0, 1),
        "gold.daily_sales": ("it reads silver.payments", 0, 0, 1),
        "gold.hourly_sales": ("it reads silver.payments", 0, 0, 1),
        "gold.sales_by_channel": ("it reads gold.daily_sales", 0, 0, 1),
    }
    details = {row["table"]: row for row in seen["details"]}
    values = {value["column"]: (value["row_key"], value["before"], value["after"]) for value in details["gold.daily_sales"]["values"]}
    assert values["revenue"] == ("2026-01-06,tiki", "100.00", "0.00")
    assert values["average_order_value"] == ("2026-01-06,tiki", "100.00", None)
    assert next(row for row in seen["kpis"] if row["kpi"] == "revenue") == {
        "kpi": "revenue", "before": "300.00", "after": "200.00", "difference": "-100.00",
    }  # fmt: skip
    assert whole_lake(lake) == before
    assert [release.release_id for release in list_releases(lake)] == [1]
    assert _branches(lake) == []
    assert shoplake(lake, "build").stdout.endswith("Nothing new since release 1.\n")


def _schemas(settings: Settings) -> dict[str, str]:
    catalog = open_catalog(settings)
    names = [name for layer in ("silver", "gold") for name in catalog.list_tables(layer)]
    return {".".join(name): str(catalog.load_table(name).schema()) for name in names}


def _have_an_idea(checkout: Checkout) -> None:
    """A column more and a wider one in silver.payments, and a table that reads it."""
    added = 'Column("is_late", BooleanType(), "whether it is a second attempt"),\n        Column("attempt", LongType(),'
    checkout.edit("silver/payments.py", 'Column("attempt", IntegerType(),', added)
    checkout.edit("silver/payments.py", "types import DateType, IntegerType,", "types import BooleanType, DateType,")
    checkout.edit(
        "silver/payments.py",
        '", local_date("paid_at", time_zone))',
        '", local_date("paid_at", time_zone)).selectExpr("*", "attempt > 1 as is_late")',
    )
    late = (checkout.folder / "spark_jobs/silver/payments.py").read_text()
    (checkout.folder / "spark_jobs/gold/late_payments.py").write_text(
        late.replace("bronze_payments", "silver_payments").replace("MergeByKey", "FullRefresh").replace('sums_to("amount"', "#")
        .replace(".withColumn(", ".drop('is_late').withColumn(")
    )  # fmt: skip


def test_an_idea_that_was_previewed_and_given_up_stops_no_later_build(traded: Traded, checkout: Checkout) -> None:
    lake = traded.settings
    rows, schemas = whole_lake(lake), _schemas(lake)
    opened = open_catalog(lake).load_table("silver.payments")
    _have_an_idea(checkout)
    result = checkout.preview(lake, "silver.payments", "gold.late_payments", "--json")
    assert result.returncode == 0, result.stderr
    assert {row["table"]: row["why"] for row in json.loads(result.stdout)["tables"]}["gold.late_payments"] == "it is new"
    assert (_schemas(lake), whole_lake(lake)) == (schemas, rows)
    assert opened.scan().to_arrow().num_rows == 3, "who opened a table before reads on"
    place(traded.bronze, 4)
    traded.bronze.commit()
    assert build(lake).release is not None
    assert_incremental_equals_full(lake)


def test_code_that_a_check_refused_and_that_was_taken_back_stops_no_later_build(traded: Traded, checkout: Checkout) -> None:
    lake = traded.settings
    rows, schemas = whole_lake(lake), _schemas(lake)
    _have_an_idea(checkout)
    checkout.edit("silver/payments.py", 'accepted_values("method", *PAYMENT_METHODS)', 'accepted_values("method", "cod")')
    refused = checkout.run(lake, "build", "--table", "silver.payments")
    assert refused.returncode == CheckFailedError.exit_code, refused.stderr
    assert _schemas(lake) != schemas, "columns are made before rows are checked"
    assert whole_lake(lake).keys() == rows.keys(), "readers read on"
    place(traded.bronze, 4)
    traded.bronze.commit()
    assert build(lake).release is not None
    assert _schemas(lake) == schemas
    assert_incremental_equals_full(lake)


@pytest.mark.long
def test_markdown_is_for_the_description_of_a_change(traded: Traded, checkout: Checkout) -> None:
    checkout.edit(
        "silver/payments.py", 'accepted_values("method", *PAYMENT_METHODS)', 'accepted_values("method", *PAYMENT_METHODS, "cheque")'
    )
    said = checkout.preview(traded.settings, "--markdown").stdout
    assert "| `silver.payments` | its code was edited | 0 | 0 | 0 |" in said
    assert "Every row is as in release 1. Nothing was published." in said


@pytest.mark.long
def test_nothing_edited_is_said_and_an_unknown_table_is_answered_with_near_names(traded: Traded) -> None:
    assert shoplake(traded.settings, "preview").stdout.endswith("No code was edited since release 1.\n")
    unknown = shoplake(traded.settings, "preview", "gold.daily_sale")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (40, 1)
    assert "Did you mean gold.daily_sales" in unknown.stderr


@pytest.mark.long
def test_code_that_a_check_would_stop_ends_in_the_check_s_sentence(traded: Traded, checkout: Checkout) -> None:
    lake = traded.settings
    before = whole_lake(lake)
    checkout.edit("gold/daily_sales.py", "silver_payments)\n    measured", 'silver_payments).where("order_id <> 3")\n    measured')
    result = checkout.preview(lake)
    assert result.returncode == CheckFailedError.exit_code
    assert result.stderr.startswith("check: gold.daily_sales")
    assert "Release 1 stays current" in result.stderr
    assert result.stderr.count("\n") == 1
    assert whole_lake(lake) == before
    assert _branches(lake) == []


@pytest.mark.long
def test_a_table_asked_for_by_name_that_nobody_edited_comes_out_the_same(traded: Traded) -> None:
    seen = json.loads(shoplake(traded.settings, "preview", "gold.daily_sales", "--json").stdout)
    assert [(row["table"], row["why"], row["rows_changed"]) for row in seen["tables"]] == [
        ("gold.daily_sales", "it was asked for", 0), ("gold.sales_by_channel", "it reads gold.daily_sales", 0),
    ]  # fmt: skip
