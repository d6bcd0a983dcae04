from concurrent.futures import ThreadPoolExecutor

import pytest

from iceberg.catalog import open_catalog
from iceberg.reader import ReleaseReader
from iceberg.releases import publish_run
from shoplake.core.errors import QueryError, ReleaseError, ServiceError, TableError
from shoplake.core.settings import Settings
from tests.iceberg.publisher import build_run

pytestmark = [pytest.mark.integration, pytest.mark.long]

BOTH = "select (select count(*) from gold.left), (select max(number) from gold.left), (select count(*) from gold.right)"


def opened(settings: Settings, release_id: int | None = None) -> ReleaseReader:
    return ReleaseReader(open_catalog(settings, reader=True), settings.reader_catalog_dsn, release_id)


def answer(reader: ReleaseReader, query: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in reader.sql(query).to_pylist()]


@pytest.fixture
def published(fresh: Settings) -> Settings:
    """Two releases: the first of one row in each of two tables, the second of two."""
    for _ in range(2):
        publish_run(fresh, build_run(fresh))
    return fresh


def test_a_release_is_read_as_it_was_whatever_is_published_later(published: Settings) -> None:
    first, current = opened(published, 1), opened(published)
    assert answer(first, BOTH) == [(1, 1, 1)]
    publish_run(published, build_run(published))
    assert answer(current, BOTH) == [(2, 2, 2)]
    assert answer(opened(published, 1), BOTH) == [(1, 1, 1)]
    assert answer(opened(published), BOTH) == [(3, 3, 3)]


def test_readers_see_one_state_of_all_tables_while_releases_are_published(published: Settings) -> None:
    def publish() -> None:
        for _ in range(8):
            publish_run(published, build_run(published))

    seen = []
    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish)
        while not publishing.done():
            reader = opened(published)
            seen.append((reader.release.release_id, *answer(reader, BOTH)[0]))
        publishing.result()
    assert [row for row in seen if len(set(row)) != 1] == []
    assert len({row[0] for row in seen}) > 1


def test_the_books_are_tables_as_of_the_release(published: Settings) -> None:
    assert answer(opened(published, 1), "select release_id, rolled_back_to from ops.releases") == [(1, None)]
    assert answer(opened(published), "select release_id from ops.releases") == [(1,), (2,)]
    assert answer(opened(published), "select count(*) from ops.check_results") == [(0,)]


UNKNOWN = {
    "select * from gold.lift": r"^lake: release 2 has no table gold\.lift\. Did you mean gold\.left",
    'select * from "right"': r"no table right\. Did you mean gold\.right\?$",
    "select * from zzz.qqq": r"no table zzz\.qqq\. `shoplake release show 2` lists what it has\.$",
    "select * from gold.left l join gold.rihgt r using (number)": r"no table gold\.rihgt\. Did you mean gold\.right",
}
WRONG = {
    "select *\n  form gold.left": r'^sql: syntax error at or near "gold" \(line 2, column 8\)\.$',
    "select nope from gold.left": r'^sql: referenced column "nope" not found in FROM clause.* \(line 1, column 8\)\.$',
    "select 'a'::int from gold.left": r"^sql: could not convert string 'a' to INT32.*\.$",
    "": "^sql: that is not one select",
    "select 1; select 2": "^sql: that is not one select",
}
FORBIDDEN = (
    "drop view gold.left",
    "create table gold.mine as select 1",
    "delete from gold.left",
    "with gone as (delete from gold.left returning *) select * from gone",
    "copy (select 1) to '/tmp/shoplake_must_not_exist.csv'",
    "select * from read_csv('/etc/hostname')",
    "attach '/tmp/shoplake_must_not_exist.db' as mine",
    "set enable_external_access = true",
    "install httpfs",
)


def test_an_unknown_table_is_answered_with_near_names(published: Settings) -> None:
    reader = opened(published)
    for query, says in UNKNOWN.items():
        with pytest.raises(TableError, match=says):
            reader.sql(query)


def test_a_table_that_was_never_built_is_answered_with_the_command_that_builds_it(published: Settings) -> None:
    reader = ReleaseReader(
        open_catalog(published, reader=True), published.reader_catalog_dsn, declared=lambda: ("gold.left", "gold.lift", "silver.once")
    )
    says = r"^lake: release 2 does not hold gold\.lift\. `shoplake build --table gold\.lift` makes it, and publishes a release that does\.$"
    for query in ("select * from gold.lift", "select * from Gold.LIFT"):
        with pytest.raises(TableError, match=says):
            reader.sql(query)
    with pytest.raises(TableError, match=says):
        reader.version("gold.lift")
    with pytest.raises(TableError, match=r"no table once\. Did you mean silver\.once\?$"):
        reader.sql("select * from once")
    assert answer(reader, BOTH) == [(2, 2, 2)]


def test_what_is_wrong_with_a_query_is_one_sentence_with_the_place(published: Settings) -> None:
    reader = opened(published)
    for query, says in WRONG.items():
        with pytest.raises(QueryError, match=says) as caught:
            reader.sql(query)
        assert "\n" not in str(caught.value)
        assert answer(reader, BOTH) == [(2, 2, 2)]


def test_a_question_can_neither_write_nor_read_anything_else(published: Settings) -> None:
    reader = opened(published)
    assert answer(reader, BOTH) == [(2, 2, 2)]
    for query in FORBIDDEN:
        with pytest.raises(QueryError):
            reader.sql(query)
        assert answer(reader, BOTH) == [(2, 2, 2)]


def test_a_name_may_be_written_as_spark_takes_it_or_hidden_by_one_of_the_query_s_own(published: Settings) -> None:
    reader = opened(published)
    assert answer(reader, 'select count(*) from lake.Gold."left" join GOLD.right using (number)') == [(2,)]
    assert answer(reader, "with mine as (select 7 as x) select x from Mine") == [(7,)]
    assert reader.sql("select count(*) as n from gold.left where number > ?", [1]).to_pylist() == [{"n": 1}]


def test_a_table_that_lost_its_name_in_the_catalog_is_a_sentence(published: Settings) -> None:
    open_catalog(published).rename_table("gold.right", "gold.other")
    with pytest.raises(TableError, match=r"^table: gold\.right is gone from the catalog\. Give it back its name if it was renamed"):
        opened(published).sql("select * from gold.right")
    assert answer(opened(published), "select count(*) from gold.left") == [(2,)]


def test_before_the_first_release_it_says_what_to_do(fresh: Settings) -> None:
    with pytest.raises(ReleaseError, match=r"^release: there is none yet\. Run `shoplake build`\.$"):
        opened(fresh)


def test_an_unknown_or_expired_release_is_a_sentence(published: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReleaseError, match=r"there is no release 9\. Choose one from 1 to 2"):
        opened(published, 9)
    monkeypatch.setattr("iceberg.releases.RELEASES_KEPT", 1)
    with pytest.raises(ReleaseError, match="release: 1 is expired"):
        opened(published, 1)


@pytest.mark.parametrize("kept_bytes", [0, 4 << 20])
def test_a_release_that_expires_while_it_is_read_says_so_once_its_files_are_gone(
    published: Settings, monkeypatch: pytest.MonkeyPatch, kept_bytes: int
) -> None:
    monkeypatch.setattr("iceberg.reader._KEPT_BYTES", kept_bytes)
    first = opened(published, 1)
    table = open_catalog(published).load_table("gold.left")
    for path, _ in first.rows("gold.left").files:
        table.io.delete(path)
    with pytest.raises(ServiceError, match="the store did not take or give a file"):
        first.sql(BOTH)
    monkeypatch.setattr("iceberg.releases.RELEASES_KEPT", 1)
    with pytest.raises(ReleaseError, match=r"^release: 1 is expired, its snapshots are no longer kept\. Choose a newer one\.$"):
        first.sql(BOTH)


def test_what_is_small_is_read_once(published: Settings) -> None:
    first = opened(published, 1)
    assert answer(first, BOTH) == [(1, 1, 1)]
    table = open_catalog(published).load_table("gold.left")
    for path, _ in first.rows("gold.left").files:
        table.io.delete(path)
    assert answer(first, BOTH) == [(1, 1, 1)]
