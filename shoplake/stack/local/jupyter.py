"""JupyterLab on the project's notebooks, with kernels of this environment."""

import os
import sys
from pathlib import Path

from shoplake.core.progress import Progress
from shoplake.core.settings import LOOPBACK, PROJECT_FOLDER, Settings
from shoplake.stack.exports import exports
from shoplake.stack.local.ports import answers

NOTEBOOKS = PROJECT_FOLDER / "notebooks"


def prepare(settings: Settings, progress: Progress) -> None:
    """Have the folder that it opens."""
    NOTEBOOKS.mkdir(exist_ok=True)


def command(settings: Settings) -> list[str]:
    """The server's command line. The token is in the environment."""
    return [
        sys.executable, "-P", "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.ip={LOOPBACK}",
        f"--ServerApp.port={settings.jupyter_port}", "--ServerApp.port_retries=0", "--ServerApp.use_redirect_file=False", f"--ServerApp.root_dir={NOTEBOOKS}",
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
