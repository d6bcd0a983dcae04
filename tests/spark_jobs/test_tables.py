import sys
from types import ModuleType

import pytest
from pyiceberg.types import LongType
from pyspark.sql import DataFrame

from iceberg.quality.checks import references, sums_to
from iceberg.table import AsOf, Column, FullRefresh, MadeOf, MergeByKey, RecomputeTouched, Table
from shoplake.core.errors import TableError
from shoplake.core.settings import PROJECT_FOLDER, load_settings
from spark_jobs.tables import LakeTable, discover, in_order, read_module

pytestmark = pytest.mark.unit

NUMBERS = Table("one row per number", ("number",), (Column("number", LongType(), "a number"),), FullRefresh())


def test_every_table_file_is_found_and_stands_behind_what_it_depends_on() -> None:
    tables = discover()
    order = list(tables.by_name)
    folders = [PROJECT_FOLDER / "spark_jobs" / layer for layer in ("silver", "gold")]
    assert set(order) == {f"{folder.name}.{file.stem}" for folder in folders for file in folder.glob("[a-z]*.py")}
    for name, table in tables.by_name.items():
        for other in table.depends_on:
            assert other.startswith("bronze.") or order.index(other) < order.index(name)


def test_every_table_and_column_says_what_it_is() -> None:
    for name, table in discover().by_name.items():
        assert table.doc.endswith("."), name
        assert table.table.grain.startswith("one row per"), name
        assert all(len(column.doc) > 5 for column in table.table.columns), name


def test_inputs_are_read_from_the_names_of_the_parameters() -> None:
    tables = discover()
    assert tables["silver.orders"].inputs == ("bronze.orders",)
    assert tables["silver.orders"].needs_settings == ("time_zone",)
    assert tables["gold.daily_sales"].inputs == ("silver.orders", "silver.order_items", "silver.payments")


def test_a_limited_build_takes_everything_that_the_table_depends_on() -> None:
    assert discover().with_inputs(["silver.products"]) == ["silver.categories", "silver.suppliers", "silver.products"]


def test_an_unknown_table_is_answered_with_near_names() -> None:
    with pytest.raises(TableError, match=r"there is no table gold\.daily_sale\. Did you mean gold\.daily_sales"):
        discover()["gold.daily_sale"]


def test_an_input_that_does_not_exist_is_named() -> None:
    with pytest.raises(TableError, match=r"gold\.a reads silver\.b, which does not exist"):
        in_order([_table("gold.a", "silver.b")])


def test_tables_that_read_each_other_are_shown_as_a_circle() -> None:
    with pytest.raises(TableError, match=r"in a circle: gold\.\w -> gold\.\w -> gold\.\w"):
        in_order([_table("gold.a", "gold.b"), _table("gold.b", "gold.a")])


def test_a_parameter_that_names_no_input_is_refused() -> None:
    def transform(orders: DataFrame) -> DataFrame:
        return orders

    with pytest.raises(TableError, match=r"gold\.x has a transform\(\) with the parameter orders, which names no input"):
        read_module("gold.x", _module(NUMBERS, transform))


def test_a_module_without_a_table_is_refused() -> None:
    with pytest.raises(TableError, match=r"must have TABLE and transform\(\)"):
        read_module("gold.x", ModuleType("empty"))


def test_merge_by_key_takes_one_bronze_input() -> None:
    def transform(silver_orders: DataFrame) -> DataFrame:
        return silver_orders

    table = Table(NUMBERS.grain, NUMBERS.key, NUMBERS.columns, MergeByKey())
    with pytest.raises(TableError, match="merges by key, which takes one bronze input"):
        read_module("gold.x", _module(table, transform))


def test_a_sum_is_compared_with_an_input_only() -> None:
    def transform(silver_orders: DataFrame) -> DataFrame:
        return silver_orders

    table = Table(NUMBERS.grain, NUMBERS.key, NUMBERS.columns, FullRefresh(), checks=(sums_to("number", "gold.y", "number"),))
    with pytest.raises(TableError, match=r"sum to gold\.y, which it does not read"):
        read_module("gold.x", _module(table, transform))


def test_sums_are_compared_by_one_part_of_the_key() -> None:
    pair = (Column("number", LongType(), "a number"), Column("size", LongType(), "its size"))
    by_size = sums_to("number", "gold.b", "number", by=("size",))
    in_all = sums_to("number", "gold.c", "number")
    for checks in ((by_size,), (sums_to("number", "gold.b", "number", by=("number",)), in_all)):
        with pytest.raises(TableError, match="compared by the same groups in all of a table's checks, named by part of its key"):
            Table("one row per number", ("number",), pair, FullRefresh(), checks=checks)
    assert Table("one row per size", ("size",), pair, FullRefresh(), checks=(by_size,)).checks == (by_size,)


def test_groups_of_an_input_without_their_columns_need_a_link() -> None:
    table = Table(NUMBERS.grain, NUMBERS.key, NUMBERS.columns, RecomputeTouched("number"))
    words = Table("one row per word", ("word",), (Column("word", LongType(), "a word"),), FullRefresh())
    with pytest.raises(TableError, match=r"gold\.a recomputes groups of \(number\), which its input gold\.b does not have"):
        in_order(
            [LakeTable("gold.a", table, lambda: None, ("gold.b",), (), "", ""), LakeTable("gold.b", words, lambda: None, (), (), "", "")]
        )


def test_what_is_looked_up_is_read_and_exists() -> None:
    def transform(gold_b: DataFrame) -> DataFrame:
        return gold_b

    unread = Table(NUMBERS.grain, NUMBERS.key, NUMBERS.columns, RecomputeTouched("number", lookups={"gold.c": ("number",)}))
    with pytest.raises(TableError, match=r"gold\.a looks things up in gold\.c, which it does not read"):
        read_module("gold.a", _module(unread, transform))
    wrong = Table(NUMBERS.grain, NUMBERS.key, NUMBERS.columns, RecomputeTouched("number", lookups={"gold.b": ("word",)}))
    with pytest.raises(TableError, match=r"gold\.a looks up word in gold\.b, which does not have it"):
        in_order([LakeTable("gold.a", wrong, lambda: None, ("gold.b",), (), "", ""), _table("gold.b", "bronze.b")])


def test_what_a_row_is_made_of_is_read() -> None:
    def transform(gold_b: DataFrame) -> DataFrame:
        return gold_b

    for made_of in (MadeOf("gold.c", "number"), MadeOf("gold.b", "number", lookups=("gold.c",))):
        table = Table(NUMBERS.grain, NUMBERS.key, NUMBERS.columns, FullRefresh(made_of))
        with pytest.raises(TableError, match=r"gold\.a is made of gold\.c, which it does not read"):
            read_module("gold.a", _module(table, transform))


def test_a_look_up_that_could_not_be_traced_to_groups_is_refused() -> None:
    link = AsOf("silver.b", on="number", columns=("word",))
    words = Table("one row per word", ("word",), (Column("word", LongType(), "a word"),), FullRefresh())
    sources = [LakeTable("silver.a", NUMBERS, lambda: None, (), (), "", ""), LakeTable("silver.b", words, lambda: None, (), (), "", "")]

    def reading(refresh: RecomputeTouched) -> LakeTable:
        table = Table(NUMBERS.grain, NUMBERS.key, NUMBERS.columns, refresh)
        return LakeTable("gold.a", table, lambda: None, ("silver.a", "silver.b"), (), "", "")

    with pytest.raises(TableError, match=r"gold\.a looks things up by number of silver\.b, which does not have it"):
        in_order([*sources, reading(RecomputeTouched("number", via="silver.a", as_of=(link,)))])
    with pytest.raises(TableError, match=r"gold\.a looks things up in silver\.b, but no input leads from there to its groups"):
        in_order([*sources, reading(RecomputeTouched("number", as_of=(link,)))])


def test_what_looks_up_may_have_the_instant_and_the_linking_input_what_leads_there() -> None:
    columns = tuple(Column(name, LongType(), "a number") for name in ("number", "who", "when"))
    linking = Table("one row per number", ("number",), columns[:2], FullRefresh())
    looking = Table("one row per number", ("number",), (columns[0], columns[2]), FullRefresh())
    people = Table("one row per person", ("who",), (columns[1], Column("valid_from", LongType(), "a number")), FullRefresh())
    names = {"silver.linking": linking, "silver.looking": looking, "silver.people": people}
    sources = [LakeTable(name, table, lambda: None, (), (), "", "") for name, table in names.items()]

    def reading(of: str | None) -> LakeTable:
        link = AsOf("silver.people", on="who", columns=(), at="when", until=None, of=of)
        refresh = RecomputeTouched("number", via="silver.linking", as_of=(link,))
        return LakeTable("gold.a", Table(NUMBERS.grain, NUMBERS.key, NUMBERS.columns, refresh), lambda: None, tuple(names), (), "", "")

    assert "gold.a" in in_order([*sources, reading("silver.looking")]).by_name
    with pytest.raises(TableError, match=r"gold\.a looks things up by when of silver\.linking, which does not have it"):
        in_order([*sources, reading(None)])


def test_a_look_up_takes_an_input() -> None:
    def transform(silver_orders: DataFrame) -> DataFrame:
        return silver_orders

    link = AsOf("silver.customers", on="number", columns=())
    table = Table(NUMBERS.grain, NUMBERS.key, NUMBERS.columns, RecomputeTouched("number", via="silver.orders", as_of=(link,)))
    with pytest.raises(TableError, match=r"gold\.x looks things up with silver\.customers, which it does not read"):
        read_module("gold.x", _module(table, transform))


def test_an_input_may_call_the_groups_otherwise() -> None:
    word = Table(
        "one row per word", ("word",), (Column("word", LongType(), "a word"), Column("size", LongType(), "letters")), FullRefresh()
    )
    words = LakeTable("gold.b", word, lambda: None, (), (), "", "")
    for named, sentence in (
        ({"gold.b": ("size",)}, None),
        ({"gold.b": ("letters",)}, r"recomputes groups of \(number\), which its input gold\.b does not have"),
        ({"gold.b": ("size", "word")}, r"says how gold\.b names its groups"),
        ({"gold.c": ("size",)}, r"says how gold\.c names its groups"),
    ):
        table = Table(NUMBERS.grain, NUMBERS.key, NUMBERS.columns, RecomputeTouched("number", named=named))
        sized = LakeTable("gold.a", table, lambda: None, ("gold.b",), (), "", "")
        if sentence is None:
            assert list(in_order([sized, words]).by_name) == ["gold.b", "gold.a"]
        else:
            with pytest.raises(TableError, match=sentence):
                in_order([sized, words])


def test_a_table_that_a_check_looks_into_is_built_before() -> None:
    table = Table(NUMBERS.grain, NUMBERS.key, NUMBERS.columns, FullRefresh(), checks=(references("number", "gold.z"),))
    tables = in_order([LakeTable("gold.a", table, lambda: None, (), (), "", ""), _table("gold.z", "bronze.z")])
    assert list(tables.by_name) == ["gold.z", "gold.a"]


def test_the_definition_follows_the_settings_that_a_table_reads() -> None:
    tables, here, there = discover(), load_settings(), load_settings(time_zone="Europe/Berlin")
    assert tables["silver.orders"].definition(here) != tables["silver.orders"].definition(there)
    assert tables["silver.categories"].definition(here) == tables["silver.categories"].definition(there)


def _table(name: str, source: str) -> LakeTable:
    return LakeTable(name, NUMBERS, lambda: None, (source,), (), "", "")


def _module(table: Table, transform: object) -> ModuleType:
    module = ModuleType("made_here")
    module.TABLE, module.transform = table, transform  # type: ignore[attr-defined]
    sys.modules.pop("made_here", None)
    return module
