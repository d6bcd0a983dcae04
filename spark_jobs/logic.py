"""The code that decides a table's rows, as this process runs it: a table made by other code is rebuilt in full."""

import ast
import hashlib
import inspect
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_RUNNER = (
    *(f"spark_jobs.{name}" for name in ("as_of", "bounds", "changes", "lake", "questions", "refresh", "touched")),
    "iceberg.dialect",
    "iceberg.snapshots",
)
"""What a table's rows depend on besides its own code, whatever its strategy."""


@cache
def logic_of(module: ModuleType) -> str:
    """Changes whenever the code does, comments and layout apart, of a table's module, of the project's modules that it imports, or of the refresh.

    A process keeps what it read first: it goes on with the modules that it has
    loaded, so that a file that is edited later must not change this.
    """
    own, waiting = _code(inspect.getsource(module))
    used = {name: _module_code(name)[0] for name in _RUNNER}
    while waiting:
        name, *waiting = waiting
        if name not in used:
            used[name], further = _module_code(name)
            waiting += further
    return hashlib.sha256("\n".join([own, *(f"{name} {used[name]}" for name in sorted(used))]).encode()).hexdigest()


@cache
def _module_code(name: str) -> tuple[str, list[str]]:
    spec = find_spec(name)
    return _code(Path(spec.origin).read_text() if spec is not None and spec.origin else "")


def _code(text: str) -> tuple[str, list[str]]:
    """What code says, by hash, and which of the project's modules beside it it imports something of."""
    tree = ast.parse(text)
    named = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.partition(".")[0] == "spark_jobs"
        for alias in node.names
    ]
    modules = [name if _is_module(name) else name.rpartition(".")[0] for name in named]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), [name for name in dict.fromkeys(modules) if "." in name]


@cache
def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        # What it would be in is a module itself, and no package.
        return False
