"""`shoplake scenario list | show | switch`: what can happen in the shop, and what happens from now on."""

from typing import Annotated

import typer

from shoplake.cli.options import JsonOption
from shoplake.cli.output import Output
from shoplake.cli.usage import Commands
from shoplake.core.settings import load_settings

NameArgument = Annotated[str, typer.Argument(help="Name of a scenario, or of several at once: flash_sale+fraud_attack.")]
IntensityOption = Annotated[float, typer.Option(help="How many times as strong, 0.1 to 10.")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = Commands(help="What can happen in the shop: list, show, switch.", no_args_is_help=True)
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
    output.say("Several act at once with a plus sign between them, such as flash_sale+fraud_attack.")
    output.close()


def show(name: NameArgument, intensity: IntensityOption = 1.0, as_json: JsonOption = False) -> None:
    """Show what a scenario does, and what it must show in the numbers against a normal day.

    Example: shoplake scenario show flash_sale --intensity 2
    """
    from gen_data.scenarios import check_intensity, find

    check_intensity(intensity)
    output, scenario = Output(as_json), find(name).scaled(intensity)
    output.fields("scenario", {"name": scenario.name, "intensity": intensity, "story": scenario.story})
    output.table("effects", ("effect",), [(str(effect),) for effect in scenario.effects])
    output.table(
        "expects",
        ("expected", "measured_as"),
        [(str(expectation), expectation.measure.meaning) for expectation in scenario.expects],
    )
    if not scenario.effects:
        output.say("Nothing is changed: other scenarios are measured against it.")
    output.close()


def switch(
    name: NameArgument,
    lasts: Annotated[
        str | None,
        typer.Option("--for", help="For so much shop time, such as 30m, 2h or 1d; then back. Default: for good.", metavar="TIME"),
    ] = None,
    intensity: IntensityOption = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Let the shop behave like a scenario from its next tick on. A live shop follows at once.

    Example: shoplake scenario switch flash_sale --for 30m --intensity 2
    """
    from gen_data.durations import ticks_of
    from gen_data.shop import switch_scenario

    output = Output(as_json)
    recorded, clock = switch_scenario(load_settings(), name, intensity, None if lasts is None else ticks_of(lasts))
    fields = {
        "scenario": recorded.switch.scenario.name,
        "intensity": recorded.switch.intensity,
        "from_tick": recorded.switch.from_tick,
        "shop_time": clock.moment(recorded.switch.from_tick),
    }
    if recorded.back is not None:
        fields |= {"until": clock.moment(recorded.back.from_tick), "then": recorded.back.scenario.name}
    output.fields("switch", fields)
    output.close()
