from decimal import Decimal

import duckdb
import pytest

from iceberg.quality.checks import (
    Ledger,
    LedgerCheck,
    RowCheck,
    Severity,
    accepted_values,
    at_least,
    at_most,
    at_most_column,
    equals,
    looks_into,
    not_null,
    references,
    sums_to,
)

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


def test_at_most_breaks_above_and_passes_where_there_is_no_value() -> None:
    assert broken(at_most("x", 1), 0, 1, 2, None) == [2]
    assert broken(at_most("x", Decimal("0.5")), Decimal("0.5"), 1) == [1]


def test_at_most_column_compares_within_the_row() -> None:
    assert broken(at_most_column("x", "y"), 4, 5, 6, None) == [6]


def test_equals_computes_within_the_row() -> None:
    assert broken(equals("x", "y - 1"), 4, 5, None) == [5]
    assert equals("x", "y - 1").rule == "x must be y - 1"


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


def test_sums_are_compared_in_groups_that_the_rule_names() -> None:
    check = sums_to("revenue", "silver.orders", "amount", by=("day", "channel"))
    assert check.rule == "revenue must add up to amount of silver.orders for each day and channel to within 0.00"
    assert check.other_by == ("day", "channel")
    assert sums_to("revenue", "silver.orders", "amount", by=("month",), other_by=("trunc(day)",)).other_by == ("trunc(day)",)


def test_a_check_says_which_tables_it_looks_into() -> None:
    ledger = Ledger("the ledger", ("id",), ("silver.a", "silver.b"), "select 1")
    assert looks_into(LedgerCheck("a", ledger, "x < 0", "x must be at least 0", "are below")) == ("silver.a", "silver.b")
    assert looks_into(sums_to("x", ledger, "y")) == ("silver.a", "silver.b")
    assert looks_into(sums_to("x", "silver.c", "y")) == looks_into(references("x", "silver.c")) == ("silver.c",)
    assert looks_into(at_least("x", 0)) == ()
