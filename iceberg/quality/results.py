"""What the checks of a run found, kept in the catalog's database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from iceberg.quality.checks import Severity


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check of one table in one run.

    Attributes:
        table_name: The table, with its layer.
        check_name: The check, unique within the table.
        severity: What a failure does.
        passed: Whether the rule held.
        failing_count: Rows that broke it.
        examples: Keys of up to five of them, in key order.
        sentence: What was found, in words.
    """

    table_name: str
    check_name: str
    severity: Severity
    passed: bool
    failing_count: int
    examples: list[list[str]]
    sentence: str


def record_results(connection: psycopg.Connection[Any], run_id: int, table_name: str, results: Sequence[CheckResult]) -> None:
    """Keep a table's results in place of those of an earlier attempt in the same run."""
    connection.execute("delete from shoplake.check_results where run_id = %s and table_name = %s", (run_id, table_name))
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into shoplake.check_results (run_id, table_name, check_name, severity, passed, failing_count, examples, sentence)
            values (%s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (run_id, table_name, r.check_name, r.severity.value, r.passed, r.failing_count, Jsonb(r.examples), r.sentence)
                for r in results
            ],
        )


def results_of(connection: psycopg.Connection[Any], run_id: int) -> list[CheckResult]:
    """All results of a run, by table and check."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """
            select table_name, check_name, severity, passed, failing_count, examples, sentence
            from shoplake.check_results where run_id = %s order by table_name, check_name
            """,
            (run_id,),
        ).fetchall()
    return [CheckResult(**{**row, "severity": Severity(row["severity"])}) for row in rows]


def results_of_version(connection: psycopg.Connection[Any], table_name: str, snapshot_id: int) -> list[CheckResult]:
    """What the checks of a table found in the run that wrote its snapshot, by check; none where no run did."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """
            select table_name, check_name, severity, passed, failing_count, examples, sentence
            from shoplake.check_results result
            where table_name = %(table)s and run_id = (
                select max(built.run_id) from shoplake.run_tables built
                where built.table_name = %(table)s and built.snapshot_id = %(snapshot)s and built.status = 'built'
            )
            order by check_name
            """,
            {"table": table_name, "snapshot": snapshot_id},
        ).fetchall()
    return [CheckResult(**{**row, "severity": Severity(row["severity"])}) for row in rows]


def carry_results(connection: psycopg.Connection[Any], run_id: int, table_name: str, base_snapshot_id: int) -> None:
    """Keep for a run, whose version of a table has the same rows as another snapshot, what the checks found in that one."""
    connection.execute(
        """
        insert into shoplake.check_results
            (run_id, table_name, check_name, severity, passed, failing_count, examples, sentence, checked_at)
        select %(run)s, table_name, check_name, severity, passed, failing_count, examples, sentence, checked_at
        from shoplake.check_results
        where table_name = %(table)s and run_id = (
            select max(built.run_id) from shoplake.run_tables built
            where built.table_name = %(table)s and built.snapshot_id = %(snapshot)s and built.status = 'built'
        )
        """,
        {"run": run_id, "table": table_name, "snapshot": base_snapshot_id},
    )
