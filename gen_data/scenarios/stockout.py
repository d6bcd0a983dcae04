"""Suppliers do not deliver what everybody wants."""

from gen_data.scenarios.effects import BestSellers, Demand, SupplyHalt
from gen_data.scenarios.scenario import Scenario, falls, rises

STOCKOUT = Scenario(
    name="stockout",
    story="Demand doubles while suppliers deliver nothing of what sells best: after a week one shelf after the other is empty, "
    "sales are lost, and orders get smaller.",
    effects=(Demand(2.0), SupplyHalt(of=BestSellers(60))),
    expects=(
        rises("orders per hour", at_least=1.5),
        rises("empty shelves", at_least=3.0, days_later=12),
        rises("lost sales", at_least=3.0, days_later=12),
        falls("pieces per order", at_least=1.05, days_later=14),
    ),
)
