"""A small shop with frauds, vouchers and dirt, of a seed that no rule was tuned on: built, graded, and built on."""

import json
from collections.abc import Iterator

import psycopg
import pyarrow as pa
import pytest

from gen_data.generate import backfill, generate_until
from gen_data.plan import parse
from iceberg.capture.ingest import ingest
from iceberg.catalog import open_catalog
from scoring.score import Scores, score
from shoplake.core.errors import ReleaseError, ShopError, TableError
from shoplake.core.settings import Settings
from shoplake.stack.private import fresh_databases
from spark_jobs.run import build
from tests.cli.test_build import shoplake
from tests.spark_jobs.lake_rows import assert_incremental_equals_full

pytestmark = [pytest.mark.integration, pytest.mark.long]

PLAN = """
[[period]]
from_day = 2
for = "2d"
scenario = "fraud_attack+dirty_data"

[[period]]
from_day = 4
for = "4d"
scenario = "promotion_blast"
"""
MARTS = ("gold.feed_problems", "gold.mart_fraud_signals", "gold.mart_promotion_lift")


@pytest.fixture(scope="module")
def graded(spark_services: Settings) -> Iterator[Settings]:
    """The lake of a shop that lived through it, at release 1."""
    with fresh_databases(spark_services) as settings:
        backfill(settings, 18, "normal_day", 200, 17, plan=parse(PLAN, "plan"))
        ingest(settings)
        build(settings, tables=MARTS)
        yield settings


@pytest.fixture(scope="module")
def scores(graded: Settings) -> Scores:
    """Its grades."""
    return score(graded)


def test_frauds_of_every_kind_are_found_on_a_seed_that_no_rule_was_tuned_on(scores: Scores) -> None:
    grades = {grade.kind: grade for grade in scores.frauds}
    whole = grades.pop("all")
    assert whole.recall is not None
    assert whole.recall >= 0.8
    assert whole.precision is not None
    assert whole.precision >= 0.9
    for grade in grades.values():
        assert grade.frauds > 0, grade.kind
        assert grade.recall is not None
        assert grade.recall >= 0.8, grade
        assert grade.precision is not None
        assert grade.precision >= 0.8, grade


def test_every_dirty_message_is_caught_and_no_clean_one_refused(scores: Scores) -> None:
    assert scores.feed is not None
    assert scores.feed.refused == 0
    assert scores.feed.clean > 1000
    for grade in scores.feed.dirt:
        assert grade.dirty > 0, grade.kind
        assert (grade.caught, grade.named) == (grade.dirty, grade.dirty), grade


def test_the_interval_of_each_lift_holds_what_the_voucher_really_brought(graded: Settings, scores: Scores) -> None:
    *campaigns, whole = scores.lifts
    assert len(campaigns) == 4
    assert all(one.caused_orders > 0 for one in campaigns)
    assert whole.true is not None
    rows = open_catalog(graded).load_table("gold.mart_promotion_lift").scan().to_arrow().to_pylist()
    assert all(row["lift_low"] < whole.true < row["lift_high"] for row in rows)


def test_the_lift_of_a_larger_shop_is_within_a_tenth_of_the_truth(spark_services: Settings) -> None:
    for seed in (21, 22, 23):
        with fresh_databases(spark_services) as settings:
            backfill(settings, 6, "normal_day", 2_000, seed)
            backfill(settings, 8, "promotion_blast", 2_000)
            ingest(settings)
            build(settings, tables=MARTS)
            whole = score(settings).lifts[-1]
        assert whole.treated_orders > 3_000
        assert whole.error is not None
        assert abs(whole.error) < 0.1, whole


def test_anyone_s_own_table_is_graded(graded: Settings, scores: Scores) -> None:
    catalog = open_catalog(graded)
    catalog.create_namespace_if_not_exists("my")
    with psycopg.connect(graded.scoring_dsn) as scoring:
        frauds = [row[0] for row in scoring.execute("select order_id from ground_truth.fraud_orders").fetchall()]
    rows = pa.table({"order_id": [*frauds, 1], "score": [0.9] * len(frauds) + [0.1]})
    catalog.create_table("my.fraud", rows.schema).append(rows)
    document = json.loads(shoplake(graded, "score", "--table", "my.fraud", "--json").stdout)
    assert document["score"] == {"release": 1, "fraud_table": "my.fraud"}
    assert "lift" not in document
    *kinds, whole = document["fraud"]
    assert (whole["kind"], whole["recall"], whole["precision"]) == ("all", 1.0, 1.0)
    assert whole["frauds"] == scores.frauds[-1].frauds
    assert {row["precision"] for row in kinds} == {None}
    nobody = score(graded, "my.fraud", threshold=0.95)
    assert (nobody.frauds[-1].recall, nobody.frauds[-1].precision) == (0.0, None)


def test_the_command_shows_every_grade_of_a_release(graded: Settings, scores: Scores) -> None:
    result = shoplake(graded, "score", "--release", "1")
    assert result.returncode == 0, result.stderr
    for words in ("card_testing", "out_of_order", "clean messages refused  0", "true lift"):
        assert words in result.stdout
    assert score(graded, release_id=1) == scores


def test_what_cannot_be_scored_is_one_sentence(graded: Settings, spark_services: Settings) -> None:
    with pytest.raises(TableError, match=r"there is no table my.nothing in the lake"):
        score(graded, "my.nothing")
    with pytest.raises(ReleaseError, match="there is no release 7"):
        score(graded, release_id=7)
    with fresh_databases(spark_services) as empty:
        with pytest.raises(ReleaseError, match="there is no release yet"):
            score(empty)
        with pytest.raises(ShopError, match="has no ground truth"):
            score(graded.changed(shop_url=empty.shop_dsn))


def test_the_next_hours_restate_only_what_they_touch_and_equal_a_full_build(graded: Settings, scores: Scores) -> None:
    generate_until(graded, 60, 0, "fraud_attack+promotion_blast+dirty_data")
    ingest(graded)
    built = build(graded, tables=MARTS)
    for name in ("gold.feed_problems", "gold.fraud_device_signals", "gold.mart_fraud_signals"):
        assert built.run.tables[name].strategy == "recompute", name
    assert_incremental_equals_full(graded, ("silver.marketplace_messages", "gold.fraud_device_signals", *MARTS))
