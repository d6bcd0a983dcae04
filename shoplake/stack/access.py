"""How people reach the stack: its pages, with their logins."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shoplake.core.settings import ANALYST, LOOPBACK, Settings
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
        Address("MinIO console", console, ANALYST, settings.secret("s3_analyst"), console),
    ]


def answering(pages: Sequence[Address]) -> list[bool]:
    """For each page, whether it answers now."""
    with ThreadPoolExecutor(len(pages)) as pool:
        return list(pool.map(lambda page: answers(page.check), pages))
