"""Arithmetic of columns: put them one after the other, write values over some of their rows, find rows by their key."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from gen_data.changes import NULL, Coded, Column, Columns
from gen_data.randomness import IntArray
from gen_data.texts import Texts

# Untyped on purpose: the published stubs of these functions refuse valid calls.
_compute: Any = pyarrow.compute
_pa: Any = pa


def concatenate(parts: Sequence[Columns], counts: Sequence[int]) -> Columns:
    """The rows of all parts, which have ``counts`` rows each; a column that a part does not have is null there."""
    names = dict.fromkeys(name for part in parts for name in part)
    if len(parts) == 1:
        return dict(parts[0])
    return {name: _concatenate([part.get(name) for part in parts], counts) for name in names}


def overwrite(column: Column | None, count: int, rows: IntArray, values: Column) -> Column:
    """A column of ``count`` rows with ``values`` at ``rows``; where a row comes more than once, its last value stays.

    A column that is not there yet is null elsewhere.
    """
    held = null(values, count) if column is None else column
    if isinstance(held, np.ndarray) and isinstance(values, np.ndarray):
        written = held.copy()
        written[rows] = values
        return written
    if isinstance(held, Coded) and isinstance(values, Coded):
        texts, (of_held, of_values) = _same_values([held, values])
        codes = of_held.copy()
        codes[rows] = of_values
        return Coded(texts, codes)
    positions = np.arange(count)
    positions[rows] = count + np.arange(len(rows))
    taken: Texts = _pa.concat_arrays([_texts(held), _texts(values)]).take(_pa.array(positions))
    return taken


def null(like: Column, count: int) -> Column:
    """A column of the same kind that says nothing."""
    if isinstance(like, Coded):
        return Coded(like.values, np.full(count, -1, dtype=np.int64))
    if isinstance(like, np.ndarray):
        return np.zeros(count, dtype=np.bool_) if like.dtype == np.bool_ else np.full(count, NULL)
    nothing: Texts = _pa.nulls(count, like.type)
    return nothing


def find_rows(held: Columns, wanted: Columns, key: Sequence[str]) -> IntArray:
    """The row of ``held`` that has the key of each row of ``wanted``, -1 where there is none. Keys of ``held`` are unique."""
    of_held, of_wanted = _numbers([held, wanted], key)
    if not len(of_held):
        return np.full(len(of_wanted), -1)
    order = None
    if not (of_held[1:] > of_held[:-1]).all():
        order = np.argsort(of_held, kind="stable")
        of_held = of_held[order]
    position = np.minimum(np.searchsorted(of_held, of_wanted), len(of_held) - 1)
    is_found = of_held[position] == of_wanted
    return np.where(is_found, position if order is None else order[position], -1)


def key_numbers(columns: Columns, key: Sequence[str]) -> IntArray:
    """One number per row, equal where the keys are equal."""
    return _numbers([columns], key)[0]


def occurrences(numbers: IntArray) -> IntArray:
    """How often each number came before its own position."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    begins = np.ones(len(numbers), dtype=np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(begins)
    counted = np.empty(len(numbers), dtype=np.int64)
    counted[order] = np.arange(len(numbers)) - np.repeat(starts, np.diff(np.append(starts, len(numbers))))
    return counted


def _concatenate(parts: Sequence[Column | None], counts: Sequence[int]) -> Column:
    like = next(part for part in parts if part is not None)
    filled = [null(like, count) if part is None else part for part, count in zip(parts, counts, strict=True)]
    arrays = [part for part in filled if isinstance(part, np.ndarray)]
    if len(arrays) == len(filled):
        return np.concatenate(arrays)
    coded = [part for part in filled if isinstance(part, Coded)]
    if len(coded) == len(filled):
        texts, codes = _same_values(coded)
        return Coded(texts, np.concatenate(codes))
    joined: Texts = _pa.concat_arrays([_texts(part) for part in filled])
    return joined


def _texts(column: Column) -> Texts:
    if isinstance(column, np.ndarray):
        raise TypeError("a column holds numbers in one part and text in another")
    return column.texts() if isinstance(column, Coded) else column


def _same_values(columns: Sequence[Coded]) -> tuple[tuple[str, ...], list[IntArray]]:
    """One list of values for all columns, and each one's codes in it."""
    first = columns[0].values
    if all(column.values is first or column.values == first for column in columns):
        return first, [column.codes for column in columns]
    place = {value: position for position, value in enumerate(dict.fromkeys(value for column in columns for value in column.values))}
    # The last entry is where a code of -1 looks.
    codes = [np.array([*(place[value] for value in column.values), -1], dtype=np.int64)[column.codes] for column in columns]
    return tuple(place), codes


def _numbers(parts: Sequence[Columns], key: Sequence[str]) -> list[IntArray]:
    """The keys of each part as numbers, equal where the keys are equal."""
    combined: list[IntArray] | None = None
    for name in key:
        numbers = _key_column([part[name] for part in parts])
        if combined is None:
            combined = numbers
            continue
        least = min((int(part.min()) for part in numbers if len(part)), default=0)
        width = max((int(part.max()) for part in numbers if len(part)), default=0) - least + 1
        most = max((int(np.abs(part).max()) for part in combined if len(part)), default=0)
        if most * width >= 2**62:
            raise OverflowError(f"the key {', '.join(key)} does not fit into 64 bits")
        combined = [outer * width + (inner - least) for outer, inner in zip(combined, numbers, strict=True)]
    if combined is None:
        raise ValueError("a table without a key cannot change")
    return combined


def _key_column(parts: list[Column]) -> list[IntArray]:
    arrays: list[npt.NDArray[Any]] = [part for part in parts if isinstance(part, np.ndarray)]
    if len(arrays) == len(parts):
        return arrays
    coded = [part for part in parts if isinstance(part, Coded)]
    if len(coded) == len(parts):
        return _same_values(coded)[1]
    encoded = _compute.dictionary_encode(_pa.chunked_array([_texts(part) for part in parts])).unify_dictionaries()
    return [np.asarray(chunk.indices, dtype=np.int64) for chunk in encoded.chunks]
