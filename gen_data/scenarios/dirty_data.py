"""The marketplaces' feed as it is in life on a bad day."""

from gen_data.scenarios.effects import Dirt
from gen_data.scenarios.scenario import Scenario, rises

DIRTY_DATA = Scenario(
    name="dirty_data",
    story="Rows of the marketplaces' feed arrive late, twice, broken, out of order or contradicting each other; the shop's own tables stay clean.",
    effects=(Dirt(0.08),),
    expects=(rises("malformed feed rows", at_least=2.0), rises("repeated feed rows", at_least=2.0)),
)
