"""Kills a real ingest between any two of its steps."""

import itertools
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from iceberg import bronze, cuts
from iceberg.capture import publication, slot
from iceberg.capture.ingest import ingest
from iceberg.catalog import open_catalog
from shoplake.core.settings import Settings
from tests.iceberg.capture.source_tables import CHANGE_ROWS, CHANGES, TABLES, bronze_rows, execute, folded, source_rows

pytestmark = [pytest.mark.integration, pytest.mark.long]

STEPS: dict[str, tuple[Any, str]] = {
    "publication": (publication, "ensure_publication"),
    "table": (bronze, "ensure_table"),
    "append": (bronze, "append"),
    "cut": (cuts, "record_cut"),
    "advance": (slot, "advance"),
    "drop": (slot, "drop"),
    "forget": (bronze, "forget_position"),
    "fingerprint": (bronze, "record_fingerprint"),
    "leave": (bronze, "leave_out"),
}


def _ingest_and_die(settings: Settings, step: str, call: int, when: str, reload: bool) -> None:
    module, name = STEPS[step]
    real: Callable[..., Any] = getattr(module, name)
    # Tables are written side by side, so each call keeps its own number.
    calls = itertools.count(1)

    def deadly(*arguments: Any) -> Any:
        number = next(calls)
        if number == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments)
        if number == call and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(module, name, deadly)
    ingest(settings, reload=reload)


def killed_ingest(settings: Settings, step: str, call: int, when: str, reload: bool = False) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_ingest_and_die, args=(settings, step, call, when, reload))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL, f"the ingest was not killed {when} {step} {call}"


def assert_every_change_once(settings: Settings, changes: dict[str, int]) -> None:
    for table, first_load in (("people", 500), ("pets", 200)):
        rows = bronze_rows(settings, table)
        assert len(rows) == first_load + changes.get(f"bronze.{table}", 0)
        assert max(Counter((row["_end_lsn"], row["_sequence"]) for row in rows).values()) == 1
        assert folded(settings, table) == source_rows(settings, table)


@pytest.mark.parametrize(
    ("step", "call", "when"),
    [
        ("publication", 1, "after"),
        ("table", 1, "before"),
        ("append", 1, "before"),
        ("append", 1, "after"),
        ("append", 2, "after"),
        ("cut", 1, "after"),
    ],
)
def test_a_first_load_killed_between_two_steps_loses_and_repeats_nothing(fresh: Settings, step: str, call: int, when: str) -> None:
    execute(fresh, TABLES)
    killed_ingest(fresh, step, call, when)
    execute(fresh, CHANGES)
    ingest(fresh)
    rows = bronze_rows(fresh, "people") + bronze_rows(fresh, "pets")
    assert max(Counter((len(row), row["_end_lsn"], row["_sequence"]) for row in rows).values()) == 1
    for table in ("people", "pets"):
        assert folded(fresh, table) == source_rows(fresh, table)


@pytest.mark.parametrize(
    ("step", "call", "when"),
    [("append", 1, "before"), ("append", 1, "after"), ("append", 2, "after"), ("cut", 1, "after"), ("advance", 1, "after")],
)
def test_an_ingest_of_changes_killed_between_two_steps_loses_and_repeats_nothing(fresh: Settings, step: str, call: int, when: str) -> None:
    execute(fresh, TABLES)
    ingest(fresh)
    execute(fresh, CHANGES)
    killed_ingest(fresh, step, call, when)
    healed = ingest(fresh)
    assert_every_change_once(fresh, CHANGE_ROWS)
    newest = max(row["_end_lsn"] for table in ("people", "pets") for row in bronze_rows(fresh, table))
    assert (healed.cut or 0) >= newest, "what the killed ingest wrote must be in a cut"


@pytest.mark.parametrize(("step", "call", "when"), [("drop", 1, "after"), ("append", 1, "after")])
def test_a_reload_killed_between_two_steps_is_finished_by_the_next_ingest(fresh: Settings, step: str, call: int, when: str) -> None:
    execute(fresh, TABLES)
    ingest(fresh)
    execute(fresh, CHANGES)
    killed_ingest(fresh, step, call, when, reload=True)
    execute(fresh, "insert into pets values (901, 8)")
    ingest(fresh)
    for table in ("people", "pets"):
        assert folded(fresh, table) == source_rows(fresh, table)


@pytest.mark.parametrize(
    ("step", "call", "when"),
    [("forget", 1, "before"), ("forget", 1, "after"), ("append", 1, "before"), ("append", 1, "after"), ("cut", 1, "after")],
)
def test_a_load_for_a_new_definition_killed_between_two_steps_is_finished_by_the_next_ingest(
    fresh: Settings, step: str, call: int, when: str
) -> None:
    execute(fresh, TABLES)
    ingest(fresh)
    execute(fresh, CHANGES)
    execute(fresh, "alter table pets add column toy text not null default 'ball'; insert into pets values (902, 8)")
    killed_ingest(fresh, step, call, when)
    execute(fresh, "insert into pets values (901, 8)")
    ingest(fresh)
    for table in ("people", "pets"):
        rows = bronze_rows(fresh, table)
        assert max(Counter((row["_end_lsn"], row["_sequence"]) for row in rows).values()) == 1
        assert folded(fresh, table) == source_rows(fresh, table)
    assert ingest(fresh).row_count == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_definition_that_was_not_kept_before_a_kill_hides_no_later_one(fresh: Settings, when: str) -> None:
    execute(fresh, TABLES)
    ingest(fresh)
    execute(fresh, "alter table pets add column toy text; insert into pets values (902, 8, 'bone')")
    killed_ingest(fresh, "fingerprint", 1, when)
    execute(
        fresh,
        "alter table pets drop column toy; alter table pets add column toy text default 'ball'; update pets set toy = 'x' where id = 3",
    )
    ingest(fresh)
    assert folded(fresh, "pets") == source_rows(fresh, "pets")


@pytest.mark.parametrize(("step", "when"), [("leave", "before"), ("leave", "after"), ("publication", "before"), ("publication", "after")])
def test_a_table_that_leaves_under_a_kill_is_loaded_anew_when_it_is_back(fresh: Settings, step: str, when: str) -> None:
    execute(fresh, TABLES)
    ingest(fresh)
    execute(fresh, "alter table pets drop constraint pets_pkey")
    killed_ingest(fresh, step, 1, when)
    execute(fresh, "alter table pets add primary key (id); update pets set owner_id = 7 where id = 5")
    ingest(fresh)
    assert folded(fresh, "pets") == source_rows(fresh, "pets")
    assert bronze.LEFT_OUT not in open_catalog(fresh).load_table("bronze.pets").properties
