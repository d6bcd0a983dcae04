"""Two evening hours of deep discounts."""

from gen_data.scenarios.effects import BestSellers, Demand, Discount, Hours
from gen_data.scenarios.scenario import Scenario, rises

_SALE = Hours(20, 22)

FLASH_SALE = Scenario(
    name="flash_sale",
    story="Two evening hours of deep discounts on few products: traffic jumps, new customers come, the parcels go out the next day.",
    effects=(Demand(6.0, during=_SALE), Discount(0.4, of=BestSellers(50), during=_SALE)),
    expects=(
        rises("orders per hour", at_least=3.0, during=_SALE),
        rises("orders per hour", at_least=1.3),
        rises("discount share", at_least=2.0, during=_SALE),
        rises("new customers per hour", at_least=1.5, during=_SALE),
        rises("parcels shipped per hour", at_least=1.3, days_later=1),
    ),
)
