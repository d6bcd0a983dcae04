"""The live shop: the generator, ticking on as long as the stack runs."""

import sys
from pathlib import Path

import psycopg

from shoplake.core.settings import Settings


def command(settings: Settings) -> list[str]:
    """The command line of the generator."""
    return [str(Path(sys.executable).with_name("shoplake")), "generate", "--live", "--speed", str(settings.live_speed)]


def environment(settings: Settings) -> dict[str, str]:
    """This stack's settings."""
    return settings.environment()


def is_healthy(settings: Settings) -> bool:
    """Whether a generator holds the shop and has laid its tables."""
    try:
        with psycopg.connect(settings.shop_dsn, connect_timeout=2) as connection:
            row = connection.execute(
                """
                select to_regclass('public.orders') is not null
                   and exists (
                       select from pg_stat_activity
                       where datname = current_database() and application_name like 'shoplake shop clock pid %'
                   )
                """
            ).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])
