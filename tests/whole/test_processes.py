"""What every process of the whole stack may and may not do."""

import contextlib

import psutil
import pytest
import requests

from shoplake.core.settings import LOOPBACK, Settings
from shoplake.stack.access import addresses, answering
from shoplake.stack.airflow_api import AirflowApi
from shoplake.stack.local.runner import status
from shoplake.stack.services import SERVICES
from tests.whole.processes import family

pytestmark = pytest.mark.integration


def test_every_service_runs_and_answers(stack: Settings) -> None:
    assert {state.name for state in status(stack) if state.state == "running"} == {service.name for service in SERVICES}


def test_every_page_answers_the_jupyter_link_without_asking(stack: Settings) -> None:
    pages = addresses(stack)
    assert dict(zip([page.name for page in pages], answering(pages), strict=True)) == {page.name: True for page in pages}
    link = next(page.url for page in pages if page.name == "JupyterLab")
    opened = requests.get(link, timeout=10)
    assert "/login" not in opened.url
    without = requests.get(link.split("?")[0], timeout=10)
    assert "/login" in without.url


def test_airflow_lets_its_administrator_in_and_nobody_else(stack: Settings) -> None:
    with AirflowApi(stack) as api:
        assert isinstance(api.dag_ids(), list)
    wrong = {"username": "admin", "password": "admin"}
    assert requests.post(f"http://{LOOPBACK}:{stack.airflow_port}/auth/token", json=wrong, timeout=10).status_code == 401


def test_nothing_listens_beyond_the_loopback_address(stack: Settings) -> None:
    listening = []
    for process in family(stack):
        with contextlib.suppress(psutil.NoSuchProcess):
            listening += [socket.laddr for socket in process.net_connections("inet") if socket.status == psutil.CONN_LISTEN]
    assert {address.port for address in listening} >= {getattr(stack, port) for service in SERVICES for port in service.ports}
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_no_command_line_shows_a_secret(stack: Settings) -> None:
    for process in family(stack):
        with contextlib.suppress(psutil.NoSuchProcess):
            words = " ".join(process.cmdline())
            assert [name for name, secret in stack.secrets.items() if secret in words] == []


def test_no_file_with_a_secret_is_readable_by_others(stack: Settings) -> None:
    wanted = [secret.encode() for secret in stack.secrets.values()]
    # The databases hold what they must; their folders are closed to others.
    outside = [path for path in stack.home.rglob("*") if path.is_file() and not {"data", "local"} & set(path.relative_to(stack.home).parts)]
    readable = [path for path in outside if path.stat().st_mode & 0o077]
    assert [path for path in readable if any(secret in path.read_bytes() for secret in wanted)] == []


def test_the_whole_fits_eight_gigabytes(stack: Settings) -> None:
    held = sum(state.memory_bytes for state in status(stack))
    assert 500 * 1024**2 < held < 8 * 1024**3
