"""How the help of a command reads: plain words where Typer would show braces and the types of Python."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

# What stands for a value that has no word of its own, by what Typer would show.
_WORDS = {"<int>": "N", "<int range>": "N", "<float>": "X", "<float range>": "X", "<path>": "FILE", "<file>": "FILE", "<dir>": "FOLDER"}


class PlainCommand(TyperCommand):
    """A command whose arguments read ``TABLE``, ``[TABLE]`` and ``[TABLE]...``, and its options ``--table TABLE`` and ``--days N``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As Typer calls it."""
        super().__init__(*arguments, **options)
        for parameter in self.params:
            is_flag = isinstance(parameter, TyperOption) and parameter.is_flag
            if parameter.metavar is None and parameter.name and not is_flag:
                shown = parameter.display_type(typer.Context(self)) if isinstance(parameter, TyperOption) else ""
                parameter.metavar = _WORDS.get(shown, parameter.name.upper())

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words behind the command's name."""
        arguments = [parameter for parameter in self.get_params(ctx) if isinstance(parameter, TyperArgument)]
        return ["[OPTIONS]", *(_placed(argument) for argument in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, then options, each with what it is."""
        for title, kind in (("Arguments", TyperArgument), ("Options", TyperOption)):
            parameters = [parameter for parameter in self.get_params(ctx) if isinstance(parameter, kind)]
            records = [(parameter, record) for parameter in parameters if (record := parameter.get_help_record(ctx))]
            if records:
                with formatter.section(title):
                    formatter.write_dl([(str(p.metavar) if kind is TyperArgument else name, words) for p, (name, words) in records])


class Commands(typer.Typer):
    """A Typer of such commands."""

    def command(self, *arguments: Any, **options: Any) -> Callable[[Any], Any]:
        """As that of Typer."""
        return super().command(*arguments, **{"cls": PlainCommand, **options})


def _placed(argument: TyperArgument) -> str:
    name = str(argument.metavar)
    return f"{name if argument.required else f'[{name}]'}{'...' if argument.nargs != 1 else ''}"
