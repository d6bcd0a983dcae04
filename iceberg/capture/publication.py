"""The publication at the source: which tables its log tells of.

No publication of ours may make a statement of the source fail. PostgreSQL
refuses updates of a published table that has no replica identity, so such a
table is left out, in words.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from iceberg.capture.source import SourceTable
from shoplake.core.errors import CaptureError, first_line


def published_tables(connection: psycopg.Connection[Any], publication: str) -> set[str] | None:
    """Full names of the tables in the publication, None when it does not exist."""
    if connection.execute("select 1 from pg_publication where pubname = %s", (publication,)).fetchone() is None:
        return None
    rows = connection.execute(
        """
        select namespace.nspname || '.' || class.relname
        from pg_publication_rel link
             join pg_publication publication on publication.oid = link.prpubid
             join pg_class class on class.oid = link.prrelid
             join pg_namespace namespace on namespace.oid = class.relnamespace
        where publication.pubname = %s
        """,
        (publication,),
    )
    return {row[0] for row in rows}


def ensure_publication(owner_dsn: str, publication: str, published: set[str] | None, tables: Sequence[SourceTable]) -> None:
    """Make the publication name exactly ``tables``; touches the source only where ``published``, what it names now, differs.

    The owner's identity is used for the change alone. Raises CaptureError when
    it may not make it.
    """
    wanted = {table.full_name for table in tables}
    if published == wanted:
        return
    # ONLY: children by inheritance have no key of their own, and would come along.
    names = sql.SQL(", ").join(sql.SQL("only {}").format(table.identifier) for table in tables)
    if published is None:
        change = sql.SQL("create publication {} for table {} with (publish_via_partition_root = true)")
    else:
        change = sql.SQL("alter publication {} set table {}")
    try:
        with psycopg.connect(owner_dsn, autocommit=True, connect_timeout=10) as owner:
            owner.execute(change.format(sql.Identifier(publication), names))
    except psycopg.errors.InsufficientPrivilege as problem:
        raise CaptureError(
            f"capture: the publication {publication} cannot be made ({first_line(problem)}). "
            "Set SHOPLAKE_SOURCE_OWNER_URL to the role that owns the tables; it is used for nothing else."
        ) from problem
