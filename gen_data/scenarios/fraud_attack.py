"""Four kinds of fraud at once, each with its known marks."""

from gen_data.scenarios.effects import Fraud
from gen_data.scenarios.scenario import Scenario, rises

FRAUD_ATTACK = Scenario(
    name="fraud_attack",
    story="Stolen cards are tried in bursts from one device, accounts are taken over and order from elsewhere, "
    "goods come back that were never to be kept, and one person takes a promotion under many names.",
    effects=(Fraud(card_testing=6.0, account_takeover=8.0, refund_abuse=4.0, promo_abuse=4.0),),
    expects=(
        rises("failed payments per order", at_least=1.1),
        rises("most cards on one device", at_least=5.0),
        rises("most orders from one device", at_least=2.0),
        rises("orders placed from elsewhere", at_least=1.2),
    ),
)
