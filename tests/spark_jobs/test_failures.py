"""What happens when something stops in the middle: a sentence, the last release untouched, and the next build heals."""

import os
import subprocess
import sys
import time

import pytest

from iceberg.releases import list_releases, publish_run
from shoplake.core.errors import ServiceError
from spark_jobs.plan import begin_run
from spark_jobs.run import build, build_table
from tests.spark_jobs.bronze_rows import order, place
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.lake_rows import assert_incremental_equals_full, whole_lake

pytestmark = pytest.mark.integration

NOBODY = "127.0.0.1:9"


def change_something(traded: Traded) -> None:
    place(traded.bronze, 4)
    traded.bronze.change("update", "orders", [order(1, status="cancelled")])
    traded.bronze.commit()


@pytest.mark.long
@pytest.mark.parametrize(
    "gone",
    [{"spark": f"sc://{NOBODY}"}, {"s3_endpoint": f"http://{NOBODY}"}, {"catalog_uri": f"postgresql://lake_writer:none@{NOBODY}/lake"}],
    ids=["Spark", "the store", "the catalog's database"],
)
def test_a_service_that_stops_between_two_tables_is_a_sentence_and_the_next_build_heals(traded: Traded, gone: dict[str, object]) -> None:
    before = whole_lake(traded.settings)
    change_something(traded)
    run = begin_run(traded.settings, ["silver.orders"])
    with pytest.raises(ServiceError) as failure:
        build_table(traded.settings.changed(**gone), run.run_id, "silver.orders")
    assert "\n" not in str(failure.value)
    assert whole_lake(traded.settings) == before
    assert build_table(traded.settings, run.run_id, "silver.orders").status == "built", "the same task may be tried again"
    publish_run(traded.settings, run.run_id)
    assert whole_lake(traded.settings)["silver.orders"] != before["silver.orders"]


@pytest.mark.long
def test_a_build_that_is_killed_leaves_the_old_release_or_the_new_and_the_next_one_heals(traded: Traded) -> None:
    before = whole_lake(traded.settings)
    change_something(traded)
    command = [sys.executable, "-c", "from shoplake.cli.main import main; main()", "build"]
    for seconds in (2.5, 5.0):
        victim = subprocess.Popen(command, env=os.environ | traded.settings.environment(), stdout=subprocess.DEVNULL)
        time.sleep(seconds)
        victim.kill()
        victim.wait()
        published = len(list_releases(traded.settings))
        assert published > 1 or whole_lake(traded.settings) == before
    build(traded.settings)
    after = whole_lake(traded.settings)
    assert [row[0] for row in after["silver.orders"]] == [1, 2, 3, 4]
    assert_incremental_equals_full(traded.settings, ("gold.daily_sales", "gold.sales_by_channel"))
