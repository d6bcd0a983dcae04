"""The replication slot: the source's promise to keep its log until it was captured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from iceberg.capture.source import copy_out, replication_command
from shoplake.core.errors import CaptureError


@dataclass(frozen=True)
class ExportedSnapshot:
    """A state of the source that other sessions can read, and the log position that follows it exactly."""

    name: str
    position: int


def lsn(text: str) -> int:
    """A log position such as ``16/B374D848`` as a number of bytes (PostgreSQL documentation, pg_lsn type)."""
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def lsn_text(position: int) -> str:
    """The form of a log position that PostgreSQL takes."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def confirmed_position(connection: psycopg.Connection[Any], slot: str) -> int | None:
    """Log position from which the slot continues, None when there is no such slot.

    Raises CaptureError when the server has given up the slot's log, or the slot is not ours.
    """
    row = connection.execute(
        "select plugin, database = current_database(), wal_status, confirmed_flush_lsn::text from pg_replication_slots where slot_name = %s",
        (slot,),
    ).fetchone()
    if row is None:
        return None
    plugin, is_here, wal_status, confirmed = row
    if plugin != "pgoutput" or not is_here:
        raise CaptureError(
            f"capture: the slot {slot} belongs to another database or program. Choose another name with SHOPLAKE_SOURCE_NAME."
        )
    if wal_status == "lost":
        raise CaptureError(
            f"capture: the source threw away log that slot {slot} had not read (max_slot_wal_keep_size). "
            "Drop the slot and run `shoplake ingest --reload` to load every table anew."
        )
    return lsn(confirmed)


@contextmanager
def new_slot(dsn: str, slot: str, temporary: bool = False) -> Iterator[ExportedSnapshot]:
    """Make a slot and hold the snapshot that it exports while the body runs.

    The snapshot sees exactly the transactions before ``position``; the slot's
    log has exactly those after it. A temporary slot ends with the body.
    """
    command = sql.SQL("CREATE_REPLICATION_SLOT {} {} LOGICAL pgoutput (SNAPSHOT 'export')").format(
        sql.Identifier(slot), sql.SQL("TEMPORARY" if temporary else "")
    )
    session, answer = replication_command(dsn, f"{slot} first load", command)
    with session:
        yield ExportedSnapshot(answer["snapshot_name"], lsn(answer["consistent_point"]))


def flush_position(connection: psycopg.Connection[Any]) -> int:
    """How far the source's log is safely on its disk."""
    return lsn(_value(connection, "select pg_current_wal_flush_lsn()::text"))


def next_transaction_id(connection: psycopg.Connection[Any]) -> int:
    """A 64-bit transaction id above those of all that committed before."""
    return int(_value(connection, "select pg_snapshot_xmax(pg_current_snapshot())::text"))


def peek(connection: psycopg.Connection[Any], slot: str, publication: str, up_to: int, change_limit: int) -> bytes:
    """Messages of the slot's log as one COPY file, whole transactions only, without consuming them.

    Ends behind the first transaction that reaches the position ``up_to`` or
    ``change_limit`` messages.
    """
    query = sql.SQL(
        "copy (select data from pg_logical_slot_peek_binary_changes({}, {}, {}, 'proto_version', '1', 'publication_names', {}))"
        " to stdout (format binary)"
    ).format(sql.Literal(slot), sql.Literal(lsn_text(up_to)), sql.Literal(change_limit), sql.Literal(f'"{publication}"'))
    return b"".join(copy_out(connection, query))


def advance(connection: psycopg.Connection[Any], slot: str, position: int) -> None:
    """Let the source forget its log up to ``position``."""
    connection.execute("select pg_replication_slot_advance(%s, %s::pg_lsn)", (slot, lsn_text(position)))


def drop(connection: psycopg.Connection[Any], slot: str) -> None:
    """Remove the slot, if it is there."""
    connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", (slot,))


def _value(connection: psycopg.Connection[Any], query: LiteralString) -> str:
    row = connection.execute(query).fetchone()
    if row is None:
        raise CaptureError("capture: the source answered nothing where a position was due. Repeat the ingest.")
    return str(row[0])
