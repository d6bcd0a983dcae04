"""Stacks of their own for tests and benchmarks: a temporary folder, free ports, stopped and removed at the end, also on failure."""

import random
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoplake.core.settings import BUCKET, LAKE_WRITER, SHOP_CAPTURE, SHOP_OWNER, Settings, load_settings
from shoplake.stack.local.databases import create_shop_and_catalog, drop_databases
from shoplake.stack.local.ports import is_free
from shoplake.stack.local.runner import down, up
from shoplake.stack.services import SERVICES

# Below the range from which the kernel takes ports for outgoing connections.
_PORTS = range(20000, 32000)


def free_ports(count: int) -> list[int]:
    """Different free ports of the loopback address."""
    found: list[int] = []
    while len(found) < count:
        candidate = random.choice(_PORTS)  # noqa: S311 -- no secret
        if candidate not in found and is_free(candidate):
            found.append(candidate)
    return found


def private_settings(home: Path, **overrides: object) -> Settings:
    """Settings of a stack in ``home``, on free ports, with the cache of the checkout; not started.

    Everything else is at its default, whatever the environment points at: a
    test must never reach somebody's own database or store.
    """
    names = [name for service in SERVICES for name in service.ports]
    defaults = {name: field.default for name, field in Settings.model_fields.items() if field.default_factory is None}
    mine = load_settings()
    kept = {"cache": mine.cache, "minio_binary": mine.minio_binary, "java_home": mine.java_home}
    values = defaults | kept | {"home": home} | dict(zip(names, free_ports(len(names)), strict=True))
    return load_settings(**(values | overrides))


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A folder for a stack; whatever runs there at the end is stopped, then the folder goes."""
    home = Path(tempfile.mkdtemp(prefix="shoplake-"))
    try:
        yield home
    finally:
        down(private_settings(home))
        shutil.rmtree(home)


@contextmanager
def private_stack(*names: str, **overrides: object) -> Iterator[Settings]:
    """A stack with the named services running. Yields its settings, secrets included.

    When the body fails, the services' logs outlive the stack, and a note on the failure says where.
    """
    with temporary_home() as home:
        settings = up(private_settings(home, **overrides), names).settings
        try:
            yield settings
        except Exception as problem:
            kept = shutil.copytree(home / "logs", Path(tempfile.mkdtemp(prefix="shoplake-logs-")), dirs_exist_ok=True)
            problem.add_note(f"The logs of its services are kept in {kept}.")
            raise


@contextmanager
def fresh_databases(services: Settings) -> Iterator[Settings]:
    """Settings of a new, empty shop, catalog and warehouse in a running stack; dropped at the end, replication slots included."""
    name = f"t{uuid.uuid4().hex[:12]}"
    shop, catalog = f"shop_{name}", f"catalog_{name}"
    create_shop_and_catalog(services, shop, catalog)
    try:
        yield services.changed(
            shop_url=services.postgres_url(SHOP_OWNER, shop),
            source_url=services.postgres_url(SHOP_CAPTURE, shop),
            source_owner_url=services.postgres_url(SHOP_OWNER, shop),
            catalog_uri=services.postgres_url(LAKE_WRITER, catalog),
            warehouse=f"s3://{BUCKET}/{name}",
            source_name=name,
        )
    finally:
        drop_databases(services, shop, catalog)
