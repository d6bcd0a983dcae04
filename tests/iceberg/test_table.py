import pytest
from pyiceberg.types import DateType, IntegerType, StringType

from iceberg.quality.checks import Severity, accepted_values, at_least, not_null
from iceberg.table import Column, FullRefresh, MadeOf, MergeByKey, RecomputeTouched, Table, month
from shoplake.core.errors import TableError

pytestmark = pytest.mark.unit

DAY = Column("day", DateType(), "a day")
SHOP = Column("shop", StringType(), "a shop")
COUNT = Column("order_count", IntegerType(), "orders of the day")
SALES = Table(
    "one row per day and shop", ("day", "shop"), (DAY, SHOP, COUNT), RecomputeTouched("day"), month("day"), (at_least("order_count", 0),)
)


def changed(**values: object) -> Table:
    return Table(**{**vars(SALES), **values})  # type: ignore[arg-type]


def test_a_column_that_must_have_a_value_is_checked_for_one_since_one_that_is_added_later_is_optional_to_iceberg() -> None:
    buyers = Column("buyers", IntegerType(), "who bought", required=True)
    assert [check.name for check in changed(columns=(*SALES.columns, buyers)).checks] == ["order_count at least 0", "buyers not null"]
    held = changed(columns=(*SALES.columns, buyers), checks=(not_null("buyers", Severity.WARN),))
    assert [check.severity for check in held.checks] == [Severity.WARN]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"columns": (DAY, SHOP, SHOP, COUNT)}, "column shop is declared twice"),
        ({"key": ("day", "street")}, "street is used by the key"),
        ({"key": (), "refresh": FullRefresh()}, "there is no key"),
        ({"refresh": FullRefresh(MadeOf("silver.orders", "day"))}, "made_of= must say of each column of the key"),
        ({"refresh": RecomputeTouched("order_count")}, "must be part of the key"),
        ({"refresh": RecomputeTouched("day", unheld=("silver.places",))}, "unheld= names an input that lookups= does not"),
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
