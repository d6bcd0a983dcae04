"""The shop as it is on most days: what every other scenario is measured against."""

from gen_data.scenarios.scenario import Scenario

NORMAL_DAY = Scenario(
    name="normal_day",
    story="People order mostly around noon and in the evening, a little more at the weekend, more before Tết and on the large sale days.",
)
