"""The books of runs: those that led to no release, after some weeks."""

from typing import Any

import psycopg

RUNS_KEPT_DAYS = 30
"""How long a run is kept in the books that failed, was killed, or found nothing new."""

# What no release names; the newest that resolved bronze and the newest that consumed it tell the next run where to begin.
_OLD = """
    select run_id from shoplake.runs run
    where status <> 'published' and coalesce(ended_at, started_at) < now() - make_interval(days => %(days)s)
      and not exists (select from shoplake.releases release where release.run_id = run.run_id)
      and run_id is distinct from (select max(run_id) from shoplake.run_inputs)
      and (status <> 'nothing_new' or is_limited or cut_end_lsn < (
          select max(cut_end_lsn) from shoplake.runs where status in ('published', 'nothing_new') and not is_limited
      ))
"""


def prune_runs(connection: psycopg.Connection[Any], dry_run: bool = False) -> int:
    """Remove the runs of long ago that no release names, with their tables, inputs and checks; gives how many there are."""
    old = [row[0] for row in connection.execute(_OLD, {"days": RUNS_KEPT_DAYS}).fetchall()]
    if old and not dry_run:
        for book in ("check_results", "run_tables", "run_inputs", "runs"):
            connection.execute(f"delete from shoplake.{book} where run_id = any(%s)".encode(), (old,))  # noqa: S608
    return len(old)
