import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shoplake.stack.private import fresh_databases

pytestmark = pytest.mark.integration

SHOPLAKE = str(Path(sys.executable).with_name("shoplake"))


def shoplake(settings, *arguments, cwd=None):
    return subprocess.run(
        [SHOPLAKE, *arguments], env=os.environ | settings.environment(), cwd=cwd, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def one_day(services):
    with fresh_databases(services) as settings:
        generated = shoplake(settings, "generate", "--days", "1", "--orders-per-day", "300")
        assert generated.returncode == 0, generated.stderr
        yield settings


def test_report_gives_each_measure_its_sources_and_draws_pictures(one_day, tmp_path):
    run = shoplake(one_day, "shop", "report", "--out", str(tmp_path / "report"), "--json")
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    values = {row["measure"]: row["shop"] for row in told["measures"]}
    assert 0 < values["visits that order"] < 100
    assert 1 < values["pieces in an order"] < 10
    assert {row["measure"] for row in told["sources"]} == set(values)
    pictures = [Path(row["picture"]) for row in told["pictures"]]
    assert {picture.name for picture in pictures} >= {"overview.png", "hours.png", "visits.png", "baskets.png", "popularity.png"}
    assert all(picture.parent == tmp_path / "report" and picture.is_file() for picture in pictures)


def test_report_goes_into_the_home_where_no_folder_is_named(one_day):
    run = shoplake(one_day, "shop", "report")
    assert run.returncode == 0, run.stderr
    assert (one_day.home / "shop_report" / "overview.png").is_file()
    assert "Baymard" in run.stdout


def test_report_without_a_shop_is_one_sentence(fresh, tmp_path):
    run = shoplake(fresh, "shop", "report", "--out", str(tmp_path))
    assert run.returncode == 20
    assert run.stderr.strip() == "shop: there is no shop in this database yet. Open one with `shoplake generate --days 1`."
