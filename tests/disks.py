"""Small disks that tests mount and fill."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from shoplake.core.settings import POSTGRES_ADMIN, Settings
from shoplake.stack.local.postgres import data_folder


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A disk of its own, mounted on ``folder``; skips the test where mounting is not allowed, which takes root."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine does not let this user mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextlib.contextmanager
def full(disk: Path) -> Iterator[None]:
    """The disk without a byte left while the body runs."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        for size in (2**16, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
    try:
        yield
    finally:
        ballast.unlink()


@contextlib.contextmanager
def catalog_on_small_disk(services: Settings, lake: Settings) -> Iterator[Path]:
    """A small disk that holds the catalog's database of ``lake``, and not the server's log; the database goes with it."""
    database = sql.Identifier(urlsplit(lake.catalog_dsn).path[1:])
    # Not in the stack's own folder: PostgreSQL asks whether its user may go there, which that user may by a right of root's alone.
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder) / "disk", 65_536) as disk:
        Path(folder).chmod(0o755)
        owner = data_folder(services).stat()
        (disk / "rows").mkdir(mode=0o700)
        os.chown(disk / "rows", owner.st_uid, owner.st_gid)
        with psycopg.connect(lake.postgres_url(POSTGRES_ADMIN, "postgres"), autocommit=True) as admin:
            admin.execute(sql.SQL("create tablespace small location {}").format(sql.Literal(str(disk / "rows"))))
            admin.execute(sql.SQL("alter database {} set tablespace small").format(database))
            try:
                yield disk
            finally:
                admin.execute(sql.SQL("drop database {} with (force)").format(database))
                admin.execute("drop tablespace small")
