"""Gold against the shop itself: what SQL in PostgreSQL, written apart from the transforms, says of the same numbers."""

from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from iceberg.catalog import open_catalog
from shoplake.core.settings import Settings
from spark_jobs.tables import discover
from tests.spark_jobs.gold.shop_questions import CHANCES, FORECASTS, LINE_COST, QUESTIONS, SALES, Question
from tests.spark_jobs.lake_rows import rows_of

SQL = Path(__file__).parent / "sql"
COMPARED = sorted(file.stem for file in SQL.glob("*.sql") if file.stem != "prepare")
"""The gold tables of which a file of SQL gives every row and column."""

Answer = dict[tuple[Any, ...], tuple[Any, ...]]


def assert_same(settings: Settings, name: str) -> None:
    """Every row and every column of one of COMPARED is as the shop's own SQL says."""
    table = discover()[f"gold.{name}"].table
    with psycopg.connect(settings.shop_dsn, row_factory=dict_row) as connection:
        connection.execute("select set_config('TimeZone', %s, false)", (settings.time_zone,))
        connection.execute((SQL / "prepare.sql").read_text())
        found: list[dict[str, Any]] = connection.execute((SQL / f"{name}.sql").read_text()).fetchall()
    assert {*found[0]} == {*table.column_names}
    expected = {tuple(row[column] for column in table.key): row for row in found}
    gold = {row[: len(table.key)]: dict(zip(table.column_names, row, strict=True)) for row in rows_of(settings, f"gold.{name}")}
    assert gold.keys() == expected.keys()
    for key, row in expected.items():
        assert gold[key] == row, key


def of_lake(settings: Settings, question: Question) -> Answer:
    """What gold answers to a question, by key."""
    found = open_catalog(settings).load_table(question.table).scan().to_arrow().select(list(question.columns))
    rows = [tuple(row.values()) for row in found.to_pylist()]
    return {row[: question.key]: row[question.key :] for row in rows}


def of_shop(settings: Settings) -> dict[str, Answer]:
    """What the shop answers to every question, by key."""
    answers: dict[str, Answer] = {}
    with psycopg.connect(settings.shop_dsn, options=f"-c timezone={settings.time_zone}") as connection:
        connection.execute(LINE_COST)
        connection.execute(SALES)
        connection.execute(FORECASTS)
        connection.execute(CHANCES)
        for name, question in QUESTIONS.items():
            rows = connection.execute(question.sql).fetchall()
            answers[name] = {row[: question.key]: row[question.key :] for row in rows}
        connection.rollback()
    return answers
