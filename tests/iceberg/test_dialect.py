from decimal import Decimal

import pytest

from iceberg.dialect import DUCKDB, SPARK

pytestmark = pytest.mark.unit


def test_text_cannot_break_out_of_its_literal() -> None:
    assert SPARK.literal("o'clock \\") == "'o\\'clock \\\\'"
    assert DUCKDB.literal("o'clock \\") == "'o''clock \\'"


def test_names_are_quoted_one_by_one() -> None:
    assert SPARK.quoted("a`b", "c") == "`a``b`, `c`"
    assert DUCKDB.quoted('a"b', "c") == '"a""b", "c"'


def test_amounts_are_exact_in_both() -> None:
    assert (SPARK.literal(Decimal("0.10")), DUCKDB.literal(Decimal("0.10")), SPARK.literal(7)) == ("0.10bd", "0.10", "7")
