"""All of the gold tables that the shop can be asked about, over shops of several seeds that live through every scenario."""

import pytest

from gen_data.generate import backfill
from gen_data.plan import parse
from gen_data.scenarios import SCENARIOS
from iceberg.capture.ingest import ingest
from shoplake.core.settings import Settings
from spark_jobs.run import build
from tests.spark_jobs.gold.against_shop import COMPARED, assert_same, of_lake, of_shop
from tests.spark_jobs.gold.shop_questions import QUESTIONS

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(1800)]

# A scenario takes effect within some days each, and forecasts of a month's beginning are over two months after the shop's first day.
DAYS_EACH, DAYS_AFTER, ORDERS_PER_DAY = 10, 8, 60


def every_scenario() -> str:
    """A plan with some days of each scenario, one after the other."""
    periods = (
        f'[[period]]\nfrom_day = {1 + number * DAYS_EACH}\nfor = "{DAYS_EACH}d"\nscenario = "{name}"\n'
        for number, name in enumerate(name for name in SCENARIOS if name != "normal_day")
    )
    return "\n".join(periods)


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_gold_says_what_the_shop_says_whatever_happened_there(spark_services: Settings, fresh: Settings, seed: int) -> None:
    days = 1 + (len(SCENARIOS) - 1) * DAYS_EACH + DAYS_AFTER
    backfill(fresh, days, "normal_day", ORDERS_PER_DAY, seed, plan=parse(every_scenario(), "every scenario"))
    ingest(fresh)
    build(fresh, tables=sorted({f"gold.{name}" for name in COMPARED} | {question.table for question in QUESTIONS.values()}))
    for name in COMPARED:
        assert_same(fresh, name)
    shop = of_shop(fresh)
    for name, question in QUESTIONS.items():
        lake = of_lake(fresh, question)
        assert lake, name
        assert lake == shop[name], name
