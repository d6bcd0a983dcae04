"""A voucher campaign with a control group, so that what it caused is known."""

from gen_data.scenarios.effects import VoucherBlast
from gen_data.scenarios.scenario import Scenario, rises

PROMOTION_BLAST = Scenario(
    name="promotion_blast",
    story="Every day a part of the regular customers is drawn for a voucher campaign, and only half of them get the voucher: "
    "what these order more than the other half is what the campaign brought.",
    effects=(VoucherBlast(audience_share=0.4, discount_rate=0.2, lift=2.0),),
    expects=(
        rises("orders per hour", at_least=1.05),
        rises("discount share", at_least=2.0),
        rises("treated orders per held-out order", at_least=1.3),
    ),
)
