"""PostgreSQL's types in Iceberg, and its text form in Arrow.

Both ways into bronze, the first load by COPY and the log, carry values as
PostgreSQL's text with pinned settings (see :mod:`iceberg.capture.source`), so
one conversion serves both.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
    TimestamptzType,
)

from shoplake.core.errors import CaptureError

MAXIMUM_PRECISION = 38

# By OID, which is fixed for built-in types (src/include/catalog/pg_type.dat of PostgreSQL).
_NUMERIC_OID = 1700
_BUILT_IN: dict[int, IcebergType] = {
    16: BooleanType(),
    17: BinaryType(),
    18: StringType(),  # "char"
    19: StringType(),  # name
    20: LongType(),
    21: IntegerType(),
    23: IntegerType(),
    25: StringType(),  # text
    26: LongType(),  # oid
    114: StringType(),  # json
    142: StringType(),  # xml
    650: StringType(),  # cidr
    700: FloatType(),
    701: DoubleType(),
    829: StringType(),  # macaddr
    869: StringType(),  # inet
    1042: StringType(),  # character(n)
    1043: StringType(),  # character varying
    1082: DateType(),
    # Spark cannot read a table that has a column of Iceberg's time type: times stay text.
    1083: StringType(),
    1266: StringType(),
    1114: TimestampType(),
    1184: TimestamptzType(),
    1186: StringType(),  # interval, ISO 8601
    2950: StringType(),  # uuid
    3802: StringType(),  # jsonb
}


def iceberg_type(type_oid: int, type_modifier: int, is_enum: bool = False) -> IcebergType | None:
    """The Iceberg type that holds every finite value of a PostgreSQL type, None where there is none.

    ``type_modifier`` is ``atttypmod``: for numeric it holds precision and scale
    (numeric.c: ((precision << 16) | scale) + 4). A numeric without precision,
    with a negative scale or beyond 38 digits becomes text, digit for digit.
    """
    if is_enum:
        return StringType()
    if type_oid != _NUMERIC_OID:
        return _BUILT_IN.get(type_oid)
    if type_modifier < 4:
        return StringType()
    precision = ((type_modifier - 4) >> 16) & 0xFFFF
    scale = ((type_modifier - 4) & 0x7FF) ^ 0x400
    scale -= 0x400
    if precision > MAXIMUM_PRECISION or not 0 <= scale <= precision:
        return StringType()
    return DecimalType(precision, scale)


def from_text(values: pa.Array[Any], target: pa.DataType, column: str) -> pa.Array[Any]:
    """PostgreSQL's text form of a column as an Arrow array of type ``target``.

    ``values`` are strings with nulls; ``column`` names the column in messages.
    Raises CaptureError naming the first value that ``target`` cannot hold
    (infinity in a date, NaN in a decimal, a year beyond 9999).
    """
    if pa.types.is_string(target) or pa.types.is_large_string(target):
        return values.cast(target)
    if pa.types.is_boolean(target):
        return pc.equal(values, pa.scalar("t", values.type))
    if pa.types.is_binary(target) or pa.types.is_large_binary(target):
        return pa.array([None if text is None else bytes.fromhex(text[2:]) for text in values.to_pylist()], target)
    try:
        return values.cast(target)
    except pa.ArrowInvalid:
        bad = next(text for text in values.to_pylist() if text is not None and not _fits(text, target))
        raise CaptureError(
            f"capture: {column} holds {bad!r}, which Iceberg's {target} cannot. Correct the value at the source, "
            "then run `shoplake ingest --reload`, or leave the table out with SHOPLAKE_SOURCE_EXCLUDE. Nothing was written."
        ) from None


def _fits(text: str, target: pa.DataType) -> bool:
    try:
        pa.scalar(text).cast(target)
    except pa.ArrowInvalid:
        return False
    return True
