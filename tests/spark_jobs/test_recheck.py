import json

import pyarrow as pa
import pytest

from iceberg.catalog import open_catalog
from iceberg.releases import list_releases
from shoplake.core.errors import TableError
from spark_jobs.recheck import recheck
from spark_jobs.tables import discover
from tests.cli.test_build import shoplake
from tests.spark_jobs.fixtures import Traded

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_all_checks_of_a_table_hold_again_and_are_those_that_its_build_recorded(traded: Traded) -> None:
    release, found = recheck(traded.settings, ["gold.daily_sales", "silver.orders"])
    assert release.release_id == 1
    assert {one.now.table_name for one in found} == {"gold.daily_sales", "silver.orders"}
    assert all(one.now.passed and one.recorded is not None and one.recorded.passed for one in found)
    # Beside the declared ones each key is checked to be unique and filled.
    declared = discover()["gold.daily_sales"].table.checks
    assert len([one for one in found if one.now.table_name == "gold.daily_sales"]) == len(declared) + 2
    assert len(list_releases(traded.settings)) == 1


def test_rows_that_somebody_wrote_by_hand_are_found_with_their_keys(traded: Traded) -> None:
    table = open_catalog(traded.settings).load_table("gold.daily_sales")
    wrong = table.scan(row_filter="channel_code == 'tiki'").to_arrow().to_pylist()[0] | {"channel_code": "nowhere", "order_count": 0}
    table.append(pa.Table.from_pylist([wrong], schema=table.schema().as_arrow()))
    _, found = recheck(traded.settings, ["gold.daily_sales"])
    broken = {one.now.check_name: one for one in found if not one.now.passed}
    assert set(broken) == {
        "order_count at least 1", "paid_order_count at most order_count",
        "gross_merchandise_value sums to the ledger of orders items_amount", "revenue sums to the ledger of orders revenue",
    }  # fmt: skip
    least = broken["order_count at least 1"]
    assert (least.now.failing_count, least.now.examples) == (1, [["2026-01-06", "nowhere"]])
    assert least.recorded is not None
    assert least.recorded.passed

    result = shoplake(traded.settings, "check", "gold.daily_sales", "--json")
    assert result.returncode == 42
    row = next(row for row in json.loads(result.stdout)["checks"] if row["check"] == "order_count at least 1")
    assert (row["passed"], row["failing_keys"], row["passed_when_built"]) == (False, ["2026-01-06,nowhere"], True)
    assert "Release 1 is what readers should see" in result.stderr


def test_a_table_that_is_unknown_is_one_sentence(traded: Traded) -> None:
    with pytest.raises(TableError, match=r"there is no table gold\.daily_sale\. Did you mean gold\.daily_sales"):
        recheck(traded.settings, ["gold.daily_sale"])


def test_a_table_that_was_never_built_is_answered_with_the_command_that_builds_it(traded: Traded) -> None:
    says = r"^check: release 1 does not hold gold\.customer_summary\. Run `shoplake build --table gold\.customer_summary`, then repeat\.$"
    with pytest.raises(TableError, match=says):
        recheck(traded.settings, ["gold.customer_summary"])


def test_the_command_shows_every_check(traded: Traded) -> None:
    result = shoplake(traded.settings, "check", "gold.sales_by_channel", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    declared = {check.name for check in discover()["gold.sales_by_channel"].table.checks}
    assert {row["check"] for row in document["checks"]} == declared | {"unique key", "key not null"}
    assert document["check"] == {"release": 1, "checks_passed": len(declared) + 2, "checks_not_passed": 0}
