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
    """Whether the shop has opened: it has orders."""
    try:
        with psycopg.connect(settings.shop_dsn, connect_timeout=2) as connection:
            return connection.execute("select order_id from public.orders limit 1").fetchone() is not None
    except psycopg.Error:
        return False
