"""How people and their programs reach the stack: addresses with logins, and shell exports."""

import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from shoplake.core.settings import ANALYST, CATALOG_NAME, LOOPBACK, Settings
from shoplake.stack.local import airflow, jupyter
from shoplake.stack.local.ports import answers


@dataclass(frozen=True)
class Address:
    """A page or an endpoint, with the login that it asks for, if any. ``check`` is the URL that answers a GET with success."""

    name: str
    url: str
    user: str | None
    password: str | None
    check: str

    @property
    def line(self) -> str:
        """The address and its login in one line, which a terminal may wrap but not fold: so a link opens."""
        login = f"  user {self.user}  password {self.password}" if self.user else ""
        return f"{self.name:<14} {self.url}{login}"


def addresses(settings: Settings) -> list[Address]:
    """Every page that the stack serves to people."""
    local = f"http://{LOOPBACK}"
    spark, history, console = (
        f"{local}:{settings.spark_ui_port}",
        f"{local}:{settings.history_port}",
        f"{local}:{settings.minio_console_port}",
    )
    return [
        Address(
            "Airflow", airflow.url(settings), airflow.USER, settings.secret("airflow_admin"), f"{airflow.url(settings)}/api/v2/version"
        ),
        Address("JupyterLab", jupyter.link(settings), None, None, jupyter.link(settings)),
        Address("Spark", spark, None, None, f"{spark}/api/v1/version"),
        Address("Spark history", history, None, None, f"{history}/api/v1/version"),
        Address("MinIO console", console, *settings.s3_read_keys, console),
    ]


def answering(pages: Sequence[Address]) -> list[bool]:
    """For each page, whether it answers now."""
    with ThreadPoolExecutor(len(pages)) as pool:
        return list(pool.map(lambda page: answers(page.check), pages))


def exports(settings: Settings, write: bool = False) -> dict[str, str]:
    """Environment variables that make ordinary clients work at once: psql, AWS clients, PyIceberg, Spark.

    The identities only read, unless ``write``. Spark is left out for readers:
    its one server works with the writer's rights.
    """
    shop = urlsplit(settings.shop_dsn if write else _reader_shop_dsn(settings))
    access_key, secret_key = settings.s3_write_keys if write else settings.s3_read_keys
    catalog = f"PYICEBERG_CATALOG__{CATALOG_NAME.upper()}__"
    dsn = settings.catalog_dsn if write else settings.reader_catalog_dsn
    variables = {
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
    }
    if write:
        variables["SPARK_REMOTE"] = settings.spark_remote
    return variables


def _reader_shop_dsn(settings: Settings) -> str:
    """The shop as somebody who only reads: the analyst here, the capturing role of a database elsewhere."""
    shop = urlsplit(settings.shop_dsn)
    is_local = (shop.hostname, shop.port) == (LOOPBACK, settings.postgres_port)
    return settings.postgres_url(ANALYST, shop.path.lstrip("/")) if is_local else settings.source_dsn


def as_shell(variables: dict[str, str]) -> str:
    """``export`` lines, quoted for a POSIX shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
