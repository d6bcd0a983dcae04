import json

import pytest

from gen_data.generate import backfill
from iceberg.capture.ingest import ingest
from shoplake.core.errors import ReleaseError, ShopError
from shoplake.core.settings import Settings
from shoplake.watch import GOLD, Sighting, follow, look
from spark_jobs.run import build
from tests.cli.test_build import shoplake

pytestmark = [pytest.mark.integration, pytest.mark.long]


def _orders(settings: Settings) -> dict[str, int | None]:
    return {sighting.place: sighting.order_id for sighting in look(settings)}


def test_a_sale_is_seen_in_the_shop_then_in_bronze_then_in_the_release(spark_services: Settings, fresh: Settings) -> None:
    with pytest.raises(ShopError, match=r'relation "orders" does not exist'):
        look(fresh)
    backfill(fresh, 1, orders_per_day=20)
    ingest(fresh)
    with pytest.raises(ReleaseError, match="there is none yet"):
        look(fresh)
    build(fresh, tables=[GOLD])
    before = _orders(fresh)
    assert len(set(before.values())) == 1

    backfill(fresh, 1, orders_per_day=20)
    in_shop = _orders(fresh)
    assert in_shop == {**before, "shop": in_shop["shop"]}
    assert in_shop["shop"] != before["shop"]
    ingest(fresh)
    assert _orders(fresh) == {**in_shop, "bronze": in_shop["shop"]}

    steps: list[Sighting] = []
    watching = follow(fresh, lambda: None)
    steps += [next(watching) for _ in range(3)]
    build(fresh, tables=[GOLD])
    steps.append(next(watching))
    assert [(step.place, step.order_id) for step in steps] == [
        ("shop", in_shop["shop"]),
        ("bronze", in_shop["shop"]),
        ("release", before["shop"]),
        ("release", in_shop["shop"]),
    ]
    bronze, released = steps[1], steps[3]
    assert bronze.committed_at == released.committed_at
    assert bronze.there_at is not None
    assert released.there_at is not None
    assert bronze.committed_at is not None
    assert bronze.committed_at < bronze.there_at < released.there_at
    assert released.lag == released.there_at - bronze.committed_at

    ended = shoplake(fresh, "watch", "--once", "--json")
    assert ended.returncode == 0, ended.stderr
    printed = json.loads(ended.stdout)["sales"]
    assert [row["place"] for row in printed] == ["shop", "bronze", "release"]
    assert {row["newest_order"] for row in printed} == {str(in_shop["shop"])}
    assert released.lag is not None
    assert printed[2]["lag_seconds"] == pytest.approx(released.lag.total_seconds(), abs=0.1)


def test_a_document_of_what_has_no_end_is_refused(fresh: Settings) -> None:
    ended = shoplake(fresh, "watch", "--json")
    assert (ended.returncode, ended.stderr) == (2, "watch: --json gives one document, and watching has no end. Give --once with it.\n")
