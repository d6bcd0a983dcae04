"""Options that several commands share, so that they read the same everywhere."""

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Give up at once when another command is at the same work.")]
ReleaseOption = Annotated[
    int | None, typer.Option("--release", help="The release that is read. Default: the current one.", metavar="N", min=1)
]
