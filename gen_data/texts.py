"""Columns of text as Arrow arrays: pick from a list, join, give or leave out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

# Untyped on purpose: the published stubs of these functions refuse valid calls.
_compute: Any = pyarrow.compute
_pa: Any = pa

if TYPE_CHECKING:
    Texts = pa.Array[Any]
else:
    Texts = pa.Array


def texts(values: Sequence[str]) -> Texts:
    """A column of these texts."""
    column: Texts = _pa.array(values, pa.string())
    return column


def pick(values: Texts | Sequence[str], positions: npt.NDArray[Any]) -> Texts:
    """The text at each position."""
    column: Texts = _compute.take(values if isinstance(values, pa.Array) else texts(values), _pa.array(positions))
    return column


def join(separator: str, *parts: Texts) -> Texts:
    """The parts of each row, joined."""
    column: Texts = _compute.binary_join_element_wise(*parts, separator)
    return column


def numerals(numbers: npt.NDArray[Any], width: int = 1) -> Texts:
    """Whole numbers in decimal digits, padded with zeros to ``width``."""
    column: Texts = _compute.utf8_lpad(_pa.array(numbers).cast(pa.string()), width, "0")
    return column


def only_where(is_given: npt.NDArray[Any], values: Texts) -> Texts:
    """The values where they are given, null elsewhere."""
    column: Texts = _compute.if_else(_pa.array(is_given), values, _pa.scalar(None, values.type))
    return column


def dates(days: npt.NDArray[Any]) -> Texts:
    """Dates from days since 1970."""
    column: Texts = _pa.array(days.astype("int32")).cast(pa.date32())
    return column
