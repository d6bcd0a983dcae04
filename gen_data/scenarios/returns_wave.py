"""What carriers do badly comes back."""

from gen_data.scenarios.effects import Carriers, Returns
from gen_data.scenarios.scenario import Scenario, rises

RETURNS_WAVE = Scenario(
    name="returns_wave",
    story="Overloaded carriers deliver late, lose parcels and damage goods: much of what is delivered comes back in the two weeks after.",
    effects=(Carriers(loss_factor=4.0, transit_factor=1.5), Returns(4.0)),
    expects=(rises("transit hours", at_least=1.25, days_later=2), rises("return rate", at_least=2.0)),
)
