import json

import pytest

from iceberg.releases import publish_run
from shoplake.core.settings import Settings
from tests.cli.test_build import shoplake
from tests.iceberg.publisher import build_run

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_what_was_saved_is_said_per_table_and_in_all(fresh: Settings) -> None:
    for _ in range(2):
        publish_run(fresh, build_run(fresh))
    dry = json.loads(shoplake(fresh, "maintain", "--dry-run", "--json").stdout)
    assert [row["table"] for row in dry["tables"]] == ["gold.left", "gold.right"]
    assert dry["total"]["files_before"] == dry["total"]["files_after"] == 4
    done = shoplake(fresh, "maintain", "--table", "gold.l*")
    assert done.returncode == 0, done.stderr
    heading, row = (line.split() for line in done.stdout.splitlines()[:2])
    assert heading == ["table", "files", "snapshots", "orphans", "stored", "mib", "seconds"]
    assert row[:8] == ["gold.left", "2", ">", "2", "2", ">", "2", "0"]
    assert "Nothing was changed" in shoplake(fresh, "maintain", "--dry-run").stdout


def test_a_table_that_is_not_there_is_one_sentence(fresh: Settings) -> None:
    publish_run(fresh, build_run(fresh))
    refused = shoplake(fresh, "maintain", "--table", "gold.lift")
    assert refused.returncode == 40
    assert refused.stderr == "maintain: the lake has no table gold.lift. Did you mean gold.left or gold.right?\n"
