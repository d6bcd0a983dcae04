import json

import pytest

from tests.cli.test_build import shoplake
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


def test_a_row_that_is_not_there_is_one_sentence(traded: Traded) -> None:
    result = shoplake(traded.settings, "explain", "gold.daily_sales", "--key", "2026-01-05,lazada")
    assert result.returncode == 44
    assert result.stderr == (
        "explain: gold.daily_sales has no row 2026-01-05,lazada in release 1. "
        "Give a key (order_date, channel_code), such as 2026-01-05,shopee.\n"
    )
