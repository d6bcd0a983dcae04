from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.types import DecimalType, NestedField, StringType

from iceberg.capture.types import from_text, iceberg_type
from shoplake.core.errors import CaptureError

pytestmark = pytest.mark.unit


def numeric_modifier(precision: int, scale: int) -> int:
    return ((precision << 16) | (scale & 0x7FF)) + 4


def convert(texts: list[str | None], type_oid: int, modifier: int = -1) -> list[Any]:
    kind = iceberg_type(type_oid, modifier)
    assert kind is not None
    arrow = schema_to_pyarrow(Schema(NestedField(1, "column", kind, False))).field("column").type
    return from_text(pa.array(texts, pa.large_string()), arrow, "table t column c").to_pylist()


@pytest.mark.parametrize(
    ("type_oid", "text", "value"),
    [
        (16, "t", True),
        (16, "f", False),
        (17, r"\x00ff", b"\x00\xff"),
        (20, "-9223372036854775808", -(2**63)),
        (21, "-32768", -32768),
        (25, "", ""),
        (701, "1e-300", 1e-300),
        (701, "Infinity", float("inf")),
        (1082, "2026-02-28", date(2026, 2, 28)),
        (1114, "2026-01-05 10:00:00.000001", datetime(2026, 1, 5, 10, 0, 0, 1)),  # noqa: DTZ001
        (1184, "2026-01-05 10:00:00.12+00", datetime(2026, 1, 5, 10, 0, 0, 120_000, UTC)),
        (2950, "fe182290-ebbd-4e22-a78d-3d597df65ba5", "fe182290-ebbd-4e22-a78d-3d597df65ba5"),
    ],
)
def test_a_value_in_postgresqls_text_form_keeps_its_value(type_oid: int, text: str, value: object) -> None:
    assert convert([text, None], type_oid) == [value, None]


@given(st.decimals(min_value=Decimal("-999999999999.99"), max_value=Decimal("999999999999.99"), places=2))
def test_money_keeps_every_digit(amount: Decimal) -> None:
    assert convert([f"{amount:f}"], 1700, numeric_modifier(14, 2)) == [amount]


@pytest.mark.parametrize(
    ("modifier", "expected"),
    [
        (numeric_modifier(14, 2), DecimalType(14, 2)),
        (numeric_modifier(38, 38), DecimalType(38, 38)),
        (numeric_modifier(39, 2), StringType()),
        (numeric_modifier(5, -2), StringType()),
        (numeric_modifier(2, 5), StringType()),
        (-1, StringType()),
    ],
)
def test_a_numeric_that_iceberg_cannot_hold_exactly_becomes_text(modifier: int, expected: object) -> None:
    assert iceberg_type(1700, modifier) == expected


def test_an_enum_is_text_and_a_point_has_no_type() -> None:
    assert iceberg_type(99999, -1, is_enum=True) == StringType()
    assert iceberg_type(600, -1) is None


@pytest.mark.parametrize(
    ("type_oid", "modifier", "text"), [(1184, -1, "infinity"), (1082, -1, "-infinity"), (1700, numeric_modifier(5, 2), "NaN")]
)
def test_a_value_that_iceberg_cannot_hold_is_named(type_oid: int, modifier: int, text: str) -> None:
    with pytest.raises(CaptureError, match=f"table t column c holds '{text}'"):
        convert([None, text], type_oid, modifier)
