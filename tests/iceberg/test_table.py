from collections.abc import Iterator
from pathlib import Path

import pytest
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.types import DateType, DecimalType, IntegerType, LongType, StringType

from iceberg.quality.checks import Severity, accepted_values, at_least, not_null
from iceberg.table import Column, FullRefresh, MergeByKey, RecomputeTouched, Table, create_or_evolve, month
from shoplake.core.errors import TableError

pytestmark = pytest.mark.unit

DAY = Column("day", DateType(), "a day")
SHOP = Column("shop", StringType(), "a shop")
COUNT = Column("order_count", IntegerType(), "orders of the day")
SALES = Table(
    "one row per day and shop", ("day", "shop"), (DAY, SHOP, COUNT), RecomputeTouched("day"), month("day"), (at_least("order_count", 0),)
)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[InMemoryCatalog]:
    made = InMemoryCatalog("lake", warehouse=tmp_path.as_uri())
    made.create_namespace("gold")
    yield made
    made.close()


def changed(**values: object) -> Table:
    return Table(**{**vars(SALES), **values})  # type: ignore[arg-type]


def test_a_table_is_created_as_declared(catalog: InMemoryCatalog) -> None:
    table = create_or_evolve(catalog, "gold.sales", SALES, "Sales of a day.")
    fields = {field.name: field for field in table.schema().fields}
    assert {name: (field.required, field.doc) for name, field in fields.items()} == {
        "day": (True, "a day"), "shop": (True, "a shop"), "order_count": (False, "orders of the day"),
    }  # fmt: skip
    assert set(table.schema().identifier_field_names()) == {"day", "shop"}
    assert str(table.spec().fields[0].transform) == "month"
    assert table.properties["comment"] == "Sales of a day."
    assert table.properties["shoplake.grain"] == "one row per day and shop"
    assert table.properties["write.metadata.delete-after-commit.enabled"] == "true"
    assert table.format_version == 2


def test_a_column_that_must_have_a_value_is_checked_for_one_since_one_that_is_added_later_is_optional_to_iceberg() -> None:
    buyers = Column("buyers", IntegerType(), "who bought", required=True)
    assert [check.name for check in changed(columns=(*SALES.columns, buyers)).checks] == ["order_count at least 0", "buyers not null"]
    held = changed(columns=(*SALES.columns, buyers), checks=(not_null("buyers", Severity.WARN),))
    assert [check.severity for check in held.checks] == [Severity.WARN]


def test_making_it_again_changes_nothing(catalog: InMemoryCatalog) -> None:
    before = create_or_evolve(catalog, "gold.sales", SALES, "Sales.").metadata_location
    assert create_or_evolve(catalog, "gold.sales", SALES, "Sales.").metadata_location == before


def test_a_column_is_added_widened_and_described_anew(catalog: InMemoryCatalog) -> None:
    create_or_evolve(catalog, "gold.sales", SALES, "Sales.")
    wider = changed(columns=(DAY, SHOP, Column("order_count", LongType(), "orders"), Column("net_revenue", DecimalType(20, 2), "money")))
    schema = create_or_evolve(catalog, "gold.sales", wider, "Sales!").schema()
    assert schema.find_field("order_count").field_type == LongType()
    assert schema.find_field("order_count").doc == "orders"
    assert schema.find_field("net_revenue").required is False
    assert catalog.load_table("gold.sales").properties["comment"] == "Sales!"


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (changed(columns=(DAY, SHOP), checks=()), r"gold\.sales has a column order_count that its declaration dropped"),
        (changed(columns=(DAY, SHOP, Column("order_count", StringType(), "n"))), r"gold\.sales cannot become as declared"),
        (changed(partition_by=None), r"gold\.sales is partitioned by .*month.*, its declaration says \[\]"),
        (changed(key=("day",)), r"gold\.sales has the key \['day', 'shop'\], its declaration says \['day'\]"),
    ],
)
def test_what_would_break_a_reader_is_refused(catalog: InMemoryCatalog, declared: Table, sentence: str) -> None:
    create_or_evolve(catalog, "gold.sales", SALES, "Sales.")
    with pytest.raises(TableError, match=sentence):
        create_or_evolve(catalog, "gold.sales", declared, "Sales.")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"columns": (DAY, SHOP, SHOP, COUNT)}, "column shop is declared twice"),
        ({"key": ("day", "street")}, "street is used by the key"),
        ({"key": (), "refresh": FullRefresh()}, "there is no key"),
        ({"refresh": RecomputeTouched("order_count")}, "must be part of the key"),
        ({"partition_by": month("week")}, "week is used by"),
        ({"checks": (accepted_values("shop", "a"), accepted_values("shop", "b"))}, "two checks have the same name"),
    ],
)
def test_a_wrong_declaration_is_refused_where_it_is_written(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(TableError, match=sentence):
        changed(**wrong)


def test_rows_are_deleted_on_read_only_where_keys_are_merged() -> None:
    assert changed(refresh=MergeByKey()).properties("x")["write.merge.mode"] == "merge-on-read"
    assert SALES.properties("x")["write.merge.mode"] == "copy-on-write"
