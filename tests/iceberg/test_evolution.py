from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.update import RemoveSnapshotRefUpdate
from pyiceberg.types import DateType, DecimalType, IntegerType, LongType, StringType

from iceberg.evolution import Trial, create_or_evolve, is_as_declared, is_as_published, take_back_unpublished
from iceberg.table import Column, FullRefresh, RecomputeTouched, Table, month
from shoplake.core.errors import TableError

pytestmark = pytest.mark.unit

DAY = Column("day", DateType(), "a day")
SHOP = Column("shop", StringType(), "a shop")
COUNT = Column("order_count", IntegerType(), "orders of the day")
SALES = Table("one row per day and shop", ("day", "shop"), (DAY, SHOP, COUNT), RecomputeTouched("day"), month("day"))
WIDE = Column("order_count", LongType(), "orders of the day")
NOTE = Column("note", StringType(), "a thought")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[InMemoryCatalog]:
    made = InMemoryCatalog("lake", warehouse=tmp_path.as_uri())
    made.create_namespace("gold")
    yield made
    made.close()


def changed(**values: object) -> Table:
    return Table(**{**vars(SALES), **values})  # type: ignore[arg-type]


def publish(table: IcebergTable, branch: str = "main") -> IcebergTable:
    """Give a table's main, or a branch, a snapshot of its schema now."""
    rows, main = pa.Table.from_pylist([], schema_to_pyarrow(table.schema())), table.metadata.current_snapshot_id
    if main is not None and branch != "main":
        table.manage_snapshots().create_branch(main, branch).commit()
    table.append(rows, branch=branch if main is not None else "main")
    if main is None and branch != "main":
        # PyIceberg begins every table with main; Spark, which writes branches here, does not.
        table.manage_snapshots().create_branch(table.metadata.current_snapshot_id or 0, branch).commit()
        with table.transaction() as change:
            change._apply((RemoveSnapshotRefUpdate(ref_name="main"),))
    return table.refresh()


def columns(table: IcebergTable) -> dict[str, str]:
    return {field.name: str(field.field_type) for field in table.schema().fields}


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
        (changed(columns=(DAY, SHOP)), r"gold\.sales has a column order_count that its declaration dropped"),
        (changed(columns=(DAY, SHOP, Column("order_count", StringType(), "n"))), r"gold\.sales cannot become as declared"),
        (changed(partition_by=None), r"gold\.sales is partitioned by .*month.*, its declaration says \[\]"),
        (changed(key=("day",)), r"gold\.sales has the key \['day', 'shop'\], its declaration says \['day'\]"),
    ],
)
def test_what_would_break_a_reader_is_refused(catalog: InMemoryCatalog, declared: Table, sentence: str) -> None:
    publish(create_or_evolve(catalog, "gold.sales", SALES, "Sales."))
    with pytest.raises(TableError, match=sentence):
        create_or_evolve(catalog, "gold.sales", declared, "Sales.")


@pytest.mark.parametrize(
    "idea",
    [
        changed(columns=(DAY, SHOP, COUNT, NOTE)),
        changed(columns=(DAY, SHOP, WIDE)),
        changed(columns=(DAY, SHOP, Column("order_count", LongType(), "all orders"), NOTE)),
    ],
)
def test_what_was_never_published_of_an_idea_that_was_given_up_goes(catalog: InMemoryCatalog, idea: Table) -> None:
    before = publish(create_or_evolve(catalog, "gold.sales", SALES, "Sales."))
    publish(create_or_evolve(catalog, "gold.sales", idea, "Sales, and more."), branch="run_7")
    after = create_or_evolve(catalog, "gold.sales", SALES, "Sales.")
    assert after.schema() == before.schema()
    assert catalog.load_table("gold.sales").schema() == before.schema()
    assert catalog.load_table("gold.sales").properties["comment"] == "Sales."
    again = create_or_evolve(catalog, "gold.sales", changed(columns=(DAY, SHOP, COUNT, NOTE)), "Sales.")
    assert again.schema().find_field("note").field_id > 4 or "note" not in dict.fromkeys(idea.column_names)
    other = create_or_evolve(catalog, "gold.sales", changed(columns=(DAY, SHOP, COUNT, Column("note", LongType(), "a number"))), "Sales.")
    assert columns(other)["note"] == "long"


def test_an_idea_that_is_tried_again_keeps_what_it_made(catalog: InMemoryCatalog) -> None:
    publish(create_or_evolve(catalog, "gold.sales", SALES, "Sales."))
    idea = changed(columns=(DAY, SHOP, COUNT, NOTE))
    first = create_or_evolve(catalog, "gold.sales", idea, "Sales.").metadata_location
    assert create_or_evolve(catalog, "gold.sales", idea, "Sales.").metadata_location == first


@pytest.mark.parametrize("named", ["main", "release_2", "somebody_s"])
def test_what_a_release_has_is_kept_whatever_main_is(catalog: InMemoryCatalog, named: str) -> None:
    publish(create_or_evolve(catalog, "gold.sales", SALES, "Sales."))
    table = catalog.load_table("gold.sales")
    table.manage_snapshots().create_tag(table.metadata.current_snapshot_id or 0, "release_1").commit()
    wider = create_or_evolve(catalog, "gold.sales", changed(columns=(DAY, SHOP, WIDE, NOTE)), "Sales.")
    publish(wider, "main" if named == "main" else "run_7")
    if named != "main":
        wider.manage_snapshots().create_tag(wider.metadata.refs["run_7"].snapshot_id, named).commit()
    with pytest.raises(TableError, match="has a column note that its declaration dropped"):
        create_or_evolve(catalog, "gold.sales", SALES, "Sales.")
    with pytest.raises(TableError, match="cannot become as declared"):
        create_or_evolve(catalog, "gold.sales", changed(columns=(DAY, SHOP, COUNT, NOTE)), "Sales.")


@pytest.mark.parametrize(
    "declared",
    [
        changed(columns=(DAY, SHOP)),
        changed(columns=(DAY, SHOP, Column("order_count", StringType(), "n"))),
        changed(partition_by=None),
        changed(key=("day",), columns=(DAY, Column("shop", StringType(), "a shop"), COUNT)),
        changed(key=("day", "shop", "order_count"), refresh=FullRefresh()),
    ],
)
def test_a_table_that_was_never_published_is_made_anew_where_it_does_not_fit(catalog: InMemoryCatalog, declared: Table) -> None:
    publish(create_or_evolve(catalog, "gold.sales", SALES, "Sales."), branch="run_7")
    made = create_or_evolve(catalog, "gold.sales", declared, "Sales.")
    assert [(field.name, field.field_type) for field in made.schema().fields] == [(column.name, column.type) for column in declared.columns]
    assert set(made.schema().identifier_field_names()) == {*declared.key}
    assert len(made.spec().fields) == (declared.partition_by is not None)
    assert made.metadata.snapshots == []


def test_a_value_that_only_an_unpublished_declaration_required_is_no_longer_required(catalog: InMemoryCatalog) -> None:
    create_or_evolve(
        catalog, "gold.sales", changed(columns=(DAY, SHOP, Column("order_count", IntegerType(), "n", required=True))), "Sales."
    )
    assert not create_or_evolve(catalog, "gold.sales", SALES, "Sales.").schema().find_field("order_count").required


def test_what_was_written_beside_a_preview_is_told_from_what_may_be_published(catalog: InMemoryCatalog) -> None:
    published = publish(create_or_evolve(catalog, "gold.sales", SALES, "Sales."))
    before = published.schema()
    table = publish(published, branch="run_6")
    create_or_evolve(catalog, "gold.sales", changed(columns=(DAY, SHOP, WIDE, NOTE)), "Sales.")
    table = publish(catalog.load_table("gold.sales"), branch="run_7")
    alone, beside = (table.metadata.refs[name].snapshot_id for name in ("run_6", "run_7"))
    assert [is_as_declared(table, head, SALES) for head in (alone, beside)] == [True, False]
    assert [is_as_published(table, head) for head in (alone, beside)] == [True, False]
    take_back_unpublished(catalog, "gold.sales")
    assert catalog.load_table("gold.sales").schema() == before


def test_a_trial_leaves_tables_as_they_were(catalog: InMemoryCatalog) -> None:
    before = publish(create_or_evolve(catalog, "gold.sales", SALES, "Sales.")).schema()
    trial = Trial(catalog)
    idea = changed(columns=(DAY, SHOP, WIDE, NOTE))
    publish(trial.create_or_evolve("gold.sales", idea, "Sales."), branch="run_7")
    made = publish(trial.create_or_evolve("gold.thought", idea, "Thoughts."), branch="run_7")
    trial.undo("run_7")
    assert catalog.load_table("gold.sales").schema() == before
    assert not catalog.table_exists("gold.thought")
    left = [file for file in Path(made.location().removeprefix("file://")).rglob("*") if file.is_file()]
    assert left == [], "and none of its files"


def test_a_trial_takes_nothing_from_a_run_under_way_or_a_release(catalog: InMemoryCatalog) -> None:
    idea = changed(columns=(DAY, SHOP, WIDE, NOTE))
    publish(create_or_evolve(catalog, "gold.sales", SALES, "Sales."))
    trial = Trial(catalog)
    for name in ("gold.sales", "gold.thought"):
        trial.create_or_evolve(name, idea, "Sales.")
        publish(catalog.load_table(name), branch="run_8")
    trial.undo("run_7")
    assert [columns(catalog.load_table(name)).get("note") for name in ("gold.sales", "gold.thought")] == ["string", "string"]
    for name in ("gold.sales", "gold.thought"):
        table = catalog.load_table(name)
        table.manage_snapshots().create_tag(table.metadata.refs["run_8"].snapshot_id, "release_2").remove_branch("run_8").commit()
    trial.undo("run_7")
    assert [columns(catalog.load_table(name)).get("note") for name in ("gold.sales", "gold.thought")] == ["string", "string"]
