from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from scoring.promotions import Campaign, grade_lift

pytestmark = pytest.mark.unit

DAY = timedelta(days=1)
START = datetime(2026, 1, 5, tzinfo=UTC)


def drawn(*rows: tuple[int, int, bool]) -> pa.Table:
    """Customers drawn for a campaign: its number, theirs, and whether they were held out."""
    schema = pa.schema([("promotion_id", pa.int64()), ("customer_id", pa.int64()), ("is_held_out", pa.bool_())])
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)


def placed(*rows: tuple[int, datetime]) -> pa.Table:
    """Orders numbered from 1: whose, and when."""
    schema = pa.schema([("order_id", pa.int64()), ("customer_id", pa.int64()), ("ordered_at", pa.timestamp("us", "UTC"))])
    orders = [{"order_id": number, "customer_id": buyer, "ordered_at": at} for number, (buyer, at) in enumerate(rows, 1)]
    return pa.Table.from_pylist(orders, schema=schema)


def test_the_true_lift_is_orders_of_the_treated_over_those_without_the_caused_ones_while_the_campaign_ran() -> None:
    orders = placed(
        (1, START), (1, START + DAY / 2), (2, START), (3, START), (3, START - DAY), (9, START), (2, START + DAY), (1, START + DAY / 3)
    )  # fmt: skip
    contacts = drawn((7, 1, False), (7, 2, False), (7, 3, True), (8, 9, False))
    # 7 came too late, 8 is a fraud.
    caused = {7: {1, 3, 7, 8}, 8: {6}}
    campaign, whole = grade_lift([Campaign(7, START, START + DAY, 3.3, 3)], contacts, orders, caused, {8})
    assert (campaign.treated_orders, campaign.caused_orders) == (3, 2)
    assert campaign.true == 3.0
    assert campaign.error == pytest.approx(0.1)
    assert (whole.campaign, whole.true, whole.estimated) == ("all", 3.0, pytest.approx(3.3))


def test_together_the_lift_is_orders_with_it_over_orders_without_it() -> None:
    campaigns = [
        Campaign(1, START, START + DAY, 2.0, 20),
        Campaign(2, START, START + DAY, 4.0, 40),
        Campaign(3, START, START + DAY, None, 5),
    ]
    whole = grade_lift(campaigns, drawn(), placed(), {}, set())[-1]
    assert whole.estimated == 3.0
    assert whole.true is None
    assert whole.error is None
