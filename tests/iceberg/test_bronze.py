from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.table import Table
from pyiceberg.types import LongType

from iceberg.bronze import BronzeColumn, append, ensure_table, row_schema
from iceberg.properties import EVERY_TABLE

pytestmark = pytest.mark.unit

COMMITS = 3 * int(EVERY_TABLE["commit.manifest.min-count-to-merge"])


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[InMemoryCatalog]:
    made = InMemoryCatalog("lake", warehouse=tmp_path.as_uri())
    made.create_namespace("bronze")
    yield made
    made.close()


def ensured(catalog: InMemoryCatalog) -> Table:
    return ensure_table(catalog, ("public", "orders"), [BronzeColumn("order_id", LongType())], ["order_id"], "Orders.")


def commit(catalog: InMemoryCatalog, table: Table, number: int) -> Table:
    log = {"_operation": "insert", "_commit_lsn": number, "_end_lsn": number, "_sequence": 0, "_committed_at": 0}
    append(catalog, table, [pa.Table.from_pylist([{"order_id": number, **log}], row_schema(table))], number)
    return catalog.load_table("bronze.orders")


def test_whoever_reads_after_many_commits_opens_few_manifests_and_finds_every_row(catalog: InMemoryCatalog) -> None:
    table = ensured(catalog)
    for number in range(1, 1 + COMMITS):
        table = commit(catalog, table, number)
        snapshot = table.current_snapshot()
        assert snapshot is not None
        assert len(snapshot.manifests(table.io)) <= COMMITS // 3
    assert sorted(table.scan().to_arrow().column("order_id").to_pylist()) == list(range(1, 1 + COMMITS))


def test_a_table_that_was_made_with_other_properties_takes_those_of_today_and_keeps_its_own(catalog: InMemoryCatalog) -> None:
    with ensured(catalog).transaction() as change:
        change.set_properties({"commit.manifest.min-count-to-merge": "50"})
    properties = ensured(catalog).properties
    assert properties.items() >= {name: value for name, value in EVERY_TABLE.items() if name != "format-version"}.items()
    assert properties["comment"] == "Orders."
    before = catalog.load_table("bronze.orders").metadata_location
    ensured(catalog)
    assert catalog.load_table("bronze.orders").metadata_location == before
