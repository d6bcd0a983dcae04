"""Tables that capture leaves out: no release has them beside newer ones."""

import pytest

from iceberg.bronze import position_of
from iceberg.capture.ingest import ingest
from iceberg.catalog import open_catalog
from shoplake.core.errors import TableError
from shoplake.core.settings import Settings
from spark_jobs.plan import begin_run
from tests.iceberg.capture.source_tables import execute, folded, source_rows

pytestmark = pytest.mark.integration

NAMES = ["silver.channels", "silver.warehouses"]


@pytest.fixture
def source(fresh: Settings) -> Settings:
    for table in ("channels", "warehouses"):
        execute(fresh, f"create table {table} (id int primary key, name text); insert into {table} values (1, 'a'), (2, 'b')")
    ingest(fresh)
    assert begin_run(fresh, NAMES).waiting == NAMES
    return fresh


LEFT = {
    "its key is gone": ("alter table channels drop constraint channels_pkey", (), r"public\.channels has no key .* add primary key"),
    "it is excluded": ("select 1", ("public.channels",), r"public\.channels is named in SHOPLAKE_SOURCE_EXCLUDE"),
    "it is gone": ("alter table channels rename to former", (), r"public\.channels is not in the captured schemas"),
}
BACK = {
    "its key is gone": "alter table channels add primary key (id)",
    "it is excluded": "select 1",
    "it is gone": "alter table former rename to channels",
}


@pytest.mark.parametrize("why", LEFT)
def test_a_table_whose_input_is_left_out_is_not_built_until_that_is_loaded_anew(source: Settings, why: str) -> None:
    statement, exclude, reason = LEFT[why]
    leaving = source.changed(source_exclude=exclude)
    execute(source, f"{statement}; insert into warehouses values (3, 'c')")
    ingest(leaving)
    sentence = rf"^build: silver\.channels reads bronze\.channels, .*{reason}.*SHOPLAKE_TABLES\.$"
    with pytest.raises(TableError, match=sentence):
        begin_run(leaving, NAMES)
    assert begin_run(leaving, NAMES[1:]).waiting == NAMES[1:]
    assert position_of(open_catalog(source).load_table("bronze.channels")) is None
    before = open_catalog(source).load_table("bronze.channels").metadata_location
    ingest(leaving)
    assert open_catalog(source).load_table("bronze.channels").metadata_location == before, "said once, not by every ingest"

    execute(source, f"{BACK[why]}; delete from channels where id = 1; insert into channels values (4, 'd')")
    with pytest.raises(TableError, match=sentence):
        begin_run(source, NAMES)
    assert "bronze.channels" in ingest(source).first_loads
    assert folded(source, "channels") == source_rows(source, "channels")
    assert begin_run(source, NAMES).waiting == NAMES
