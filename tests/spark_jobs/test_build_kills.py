"""Kills a real build at any moment: the old release or the new one, and the next build heals."""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.process import BaseProcess
from typing import Literal

import psycopg
import pytest
from pyiceberg.table import Table

from iceberg.catalog import open_catalog
from iceberg.runs import catalog_database, load_run
from shoplake.core.settings import Settings
from spark_jobs.run import build
from tests.spark_jobs.bronze_rows import Bronze
from tests.spark_jobs.lake_rows import assert_incremental_equals_full
from tests.spark_jobs.stock import GOLD, PIECES, heads_of, one_read, opened, pieces_in, versions_by_release

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(5400)]

KILLS = int(os.environ.get("SHOPLAKE_TEST_KILLS", "51"))
# A third of the victims waits for the publication, which is short, and dies within it; the others die while tables are built and checked.
PUBLISHING = 3

Phase = Literal["refresh", "check", "publish"]
PHASES: tuple[Phase, ...] = ("refresh", "check", "publish")

forked = multiprocessing.get_context("forkserver")
# What a build imports costs more than a build, so it is imported once; nothing is opened before the fork.
forked.set_forkserver_preload(["tests.spark_jobs.test_build_kills"])


def run_build(settings: Settings) -> None:
    build(settings, tables=GOLD)


@contextmanager
def victim(settings: Settings) -> Iterator[BaseProcess]:
    process = forked.Process(target=run_build, args=(settings,))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


class Books:
    """What the books say of the newest run, without a word to whoever builds."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.session = psycopg.connect(settings.catalog_dsn, autocommit=True)

    def close(self) -> None:
        self.session.close()

    def newest(self) -> tuple[int, int]:
        """The newest run, and how many tables of it wait to be built."""
        row = self.session.execute(
            """
            select run_id, count(*) filter (where run_tables.status = 'waiting') from shoplake.runs left join shoplake.run_tables using (run_id)
            group by run_id order by run_id desc limit 1
            """
        ).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def wait_for_begin(self, process: BaseProcess, last: int) -> int:
        """Gives the run that came after ``last``."""
        while process.is_alive() and self.newest()[0] == last:
            time.sleep(0.005)
        return self.newest()[0]

    def wait_for_publication(self, process: BaseProcess) -> None:
        """Until all tables of the newest run are built and checked."""
        while process.is_alive() and self.newest()[1]:
            time.sleep(0.005)

    def phase(self, run_id: int) -> Phase:
        """What a run was at: a table that waits is written where its branch has moved, and then checked."""
        with catalog_database(self.settings.catalog_dsn) as connection:
            run = load_run(connection, run_id)
        if not run.waiting:
            return "publish"
        with closing(open_catalog(self.settings)) as catalog:
            for name in run.waiting:
                branch = catalog.load_table(name).metadata.refs.get(run.branch)
                if branch is not None and branch.snapshot_id != run.tables[name].base_snapshot_id:
                    return "check"
        return "refresh"


@pytest.fixture
def books(fresh: Settings) -> Iterator[Books]:
    with closing(Books(fresh)) as opened_books:
        yield opened_books


def settled(settings: Settings) -> tuple[int, dict[str, int], dict[str, Table]]:
    """The newest release, its versions and what the catalog shows; a transaction that the victim had sent off may still come in between."""
    with closing(open_catalog(settings)) as catalog:
        while True:
            before, tables, after = versions_by_release(settings), one_read(catalog), versions_by_release(settings)
            if before == after:
                return max(after), after[max(after)], tables


def length_of_a_build(settings: Settings, books: Books) -> tuple[float, float]:
    """Seconds from the beginning of a run until all is built and checked, and from there until it is published."""
    with victim(settings) as process:
        books.wait_for_begin(process, books.newest()[0])
        began = time.monotonic()
        books.wait_for_publication(process)
        built = time.monotonic()
        process.join()
        assert process.exitcode == 0
    return built - began, time.monotonic() - built


def test_a_build_that_is_killed_at_any_moment_leaves_the_old_release_or_the_new_and_the_next_heals(
    spark_services: Settings, fresh: Settings, bronze: Bronze, books: Books
) -> None:
    chance = random.Random(11)  # noqa: S311
    stock = opened(fresh, bronze)
    build(fresh, tables=GOLD)
    stock.step()
    building_seconds, publishing_seconds = length_of_a_build(fresh, books)
    current, published = max(versions_by_release(fresh)), stock.total
    phases: Counter[Phase] = Counter()
    unhealed = chance.randint(1, 4)
    while phases.total() < KILLS or min(phases[phase] for phase in PHASES) < KILLS // 10:
        stock.step()
        last, moment = books.newest()[0], chance.random()
        with victim(fresh) as process:
            run_id = books.wait_for_begin(process, last)
            if phases.total() % PUBLISHING == 0:
                books.wait_for_publication(process)
                time.sleep(moment * publishing_seconds)
            else:
                time.sleep(moment * building_seconds)
            process.kill()
            process.join()
        if process.exitcode == -signal.SIGKILL:
            phases[books.phase(run_id)] += 1
        else:
            assert process.exitcode == 0, "nothing but the kill stops a build"

        newest, versions, tables = settled(fresh)
        assert heads_of(tables) == versions, f"after kill {phases.total()} the heads are those of one release"
        assert newest in (current, current + 1)
        if newest > current:
            current, published = newest, stock.total
        assert pieces_in(tables) == {published}, f"after kill {phases.total()} the rows are the old or the new ones"

        unhealed -= 1
        if not unhealed:
            # Up to four builds were killed one after the other, and what they left lies on each other.
            unhealed = chance.randint(1, 4)
            stock.step()
            building_seconds, publishing_seconds = length_of_a_build(fresh, books)
            current, published = current + 1, stock.total
            newest, versions, tables = settled(fresh)
            assert newest == current
            assert heads_of(tables) == versions
            assert pieces_in(tables) == {published}, "the next build takes in all that the killed ones did not"
    print(f"killed while at {dict(phases)}")  # noqa: T201
    build(fresh, tables=GOLD)
    assert_incremental_equals_full(fresh, tuple(PIECES))
    references = {name for table in settled(fresh)[2].values() for name in table.metadata.refs}
    assert all(name == "main" or name.startswith("release_") for name in references), "no branch of a killed run is left"
