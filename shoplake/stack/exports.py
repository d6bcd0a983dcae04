"""Environment variables that make ordinary clients work at once, as shell exports or for a notebook's kernel."""

import shlex
from urllib.parse import unquote, urlsplit

from shoplake.core.settings import ANALYST, CATALOG_NAME, LOOPBACK, Settings


def exports(settings: Settings, write: bool = False) -> dict[str, str]:
    """Environment variables that make ordinary clients work at once: psql, AWS clients, PyIceberg, Spark.

    The identities only read, unless ``write``: psql, AWS clients and PyIceberg
    then hold the writer's. Spark reads in both cases; a session that is to
    write brings the writer's identity (see ``shoplake.core.spark``).
    """
    shop = urlsplit(settings.shop_dsn if write else _reader_shop_dsn(settings))
    access_key, secret_key = settings.s3_write_keys if write else settings.s3_read_keys
    catalog = f"PYICEBERG_CATALOG__{CATALOG_NAME.upper()}__"
    dsn = settings.catalog_dsn if write else settings.reader_catalog_dsn
    return {
        "PGHOST": shop.hostname or LOOPBACK,
        "PGPORT": str(shop.port or 5432),
        "PGUSER": unquote(shop.username or ""),
        "PGPASSWORD": unquote(shop.password or ""),
        "PGDATABASE": shop.path.lstrip("/"),
        "AWS_ENDPOINT_URL": settings.s3_url,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_REGION": settings.s3_region,
        f"{catalog}TYPE": "sql",
        f"{catalog}URI": dsn.replace("postgresql://", "postgresql+psycopg2://", 1),
        f"{catalog}WAREHOUSE": settings.warehouse,
        f"{catalog}S3__ENDPOINT": settings.s3_url,
        f"{catalog}S3__ACCESS_KEY_ID": access_key,
        f"{catalog}S3__SECRET_ACCESS_KEY": secret_key,
        f"{catalog}S3__REGION": settings.s3_region,
        "SPARK_REMOTE": settings.spark_remote,
    }


def _reader_shop_dsn(settings: Settings) -> str:
    """The shop as somebody who only reads: the analyst here, the capturing role of a database elsewhere."""
    shop = urlsplit(settings.shop_dsn)
    is_local = (shop.hostname, shop.port) == (LOOPBACK, settings.postgres_port)
    return settings.postgres_url(ANALYST, shop.path.lstrip("/")) if is_local else settings.source_dsn


def as_shell(variables: dict[str, str]) -> str:
    """``export`` lines, quoted for a POSIX shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
