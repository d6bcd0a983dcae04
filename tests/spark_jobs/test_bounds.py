from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest
from pyiceberg.types import BinaryType, DateType, DecimalType, LongType, StringType, TimestamptzType

from iceberg.dialect import DUCKDB
from shoplake.core.errors import TableError
from spark_jobs.bounds import as_text, in_groups, in_ranges, ranges_around

pytestmark = pytest.mark.unit


def test_few_values_are_named_one_by_one() -> None:
    assert ranges_around([(7, 7), (3, 3), (7, 7)]) == [("3", "3"), ("7", "7")]


def test_many_values_become_ranges_that_leave_out_the_widest_gaps() -> None:
    values = [*range(1, 100), *range(5000, 5100), 90000]
    assert ranges_around([(v, v) for v in values], most=3) == [("1", "99"), ("5000", "5099"), ("90000", "90000")]


def test_overlapping_ranges_are_joined() -> None:
    assert ranges_around([(1, 5), (4, 9), (20, 30)]) == [("1", "9"), ("20", "30")]


def test_a_range_within_another_does_not_shorten_it() -> None:
    assert ranges_around([(1, 100), (2, 3), (50, 60)]) == [("1", "100")]


def test_dates_have_gaps_too() -> None:
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 6, 1)]
    assert ranges_around([(day, day) for day in days], most=2) == [("2026-01-01", "2026-01-02"), ("2026-06-01", "2026-06-01")]


def test_too_many_texts_become_one_range() -> None:
    assert ranges_around([(text, text) for text in "dbca"], most=2) == [("a", "d")]


def test_values_that_are_missing_bound_nothing() -> None:
    assert ranges_around([(None, None), (2, 2)]) == [("2", "2")]
    assert in_ranges("number", LongType(), []) == "false"


def test_bounds_are_literals_of_the_columns_type() -> None:
    assert in_ranges("day", DateType(), [("2026-01-01", "2026-01-02")], "target") == (
        "(target.`day` between cast('2026-01-01' as date) and cast('2026-01-02' as date))"
    )
    assert in_groups([("price", DecimalType(5, 2))], [["1.50"]]) == "`price` in (cast('1.50' as decimal(5,2)))"


def test_text_cannot_break_out_of_its_literal() -> None:
    assert in_ranges("name", StringType(), [("o'\\", "o'\\")]) == "(`name` = cast('o\\'\\\\' as string))"


@pytest.mark.parametrize("text", ["o'\\", 'a "b"', "--", "`"])
def test_text_means_itself_in_duckdb_too(text: str) -> None:
    rows = duckdb.from_arrow(pa.table({'odd "name"': [text, "other"]}))
    assert rows.filter(in_groups([('odd "name"', StringType())], [[text]], dialect=DUCKDB)).fetchall() == [(text,)]


def test_an_instant_means_itself_in_duckdb_whatever_the_zone_of_the_session() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    rows = duckdb.from_arrow(pa.table({"at": pa.array([noon, noon + timedelta(hours=1)], pa.timestamp("us", "UTC"))}))
    bound = in_ranges("at", TimestamptzType(), [(as_text(noon), as_text(noon))], dialect=DUCKDB)
    assert rows.filter(bound).aggregate("count(*)").fetchall() == [(1,)]


def test_groups_of_several_columns_are_taken_together() -> None:
    sql = in_groups([("a", LongType()), ("b", StringType())], [["1", "x"], ["2", "y"]])
    assert sql == "((`a` = cast('1' as bigint) and `b` = cast('x' as string)) or (`a` = cast('2' as bigint) and `b` = cast('y' as string)))"


def test_an_instant_keeps_its_zone() -> None:
    assert as_text(datetime(2026, 1, 1, 12, tzinfo=UTC)) == "2026-01-01 12:00:00+00:00"


def test_a_type_without_bounds_is_named() -> None:
    with pytest.raises(TableError, match="a key or group of type binary cannot be bounded"):
        in_ranges("raw", BinaryType(), [("a", "a")])
