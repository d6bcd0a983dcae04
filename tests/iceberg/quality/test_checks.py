from decimal import Decimal

import duckdb
import pytest

from iceberg.quality.checks import RowCheck, Severity, accepted_values, at_least, at_most_column, literal, not_null, references, sums_to

pytestmark = pytest.mark.unit


def broken(check: RowCheck, *values: object) -> list[object]:
    """Which of the values of column ``x`` (beside a column ``y`` of 5) break the check, asked of an SQL engine."""
    condition = check.broken_when.replace("`", '"').replace("bd", "")
    with duckdb.connect() as engine:
        engine.execute("create table t (x double, y double)")
        engine.executemany("insert into t values (?, 5)", [[value] for value in values])
        return [row[0] for row in engine.execute(f"select x from t where {condition} order by x").fetchall()]


def test_at_least_breaks_below_and_passes_where_there_is_no_value() -> None:
    assert broken(at_least("x", 0), -1, 0, 1, None) == [-1]
    assert broken(at_least("x", Decimal("0.5")), 0, 1) == [0]


def test_at_most_column_compares_within_the_row() -> None:
    assert broken(at_most_column("x", "y"), 4, 5, 6, None) == [6]


def test_not_null_breaks_where_there_is_no_value() -> None:
    assert broken(not_null("x"), 1, None) == [None]


def test_accepted_values_lists_them_in_the_rule() -> None:
    check = accepted_values("status", "open", "shut")
    assert check.broken_when == "`status` not in ('open', 'shut')"
    assert check.rule == "status must be one of open, shut"


def test_a_check_stops_the_release_unless_it_says_otherwise() -> None:
    assert at_least("x", 0).severity is Severity.STOP
    assert at_least("x", 0, Severity.WARN).severity is Severity.WARN


def test_a_reference_leads_to_the_column_of_the_same_name_unless_told() -> None:
    assert references("customer_id", "silver.customers").other_column == "customer_id"
    assert references("signup_channel_code", "silver.channels", "channel_code").other_column == "channel_code"


def test_sums_are_compared_to_the_last_digit_unless_told() -> None:
    assert sums_to("revenue", "silver.orders", "amount").within == Decimal("0.00")


def test_text_cannot_break_out_of_its_literal() -> None:
    assert literal("o'clock \\") == "'o\\'clock \\\\'"
