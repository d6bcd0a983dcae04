"""Finding a Java that Spark runs on."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from shoplake.core.errors import PrerequisiteError
from shoplake.core.settings import Settings

SUPPORTED = (17, 21)
_ADVICE = "Install Java 17 or 21, or set SHOPLAKE_JAVA_HOME to one."


def java_home(settings: Settings) -> Path:
    """The home of a Java 17 or 21: the setting, then JAVA_HOME, then the one on PATH.

    Raises PrerequisiteError saying what was found instead.
    """
    program, source = _find(settings)
    try:
        version = _major_version(program)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise PrerequisiteError(f"stack: {program} ({source}) does not run ({problem}). {_ADVICE}") from problem
    if version not in SUPPORTED:
        found = f"is Java {version}" if version else "does not say its version"
        raise PrerequisiteError(f"stack: {program} ({source}) {found}, which Spark does not run on. {_ADVICE}")
    return program.resolve().parent.parent


@cache
def _major_version(program: Path) -> int | None:
    told = subprocess.run([str(program), "-version"], capture_output=True, text=True, timeout=30, check=False)
    version = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
    return int(version[1]) if version else None


def _find(settings: Settings) -> tuple[Path, str]:
    for folder, source in ((settings.java_home, "SHOPLAKE_JAVA_HOME"), (os.environ.get("JAVA_HOME"), "JAVA_HOME")):
        if folder:
            program = Path(folder) / "bin" / "java"
            if not program.is_file():
                raise PrerequisiteError(f"stack: {source} is {folder}, and there is no bin/java in it. {_ADVICE}")
            return program, source
    on_path = shutil.which("java")
    if on_path is None:
        raise PrerequisiteError(f"stack: no Java was found in SHOPLAKE_JAVA_HOME, JAVA_HOME or PATH, and Spark needs one. {_ADVICE}")
    return Path(on_path), "PATH"
