"""A service that stops in the middle of an ingest."""

from collections.abc import Iterator
from typing import Any

import pytest

from iceberg import bronze, cuts
from iceberg.capture.ingest import ingest
from shoplake.core.errors import ServiceError
from shoplake.core.settings import Settings
from shoplake.stack.local.runner import down, up
from shoplake.stack.private import private_stack
from tests.iceberg.capture.source_tables import TABLES, execute, folded, source_rows

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Settings]:
    with private_stack("postgres", "minio") as settings:
        execute(settings, TABLES)
        ingest(settings)
        yield settings


@pytest.mark.parametrize(
    ("service", "module", "step"), [("minio", bronze, "append"), ("postgres", bronze, "append"), ("postgres", cuts, "record_cut")]
)
def test_a_service_that_stops_in_the_middle_is_one_sentence_and_the_next_ingest_heals(
    own_stack: Settings, service: str, module: Any, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(own_stack, "update people set balance = balance + 1 where id <= 50; delete from pets where id in (select min(id) from pets)")
    real = getattr(module, step)

    def stopping(*arguments: Any) -> Any:
        down(own_stack, [service])
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(module, step, stopping)
        with pytest.raises(ServiceError, match=r"^ingest: .*(PostgreSQL|store).* repeat; nothing is lost\.$") as failure:
            ingest(own_stack)
    assert "\n" not in str(failure.value)
    up(own_stack, ["postgres", "minio"])
    ingest(own_stack)
    for table in ("people", "pets"):
        assert folded(own_stack, table) == source_rows(own_stack, table)
