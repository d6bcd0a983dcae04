from collections.abc import Iterator
from typing import Any

import pytest
from pyspark.sql import SparkSession

from shoplake.core.settings import Settings
from spark_jobs.changes import Truncation, current_rows
from spark_jobs.session import spark_session

pytestmark = pytest.mark.integration

SCHEMA = "id int, name string, note string, _operation string, _end_lsn long, _sequence long, _unchanged_columns array<string>"


@pytest.fixture(scope="module")
def session(spark_services: Settings) -> Iterator[SparkSession]:
    with spark_session(spark_services) as opened:
        yield opened


def fold(session: SparkSession, text: str, truncated: Truncation | None = None, has_unchanged: bool = False) -> list[tuple[Any, ...]]:
    """Rows as ``id name note operation end.sequence [unchanged,...]``, ``-`` for null."""
    rows = []
    for row in text.strip().splitlines():
        number, name, note, operation, place, *unchanged = row.split()
        end, sequence = place.split(".")
        values = [None if value == "-" else value for value in (name, note)]
        rows.append((None if number == "-" else int(number), *values, operation, int(end), int(sequence), unchanged or None))
    folded = current_rows(session.createDataFrame(rows, SCHEMA), ["id"], truncated, has_unchanged)
    return sorted(tuple(row) for row in folded.select("id", "name", "note").collect())


def test_the_newest_change_of_a_key_wins_by_position_and_then_sequence(session: SparkSession) -> None:
    changes = """
        1 old  - snapshot 10.0
        1 mid  - update   20.1
        1 new  - update   20.2
        2 only - insert   15.0
        1 late - update   20.0
    """
    assert fold(session, changes) == [(1, "new", None), (2, "only", None)]


def test_a_deleted_key_is_gone_until_it_is_inserted_again(session: SparkSession) -> None:
    changes = """
        1 a - insert 10.0
        1 - - delete 20.0
        2 b - insert 10.1
        2 - - delete 20.1
        2 c - insert 20.2
    """
    assert fold(session, changes) == [(2, "c", None)]


def test_a_key_change_moves_the_row(session: SparkSession) -> None:
    changes = """
        1 a - insert 10.0
        1 - - delete 20.0
        7 a - insert 20.1
    """
    assert fold(session, changes) == [(7, "a", None)]


def test_nothing_before_a_truncate_counts(session: SparkSession) -> None:
    changes = """
        1 a - snapshot 10.0
        2 b - insert   20.0
        - - - truncate 20.1
        3 c - insert   20.2
    """
    assert fold(session, changes, Truncation(20, 1)) == [(3, "c", None)]


def test_a_column_that_was_not_sent_keeps_its_previous_value(session: SparkSession) -> None:
    changes = """
        1 a long   insert 10.0
        1 b -      update 20.0 note
        1 c -      update 30.0 note
        2 a first  insert 10.1
        2 a second update 20.1
        2 b -      update 30.1 note
    """
    assert fold(session, changes, has_unchanged=True) == [(1, "c", "long"), (2, "b", "second")]


def test_a_null_that_was_sent_stays_null(session: SparkSession) -> None:
    changes = """
        1 a long insert 10.0
        1 a -    update 20.0
        1 b -    update 30.0 note
    """
    assert fold(session, changes, has_unchanged=True) == [(1, "b", None)]
