from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from scoring.promotions import Campaign, grade_lift

pytestmark = pytest.mark.unit

DAY = timedelta(days=1)
START = datetime(2026, 1, 5, tzinfo=UTC)


def test_a_lift_is_orders_per_treated_over_orders_per_held_out_while_the_campaign_ran() -> None:
    orders = [(1, START), (1, START + DAY / 2), (2, START), (3, START), (3, START - DAY), (9, START), (4, START + DAY)]
    bought = pa.table({"customer_id": [buyer for buyer, _ in orders], "ordered_at": [at for _, at in orders]})
    audience = {7: {1: True, 2: True, 3: False, 4: False}}
    campaign, whole = grade_lift([Campaign(7, START, START + DAY, 3.3, 3)], bought, audience)
    assert (campaign.treated_orders, campaign.held_out_orders) == (3, 1)
    assert campaign.true == 3.0
    assert campaign.error == pytest.approx(0.1)
    assert (whole.campaign, whole.true, whole.estimated) == ("all", 3.0, pytest.approx(3.3))


def test_together_the_lift_is_orders_with_it_over_orders_without_it() -> None:
    bought = pa.table({"customer_id": pa.array([], pa.int64()), "ordered_at": pa.array([], pa.timestamp("us", "UTC"))})
    campaigns = [
        Campaign(1, START, START + DAY, 2.0, 20),
        Campaign(2, START, START + DAY, 4.0, 40),
        Campaign(3, START, START + DAY, None, 5),
    ]
    whole = grade_lift(campaigns, bought, {})[-1]
    assert whole.estimated == 3.0
    assert whole.true is None
    assert whole.error is None
