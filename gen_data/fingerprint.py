"""What a shop's rows are, in one number per table: the same for the same rows, in whatever order they were written."""

from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from gen_data.schema import SHOP_TABLES


@dataclass(frozen=True)
class Fingerprint:
    """A table's number of rows and the sum of their hashes."""

    row_count: int
    hash_sum: int


def fingerprints(connection: psycopg.Connection) -> dict[str, Fingerprint]:
    """The fingerprint of every operational table, by name, as one consistent state; or as the caller's transaction sees it.

    A row is hashed as its text, with the settings that shape text pinned.
    """
    found = {}
    is_own_transaction = connection.info.transaction_status == TransactionStatus.IDLE
    with connection.transaction():
        if is_own_transaction:
            connection.execute("set transaction isolation level repeatable read read only")
        for setting, value in (("timezone", "UTC"), ("datestyle", "ISO, YMD"), ("intervalstyle", "postgres"), ("extra_float_digits", "1")):
            connection.execute("select set_config(%s, %s, true)", (setting, value))
        for table in SHOP_TABLES:
            row = connection.execute(
                sql.SQL("select count(*), coalesce(sum(hashtextextended(rows::text, 0)::numeric), 0)::text from public.{} as rows").format(
                    sql.Identifier(table.name)
                )
            ).fetchone()
            assert row is not None  # noqa: S101 - an aggregate always gives a row
            found[table.name] = Fingerprint(row[0], int(row[1]))
    return found
