"""Changes of a table's definition, of which the log tells nothing row by row."""

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from iceberg import cuts
from iceberg.capture import publication, slot
from iceberg.capture.ingest import IngestResult, ingest
from iceberg.catalog import open_catalog
from shoplake.core.errors import CaptureError
from shoplake.core.settings import Settings
from tests.iceberg.capture.source_tables import TABLES, bronze_rows, execute, folded, source_rows

pytestmark = pytest.mark.integration

PLAIN = """
    create type {t}_mood as enum ('sad', 'ok');
    create table {t} (id bigint primary key, name text, balance numeric(14,2), mood {t}_mood, twice bigint generated always as (id * 2) stored);
    insert into {t} select number, 'person ' || number, number * 1.25, 'ok' from generate_series(1, 30) number;
"""
BY_DAY = """
    create table {t} (id int, day int, note text, primary key (id, day)) partition by range (day);
    create table {t}_1 partition of {t} for values from (1) to (2);
    create table {t}_2 partition of {t} for values from (2) to (3);
    create table {t}_3 partition of {t} for values from (3) to (5) partition by range (day);
    create table {t}_33 partition of {t}_3 for values from (3) to (4);
    insert into {t} select number, 1 + number % 3, 'note ' || number from generate_series(1, 30) number;
"""
NEXT_DAY = "create table {t}_5 (id int, day int, note text, primary key (id, day));"
ATTACH = "alter table {t} attach partition {t}_5 for values from (5) to (6);"

# What is said of the table, and what is done to it.
CHANGES_ROWS = {
    "column city came with values": "alter table {t} add column city int not null default 7",
    "column token came with values": "alter table {t} add column token text default gen_random_uuid()",
    "column number came with values": "alter table {t} add column number int generated always as identity",
    "column domain came with values": "create domain {t}_seven as int default 7; alter table {t} add column domain {t}_seven",
    "column score came with values": "alter table {t} add column score int default 7; vacuum full {t}",
    "column name was dropped": "alter table {t} drop column name; alter table {t} add column name text",
    "column mood was dropped": "alter table {t} drop column mood; alter table {t} add column mood text default 'x'",
    "column name was changed and the rows": "alter table {t} alter column name type text using upper(name)",
    "column balance was changed and the rows": "alter table {t} alter column balance type numeric(20,2) using balance + 1",
    "column mood was changed and the rows": (
        "truncate {t}; insert into {t} values (1, 'a', 2, 'ok'); alter table {t} alter column mood type {t}_mood using 'sad'"
    ),
    "column title had another name": "alter table {t} rename column name to title",
    "column name was changed in a way": (
        "alter table {t} rename column name to title; update {t} set title = 'new' where id = 3; alter table {t} rename column title to name"
    ),
    "column twice had another name or was generated": "alter table {t} alter column twice drop expression",
    "column mood has values with other names": "alter type {t}_mood rename value 'ok' to 'fine'",
    "another table has its name": (
        "alter table {t} rename to {t}_former; alter table {t}_other rename to {t}; alter table {t}_former rename to {t}_other"
    ),
}
CHANGES_PARTITIONS = {
    "a partition was emptied, rewritten": "truncate {t}_2",
    "a partition was emptied, rewritten or": "truncate {t}_33",
    "a partition was emptied, rewritten or detached": "truncate {t}; insert into {t} values (7, 1, 'x'), (8, 2, 'gone'); truncate {t}_2",
    "a partition was emptied, rewritten or detached for": (
        "alter table {t} detach partition {t}_1; delete from {t}_1; alter table {t} attach partition {t}_1 for values from (1) to (2)"
    ),
    "a partition was dropped": "drop table {t}_2",
    "a partition was dropped or": "alter table {t} detach partition {t}_3",
    "a partition was dropped or detached": (
        "alter table {t} detach partition {t}_2; " + NEXT_DAY + " insert into {t}_5 values (902, 2, 'other'); "
        "alter table {t} attach partition {t}_5 for values from (2) to (3)"
    ),
    "a partition came": NEXT_DAY + " insert into {t}_5 values (901, 5, 'there before'); " + ATTACH,
    "column score came with values": "alter table {t} add column score int default 7",
    "column note was changed in a way": "alter table {t} alter column note type text using upper(note)",
}
LEAVES_ROWS = (
    "alter table {t} add column city text; update {t} set city = 'Hue' where id = 1",
    "alter table {t} add column city text; alter table {t} alter column city set default 'x'",
    "alter table {t} drop column mood",
    "truncate {t}; insert into {t} values (1, 'a', 2)",
    "truncate {t}; insert into {t} values (1, 'a', 2); truncate {t}",
    "vacuum full {t}",
    "cluster {t} using {t}_pkey",
    "create index on {t} (name); reindex table {t}; analyze {t}",
    "alter table {t} alter column name set not null",
    "alter table {t} alter column name set default 'x'; alter table {t} alter column name set default 'y'",
    "alter table {t} alter column name set statistics 10; alter table {t} alter column name set storage external",
    "grant select (name) on {t} to public; comment on column {t}.name is 'their name'",
    "alter table {t} alter column balance type numeric(20,2)",
    "alter type {t}_mood add value 'glad'",
)
LEAVES_PARTITIONS = (
    "create table {t}_5 partition of {t} for values from (5) to (6)",
    NEXT_DAY + ATTACH,
    "alter table {t} add column score int; update {t} set score = 4 where id = 5",
)


def assert_as_the_source(settings: Settings, *tables: str) -> None:
    others = [table for table in tables if folded(settings, table) != source_rows(settings, table)]
    assert others == [], "bronze is not as the source is"


def make_each(settings: Settings, template: str, ddl: Sequence[str], extra: str = "") -> list[str]:
    """A table for each definition that will change, in the lake too."""
    tables = [f"table_{number:02}" for number in range(len(ddl))]
    for table in tables:
        execute(settings, (template + extra).format(t=table))
    ingest(settings)
    return tables


def assert_each_is_loaded_anew(settings: Settings, tables: list[str], ddl: dict[str, str], before: str, after: str) -> IngestResult:
    for table, statements in zip(tables, ddl.values(), strict=True):
        execute(settings, f"{before}; {statements}; {after}".format(t=table))
    result = ingest(settings)
    assert_as_the_source(settings, *tables)
    for table, words, sentence in zip(tables, ddl, result.reloads, strict=True):
        assert sentence.startswith(f"public.{table} is loaded anew: {words}")
    assert result.first_loads.keys() >= {f"bronze.{table}" for table in tables}
    assert (again := ingest(settings)).row_count == 0, again
    return result


def test_a_definition_that_changes_rows_has_its_table_loaded_anew(fresh: Settings) -> None:
    other = "create table {t}_other (like {t} including all); insert into {t}_other values (3, 'c', 1, 'sad'), (31, 'd', 1, 'sad')"
    execute(fresh, "create table untouched (id int primary key); insert into untouched values (1)")
    tables = make_each(fresh, PLAIN, [*CHANGES_ROWS.values()])
    renamed = tables[-1]
    execute(fresh, other.format(t=renamed))
    ingest(fresh)
    before, after = (
        f"update {{t}} set balance = {number} where id = {number}; delete from {{t}} where id = 2{number}" for number in (1, 2)
    )
    execute(fresh, "insert into untouched values (2)")
    # Both tables of a swap are others than before.
    execute(fresh, f"update {renamed}_other set balance = 8")
    ddl = CHANGES_ROWS | {"another table has": "select 1"}
    result = assert_each_is_loaded_anew(fresh, [*tables, f"{renamed}_other"], ddl, before, after)
    assert result.changes == {"bronze.untouched": 1}
    for table in tables:
        execute(fresh, f"update {table} set balance = 79 where id = 3")
    assert ingest(fresh).reloads == []
    assert_as_the_source(fresh, *tables)


def test_what_is_done_to_partitions_has_their_table_loaded_anew_without_doubling_rows(fresh: Settings) -> None:
    tables = make_each(fresh, BY_DAY, [*CHANGES_PARTITIONS.values()])
    before, after = "update {t} set note = 'before' where id <= 6", "insert into {t} values (950, 1, 'after')"
    result = assert_each_is_loaded_anew(fresh, tables, CHANGES_PARTITIONS, before, after)
    for table in tables:
        loaded = [row for row in bronze_rows(fresh, table) if row["_operation"] == "snapshot"]
        assert len(loaded) == 30 + len(source_rows(fresh, table))
        assert result.first_loads[f"bronze.{table}"] == len(source_rows(fresh, table)) + 1, "the rows, and the truncate before them"


@pytest.mark.parametrize(
    ("template", "ddl", "later"),
    [
        (PLAIN, LEAVES_ROWS, "update {t} set balance = 78 where id = 1; insert into {t} (id, name, balance) values (9000, 'x', 4)"),
        (BY_DAY, LEAVES_PARTITIONS, "insert into {t} values (900, 1, 'late')"),
    ],
    ids=["tables", "partitions"],
)
def test_a_definition_that_leaves_rows_as_they_are_costs_no_load(fresh: Settings, template: str, ddl: Sequence[str], later: str) -> None:
    tables = make_each(fresh, template, ddl)
    for table, statements in zip(tables, ddl, strict=True):
        execute(fresh, statements.format(t=table))
    results = [ingest(fresh)]
    for table, statements in zip(tables, ddl, strict=True):
        execute(fresh, later.format(t=table))
        if "{t}_5" in statements:
            execute(fresh, f"insert into {table} values (901, 5, 'in the new one')")
    results.append(ingest(fresh))
    assert [(result.first_loads, result.reloads) for result in results] == [({}, [])] * 2
    assert_as_the_source(fresh, *tables)


@pytest.fixture
def source(fresh: Settings) -> Settings:
    execute(fresh, TABLES)
    execute(fresh, BY_DAY.format(t="days"))
    ingest(fresh)
    return fresh


@pytest.mark.parametrize(
    ("module", "step", "ddl"),
    [
        (publication, "ensure_publication", "truncate days_1"),
        (slot, "flush_position", "alter table people add column city int default 7"),
        (slot, "peek", "truncate days_1"),
    ],
)
def test_a_definition_that_changes_within_an_ingest_is_in_no_cut_before_its_rows_are(
    source: Settings, module: Any, step: str, ddl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = once(source, f"{ddl}; update people set balance = 5 where id = 5; update days set note = 'x' where id = 6")
    real, record_cut = getattr(module, step), cuts.record_cut
    cuts_seen = []

    def changing(*arguments: Any) -> Any:
        changed()
        return real(*arguments)

    def recording(connection: Any, end_lsn: int) -> None:
        cuts_seen.append(end_lsn)
        assert_as_the_source(source, "people", "days")
        record_cut(connection, end_lsn)

    execute(source, "update people set balance = 4 where id = 4")
    monkeypatch.setattr(module, step, changing)
    monkeypatch.setattr(cuts, "record_cut", recording)
    result = ingest(source)
    assert len(result.reloads) == 1
    assert cuts_seen


def once(settings: Settings, statements: str) -> Callable[[], None]:
    """What a person does at the source, at the first call alone."""
    waiting = [statements]
    return lambda: execute(settings, waiting.pop()) if waiting else None


def test_a_table_rewritten_under_its_first_load_is_loaded_again(source: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # To a snapshot that is older a rewritten table looks empty (PostgreSQL documentation, "Caveats" of concurrency control).
    real = slot.new_slot
    changed = once(source, "alter table others alter column name type text using upper(name)")

    @contextmanager
    def rewriting(*arguments: Any, **options: Any) -> Any:
        with real(*arguments, **options) as snapshot:
            changed()
            yield snapshot

    execute(source, "create table others (id int primary key, name text); insert into others values (1, 'a')")
    monkeypatch.setattr(slot, "new_slot", rewriting)
    assert [sentence.split()[0] for sentence in ingest(source).reloads] == ["public.others"]
    assert_as_the_source(source, "others")


def test_a_definition_that_never_rests_is_one_sentence(source: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real = slot.peek

    def changing(*arguments: Any) -> Any:
        execute(source, "truncate days_1")
        return real(*arguments)

    monkeypatch.setattr(slot, "peek", changing)
    with pytest.raises(CaptureError, match=r"^capture: the definition of public\.days changed .* Repeat the ingest; nothing is lost\.$"):
        ingest(source)


def test_the_load_keeps_what_the_table_was_like_with_its_position(source: Settings) -> None:
    properties = open_catalog(source).load_table("bronze.people").properties
    assert {"shoplake.end-lsn", "shoplake.source-fingerprint"} <= properties.keys()
