"""How the engines that read the lake take names, values and their types."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    IcebergType,
    IntegerType,
    LongType,
    StringType,
    TimestamptzType,
)

_TYPES: dict[IcebergType, str] = {
    IntegerType(): "int",
    LongType(): "bigint",
    StringType(): "string",
    DateType(): "date",
    BooleanType(): "boolean",
}


@dataclass(frozen=True)
class Dialect:
    """What an engine's SQL does in its own way.

    Attributes:
        mark: What stands around names, doubled within them.
        escapes: What stands for characters that text cannot hold as they are.
        decimal: What ends a number that is exact.
        instant: The type of a timestamp that names an instant.
    """

    mark: str
    escapes: Mapping[str, str]
    decimal: str
    instant: str

    def quoted(self, *names: str) -> str:
        """Names as the engine takes them, one after the other."""
        return ", ".join(self.mark + name.replace(self.mark, 2 * self.mark) + self.mark for name in names)

    def literal(self, value: int | Decimal | str) -> str:
        """A value as the engine takes it."""
        if isinstance(value, str):
            return "'" + "".join(self.escapes.get(character, character) for character in value) + "'"
        return f"{value}{self.decimal}" if isinstance(value, Decimal) else str(value)

    def type_name(self, column_type: IcebergType) -> str | None:
        """The type of a column as the engine calls it; None where values of it cannot be bounded."""
        if isinstance(column_type, DecimalType):
            return f"decimal({column_type.precision},{column_type.scale})"
        return self.instant if column_type == TimestamptzType() else _TYPES.get(column_type)


SPARK = Dialect("`", {"\\": "\\\\", "'": "\\'"}, "bd", "timestamp")
DUCKDB = Dialect('"', {"'": "''"}, "", "timestamptz")
