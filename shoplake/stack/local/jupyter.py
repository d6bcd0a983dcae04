"""JupyterLab on copies of the project's notebooks, with kernels of this environment."""

import hashlib
import json
import os
import sys
from pathlib import Path

from shoplake.core.progress import Progress
from shoplake.core.settings import LOOPBACK, PROJECT_FOLDER, Settings
from shoplake.stack.exports import exports
from shoplake.stack.local.ports import answers
from shoplake.stack.secrets import write_private

NOTEBOOKS = PROJECT_FOLDER / "notebooks"


def folder(settings: Settings) -> Path:
    """The folder that it opens: copies of the project's notebooks, and what the user makes there."""
    return settings.home / "notebooks"


def prepare(settings: Settings, progress: Progress) -> None:
    """Copy the project's notebooks into the folder that it opens; one that the user has changed since stays as it is.

    A notebook that the user removed is copied again. Raises OSError when a file cannot be read or written.
    """
    target, noted = folder(settings), folder(settings) / ".copied.json"
    target.mkdir(parents=True, exist_ok=True)
    copied: dict[str, str] = json.loads(noted.read_text()) if noted.exists() else {}
    for original in sorted(NOTEBOOKS.glob("*.ipynb")):
        copy, wanted = target / original.name, _sha256(original)
        if copy.exists() and _sha256(copy) not in (wanted, copied.get(original.name)):
            continue
        write_private(copy, original.read_text())
        copied[original.name] = wanted
    write_private(noted, json.dumps(copied, indent=2) + "\n")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def command(settings: Settings) -> list[str]:
    """The server's command line. The token is in the environment."""
    return [
        sys.executable, "-P", "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.ip={LOOPBACK}",
        f"--ServerApp.port={settings.jupyter_port}", "--ServerApp.port_retries=0", "--ServerApp.use_redirect_file=False", f"--ServerApp.root_dir={folder(settings)}",
        "--LabApp.extension_manager=readonly", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None",
    ]  # fmt: skip


def environment(settings: Settings) -> dict[str, str]:
    """The token, what the kernels need to read everything, and folders of its own in place of the user's."""
    own = settings.home / "jupyter"
    return {
        **settings.environment(),
        **exports(settings),
        "JUPYTER_TOKEN": settings.secret("jupyter_token"),
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_DATA_DIR": str(own / "data"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
        "IPYTHONDIR": str(own / "ipython"),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
    }


def link(settings: Settings) -> str:
    """The address that opens it without asking."""
    return f"http://{LOOPBACK}:{settings.jupyter_port}/lab?token={settings.secret('jupyter_token')}"


def is_healthy(settings: Settings) -> bool:
    """Whether the server answers."""
    return answers(f"http://{LOOPBACK}:{settings.jupyter_port}/api")
