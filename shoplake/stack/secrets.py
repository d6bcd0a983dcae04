"""What the stack remembers from its first start: its ports and its random secrets, in ``<home>/stack.json``."""

import base64
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from shoplake.core.errors import SettingsError
from shoplake.core.settings import AIRFLOW_ROLE, ANALYST, LAKE_WRITER, POSTGRES_ADMIN, SHOP_CAPTURE, SHOP_OWNER, SHOP_SCORING


def _password() -> str:
    return secrets.token_hex(16)


def _long_key() -> str:
    return secrets.token_hex(32)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


# Hexadecimal where a secret travels in a URL or a connection string, so that no quoting can go wrong.
MAKERS: Mapping[str, Callable[[], str]] = {
    POSTGRES_ADMIN: _password,
    SHOP_OWNER: _password,
    SHOP_CAPTURE: _password,
    SHOP_SCORING: _password,
    LAKE_WRITER: _password,
    ANALYST: _password,
    AIRFLOW_ROLE: _password,
    "minio_root_user": _password,
    "minio_root_password": _password,
    "s3_lake_writer": _password,
    "s3_analyst": _password,
    "spark_token": _password,
    "airflow_admin": _password,
    "airflow_jwt": _long_key,
    "airflow_fernet": _fernet_key,
    "airflow_secret_key": _password,
    "jupyter_token": _password,
}


def stack_file(home: Path) -> Path:
    """The file that remembers."""
    return home / "stack.json"


def remembered(home: Path) -> tuple[dict[str, int], dict[str, str]]:
    """Ports by setting name and secrets by name, as the last start left them; empty before the first.

    Raises SettingsError when the file is there but broken.
    """
    path = stack_file(home)
    try:
        document: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}, {}
    except ValueError as problem:
        raise SettingsError(f"stack: {path} is not JSON ({problem}). Restore it, or remove the folder to start anew.") from problem
    return document.get("ports", {}), document.get("secrets", {})


def remember(home: Path, ports: Mapping[str, int], known_secrets: Mapping[str, str]) -> dict[str, str]:
    """Write ports and secrets, making the secrets that are missing. Returns all secrets."""
    complete = dict(known_secrets) | {name: make() for name, make in MAKERS.items() if name not in known_secrets}
    write_private(stack_file(home), json.dumps({"ports": dict(ports), "secrets": complete}, indent=2) + "\n")
    return complete


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read (mode 0600), in one step: readers see the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
