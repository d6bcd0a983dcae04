"""Statements for one row at a time, their values in PostgreSQL's binary formats, and a pipeline that carries them."""

import itertools
import select
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import psycopg
import pyarrow as pa
import sqlalchemy
from psycopg import errors, pq, sql

from gen_data.changes import Columns, Delete, Insert, Update
from gen_data.write.encode import arrow, identifier
from gen_data.write.fold import key_of

# PostgreSQL counts from 2000.
_EPOCH_MICROSECONDS, _EPOCH_DAYS = 946_684_800_000_000, 10_957
_TEXT_FORMAT, _BINARY_FORMAT = 0, 1
# The server sends its answers at each sync, and a transaction is too small to be worth a packet.
_COMMITS_PER_SYNC = 32
# Syncs that the server may be behind before we wait for it.
_MOST_OPEN_SYNCS = 8

# A connection may see more than one pipeline that prepares.
_NUMBERS = itertools.count()

Parameters = tuple[bytes | None, ...]


class Statement(NamedTuple):
    """A statement to prepare: its text with $1, $2, and the formats of its parameters (types are the columns' own)."""

    text: str
    formats: tuple[int, ...]


_BEGIN, _COMMIT_AND_BEGIN = Statement("begin", ()), Statement("commit and chain", ())


def statement_of(connection: psycopg.Connection, change: Insert | Update | Delete, formats: Sequence[int]) -> Statement:
    """The statement that makes one row of this change; its parameters are the change's columns, in the order of the table."""
    names = [column.name for column in change.table.columns if column.name in change.columns]
    place = {name: sql.SQL(f"${number}") for number, name in enumerate(names, 1)}
    table, key = identifier(change.table), key_of(change.table)
    if isinstance(change, Insert):
        text = sql.SQL("insert into {} ({}) values ({})").format(
            table, sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(place.values())
        )
    else:
        same = sql.SQL(" and ").join(sql.SQL("{} = {}").format(sql.Identifier(name), place[name]) for name in key)
        if isinstance(change, Update):
            changed = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), place[name]) for name in names if name not in key)
            text = sql.SQL("update {} set {} where {}").format(table, changed, same)
        else:
            text = sql.SQL("delete from {} where {}").format(table, same)
    return Statement(text.as_string(connection), tuple(formats))


def parameters(table: sqlalchemy.Table, columns: Columns) -> tuple[list[Parameters], list[int]]:
    """The rows of the columns, in the table's order, as bytes for the server; and the format of each column."""
    batch = arrow(table, columns)
    encoded, formats = [], []
    for column in batch.columns:
        values, value_format = _bytes(column)
        encoded.append(values)
        formats.append(value_format)
    return list(zip(*encoded, strict=True)), formats


def _bytes(column: Any) -> tuple[list[bytes | None], int]:
    kind = column.type
    if pa.types.is_string(kind):
        return column.cast(pa.binary()).to_pylist(), _BINARY_FORMAT
    if pa.types.is_decimal(kind):
        return column.cast(pa.string()).cast(pa.binary()).to_pylist(), _TEXT_FORMAT
    numbers, epoch = column, 0
    if pa.types.is_boolean(kind):
        numbers = column.cast(pa.int8())
    elif pa.types.is_timestamp(kind):
        numbers, epoch = column.cast(pa.int64()), _EPOCH_MICROSECONDS
    elif pa.types.is_date32(kind):
        numbers, epoch = column.cast(pa.int32()), _EPOCH_DAYS
    held = np.asarray(numbers.fill_null(0)) - epoch
    values: list[bytes | None] = held.astype(held.dtype.newbyteorder(">")).view(f"V{held.dtype.itemsize}").tolist()
    if column.null_count:
        for row in np.flatnonzero(np.asarray(column.is_null())).tolist():
            values[row] = None
    return values, _BINARY_FORMAT


class Pipeline:
    """Sends prepared statements without waiting for each answer; what lies between two calls of :meth:`commit` is one transaction.

    After the first statement that is refused its transaction and all that
    follow have no effect; what follows a refused commit must see to that itself.
    The refusal is raised once everything that was sent has been answered.
    """

    def __init__(self, connection: psycopg.Connection, prepared: dict[Statement, bytes]) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._encoding = connection.info.encoding
        self._prepared = prepared
        self._commits = 0
        self._open_syncs = 0
        self._problem: psycopg.Error | None = None

    def __enter__(self) -> "Pipeline":
        """Put the connection into pipeline mode, and begin the first transaction."""
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self.send(_BEGIN)
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for all answers, and put the connection back. Raises the first refusal, or OperationalError when the server went away."""
        self._sync(0)
        self._pgconn.exit_pipeline_mode()
        self._pgconn.nonblocking = 0
        # Ends the transaction that the last commit began, or the one that was refused.
        self._connection.commit()
        if self._problem is not None:
            raise self._problem

    @property
    def is_refused(self) -> bool:
        """Whether a statement is known to have been refused."""
        return self._problem is not None

    def send(self, statement: Statement, row: Parameters = ()) -> None:
        """Send a statement for one row."""
        name = self._prepared.get(statement)
        if name is None:
            name = f"shop {next(_NUMBERS)}".encode()
            self._pgconn.send_prepare(name, statement.text.encode())
            self._prepared[statement] = name
        self._pgconn.send_query_prepared(name, row, statement.formats)

    def commit(self) -> None:
        """End the transaction, and begin the next."""
        # After a refused statement the server skips what comes up to the next sync, and refuses what comes behind that.
        self.send(_COMMIT_AND_BEGIN)
        self._commits += 1
        if self._commits % _COMMITS_PER_SYNC == 0:
            self._sync(_MOST_OPEN_SYNCS)

    def _sync(self, most_open: int) -> None:
        """Ask for the answers so far, and read until at most so many syncs are unanswered."""
        self._pgconn.pipeline_sync()
        self._open_syncs += 1
        poll = select.poll()
        while self._open_syncs > most_open:
            is_unsent = self._pgconn.flush()
            poll.register(self._pgconn.socket, select.POLLIN | (select.POLLOUT if is_unsent else 0))
            poll.poll()
            self._pgconn.consume_input()
            for result in self._results():
                self._take(result)

    def _results(self) -> Iterator[pq.abc.PGresult]:
        is_between = False
        while self._open_syncs and not self._pgconn.is_busy():
            result = self._pgconn.get_result()
            if result is not None:
                yield result
            elif is_between:
                return
            is_between = result is None

    def _take(self, result: pq.abc.PGresult) -> None:
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            self._open_syncs -= 1
        elif result.status == pq.ExecStatus.FATAL_ERROR and self._problem is None:
            self._problem = errors.error_from_result(result, self._encoding)
