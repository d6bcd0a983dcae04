"""`shoplake scenario list | show | switch`: what can happen in the shop, and what happens from now on."""

from typing import Annotated

import typer

from shoplake.cli.options import JsonOption
from shoplake.cli.output import Output
from shoplake.core.settings import load_settings

NameArgument = Annotated[str, typer.Argument(help="Name of a scenario.")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="What can happen in the shop: list, show, switch.", no_args_is_help=True)
    group.command("list")(list_scenarios)
    group.command()(show)
    group.command()(switch)
    app.add_typer(group, name="scenario")


def list_scenarios(as_json: JsonOption = False) -> None:
    """List the scenarios.

    Example: shoplake scenario list
    """
    from gen_data.scenarios import SCENARIOS

    output = Output(as_json)
    output.table("scenarios", ("name", "story"), [(scenario.name, scenario.story) for scenario in SCENARIOS.values()])
    output.close()


def show(name: NameArgument, as_json: JsonOption = False) -> None:
    """Show what a scenario does, and what it must show in the numbers.

    Example: shoplake scenario show flash_sale
    """
    from gen_data.scenarios import find

    output, scenario = Output(as_json), find(name)
    output.fields(
        "scenario",
        {
            "name": scenario.name,
            "story": scenario.story,
            "demand": str(scenario.demand or "as usual"),
            "discount": str(scenario.discount or "none"),
            "expects": "; ".join(str(expectation) for expectation in scenario.expects) or "nothing: others are measured against it",
        },
    )
    output.close()


def switch(name: NameArgument, as_json: JsonOption = False) -> None:
    """Let the shop behave like a scenario from its next tick on. A live shop follows at once.

    Example: shoplake scenario switch flash_sale
    """
    from gen_data.shop import switch_scenario

    output = Output(as_json)
    recorded, at = switch_scenario(load_settings(), name)
    output.fields("switch", {"scenario": recorded.scenario.name, "from_tick": recorded.from_tick, "shop_time": at})
    output.close()
