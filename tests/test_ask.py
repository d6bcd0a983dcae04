import os
import subprocess
import sys
import textwrap

import pytest

import shoplake
from iceberg.catalog import open_catalog
from shoplake.ask import LakeAtRelease, open_lake
from shoplake.core.errors import QueryError, TableError
from shoplake.stack.exports import exports
from spark_jobs.run import build
from spark_jobs.tables import discover
from tests.spark_jobs.bronze_rows import order
from tests.spark_jobs.fixtures import Traded

pytestmark = [pytest.mark.integration, pytest.mark.long]


@pytest.fixture
def lake(traded: Traded) -> LakeAtRelease:
    return open_lake(None, traded.settings)


def test_every_way_of_reading_gives_the_same_rows(lake: LakeAtRelease, traded: Traded) -> None:
    name, columns = "gold.daily_sales", ["order_date", "channel_code", "net_revenue"]
    rows = lake.arrow(name, columns).sort_by([(column, "ascending") for column in columns]).to_pylist()
    assert len(rows) == 3
    assert lake.polars(name, columns).sort(columns).to_dicts() == rows
    assert lake.pandas(name, columns).sort_values(columns).to_dict("records") == rows
    assert lake.sql(f"select {', '.join(columns)} from {name} order by all").to_arrow_table().to_pylist() == rows
    session = lake.spark(name)
    try:
        assert [row.asDict() for row in session.table("gold_daily_sales").select(*columns).orderBy(*columns).collect()] == rows
    finally:
        session.stop()
    assert lake.arrow(name, ["net_revenue"], where="channel_code = 'tiki' -- the smallest").num_rows == 1
    assert {*discover().selected(traded.settings).by_name} < {*lake.tables()}


def test_rows_that_were_changed_since_the_first_load_are_read_as_they_stand(traded: Traded) -> None:
    traded.bronze.change("update", "orders", [order(1, status="cancelled")])
    traded.bronze.change("delete", "customers", [{"customer_id": 5}])
    traded.bronze.commit()
    build(traded.settings)
    now, before = open_lake(None, traded.settings), open_lake(1, traded.settings)
    assert (now.release, before.release) == (2, 1)
    # The merge left position deletes, which is what this is about.
    assert any(deletes for name in ("silver.orders", "silver.customers") for _, deletes in now.reader.rows(name).files)
    ask = "select (select string_agg(status, ',' order by order_id) from silver.orders), (select count(*) from silver.customers where customer_id > 3)"
    assert now.sql(ask).fetchall() == [("cancelled,paid,paid", 1)]
    assert before.sql(ask).fetchall() == [("paid,paid,paid", 2)]
    for name in discover().selected(traded.settings).by_name:
        plain = open_catalog(traded.settings).load_table(name).scan().to_arrow()
        assert now.arrow(name).num_rows == plain.num_rows, name


def test_it_works_with_what_shoplake_env_exports_and_nothing_else(traded: Traded) -> None:
    script = textwrap.dedent(
        """
        import shoplake
        lake = shoplake.lake()
        print(lake.release, lake.sql("select sum(order_count)::int from gold.daily_sales").fetchall()[0][0])
        """
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "SHOPLAKE_HOME": "/nonexistent"}
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, env=environment | exports(traded.settings), capture_output=True, text=True, timeout=120, check=False)
    assert (ended.stdout, ended.stderr) == ("1 3\n", "")


def test_the_stack_s_settings_do_where_nothing_is_exported(traded: Traded, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in traded.settings.environment().items():
        monkeypatch.setenv(name, value)
    assert shoplake.lake(1).sql("select count(*) from silver.orders").fetchall() == [(3,)]
    assert repr(shoplake.lake()).startswith("<lake at release 1, published ")


def test_mistakes_are_sentences(lake: LakeAtRelease) -> None:
    with pytest.raises(TableError, match=r"has no table gold\.sales\. Did you mean"):
        lake.arrow("gold.sales")
    with pytest.raises(TableError, match=r"Did you mean gold\.daily_sales\?"):
        lake.polars("daily_sales")
    with pytest.raises(QueryError, match='"turnover" not found'):
        lake.arrow("gold.daily_sales", ["turnover"])
    with pytest.raises(TableError, match=r"has no table gold\.sales"):
        lake.spark("gold.sales")


def test_an_answer_outlives_what_gave_it(traded: Traded) -> None:
    answer = open_lake(1, traded.settings).sql("select * from ops.releases")
    assert answer.pl()["release_id"].to_list() == [1]
