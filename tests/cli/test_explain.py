import json

import pytest

from spark_jobs.run import build
from tests.cli.test_build import shoplake
from tests.spark_jobs.bronze_rows import START
from tests.spark_jobs.fixtures import Traded

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_a_number_is_shown_with_its_definition_and_the_orders_that_make_it(traded: Traded) -> None:
    asked = ("explain", "gold.daily_sales", "--key", "2026-01-05,shopee", "--column", "net_revenue")
    text = shoplake(traded.settings, *asked)
    assert text.returncode == 0, text.stderr
    assert "Rows of silver.orders that make it" in text.stdout
    assert text.stdout.endswith("net_revenue: the sum over the rows below. From 1 rows 100.00, published 100.00.\n")
    document = json.loads(shoplake(traded.settings, *asked, "--json").stdout)
    assert document["explained"]["one_row_is"] == "one row per order date and channel"
    assert document["explained"]["made_again_the_same"] is True
    assert document["explained"]["source_position"] == traded.bronze.lsn
    assert document["numbers"] == [
        {
            "column": "net_revenue",
            "value": "100.00",
            "made_as": "the sum over the rows below",
            "adds_up": True,
            "definition": "revenue less refunds",
        }
    ]
    assert {row["table"] for row in document["inputs"]} == {"silver.orders", "silver.order_items", "silver.payments"}
    assert all(check["passed"] for check in document["checks"])
    assert [(row["order_id"], row["net_revenue"], row["revenue"]) for row in document["rows"]] == [(1, "100.00", "100.00")]


def test_a_rate_is_shown_with_the_two_numbers_that_it_is_the_quotient_of(traded: Traded) -> None:
    asked = ("explain", "gold.daily_sales", "--key", "2026-01-05,shopee", "--column", "average_order_value")
    text = shoplake(traded.settings, *asked)
    assert text.returncode == 0, text.stderr
    assert [line for line in text.stdout.splitlines() if ", published " in line] == [
        "average_order_value: revenue divided by paid_order_count, 100.00 / 1 = 100.00, published 100.00.",
        "revenue: the sum over the rows below. From 1 rows 100.00, published 100.00.",
        "paid_order_count: the sum over the rows below. From 1 rows 1, published 1.",
    ]
    document = json.loads(shoplake(traded.settings, *asked, "--json").stdout)
    assert [number["column"] for number in document["numbers"]] == ["average_order_value", "revenue", "paid_order_count"]
    assert document["rows"] == [{"order_id": 1, "revenue": "100.00", "paid_order_count": 1}]


def test_a_value_with_a_comma_in_it_stands_in_quotes(traded: Traded) -> None:
    step = {"session_id": 1, "sequence": 1, "customer_id": 1, "kind": "search", "device_id": 1, "happened_at": START}
    traded.bronze.change("insert", "customer_activity_log", [{**step, "search_text": 'a bag, "red"'}])
    traded.bronze.commit()
    build(traded.settings, tables=["gold.search_terms"])
    key = '2026-01-05,"a bag, ""red"""'
    found = shoplake(traded.settings, "explain", "gold.search_terms", "--key", key, "--json")
    assert found.returncode == 0, found.stderr
    explained = json.loads(found.stdout)["explained"]
    assert (explained["key"], explained["made_again_the_same"]) == (key, True)
    unquoted = shoplake(traded.settings, "explain", "gold.search_terms", "--key", '2026-01-05,a bag, "red"')
    assert unquoted.returncode == 44
    assert "the key of gold.search_terms is (search_date, search_text), but 3 values were given" in unquoted.stderr
    missing = shoplake(traded.settings, "explain", "gold.search_terms", "--key", "2026-01-05,nothing")
    assert missing.stderr.endswith(f"such as {key}.\n")


def test_a_table_that_was_never_built_is_answered_with_the_command_that_builds_it(traded: Traded) -> None:
    result = shoplake(traded.settings, "explain", "gold.customer_summary", "--key", "1")
    assert result.returncode == 40
    assert result.stderr.startswith(
        "lake: release 1 does not hold gold.customer_summary. `shoplake build --table gold.customer_summary` makes it"
    )


def test_a_row_that_is_not_there_is_one_sentence(traded: Traded) -> None:
    result = shoplake(traded.settings, "explain", "gold.daily_sales", "--key", "2026-01-05,lazada")
    assert result.returncode == 44
    assert result.stderr == (
        "explain: gold.daily_sales has no row 2026-01-05,lazada in release 1. "
        "Give a key (order_date, channel_code), such as 2026-01-05,shopee.\n"
    )
