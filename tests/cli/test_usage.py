"""How the help of every command reads."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from shoplake.cli.main import app

pytestmark = pytest.mark.unit


def words_of_all(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that name each command and each group of them."""
    yield words
    for name, below in getattr(command, "commands", {}).items():
        yield from words_of_all(below, (*words, name))


def help_of(*words: str) -> str:
    shown = CliRunner().invoke(app, [*words, "--help"])
    assert shown.exit_code == 0, shown.output
    return shown.output


@pytest.mark.parametrize("words", list(words_of_all(get_command(app))), ids=lambda words: " ".join(words) or "shoplake")
def test_no_help_shows_braces_or_types_of_python(words: tuple[str, ...]) -> None:
    shown = help_of(*words)
    # The help of `generate` shows a part of a TOML file.
    assert re.findall(r"<[^>]*>|[{}]|\[\[|\.\.\.\]", shown.replace("[[period]]", "")) == []


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        ("explain", "explain [OPTIONS] TABLE"),
        ("check", "check [OPTIONS] [TABLE]..."),
        ("preview", "preview [OPTIONS] [TABLE]..."),
        ("up", "up [OPTIONS] [SERVICE]..."),
        ("scenario switch", "scenario switch [OPTIONS] NAME"),
        ("compare", "compare [OPTIONS] SCENARIO [BASE]"),
        ("release diff", "release diff [OPTIONS] A [B]"),
        ("build", "build [OPTIONS]"),
    ],
)
def test_a_usage_line_names_what_the_command_takes(words: str, usage: str) -> None:
    shown = help_of(*words.split())
    assert shown.splitlines()[0].endswith(usage)


def test_an_option_names_its_value_and_an_argument_itself() -> None:
    assert "\n  --table TABLE  " in help_of("build")
    assert "\n  TABLE  Tables to check" in help_of("check")
    assert "\n  --days N  " in help_of("generate")


@pytest.mark.parametrize("words", ["score", "sql", "explain", "docs build"])
def test_a_release_is_named_by_one_option_everywhere(words: str) -> None:
    assert " ".join(help_of(*words.split()).split()).count("--release N The release that is read. Default: the current one. [x>=1]") == 1
    refused = CliRunner().invoke(app, [*words.split(), "--release", "0"])
    assert refused.exit_code == 2
    assert "--release" in refused.output
