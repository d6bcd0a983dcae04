"""Two evening hours of deep discounts."""

from gen_data.scenarios.scenario import Scenario, hours, rises, share, times, top_products

_SALE = hours(20, 22)

FLASH_SALE = Scenario(
    name="flash_sale",
    story="Two evening hours of deep discounts on few products: traffic jumps, baskets get cheaper, the parcels go out over the next days.",
    demand=times(6.0, during=_SALE),
    discount=share(0.4, of=top_products(50), during=_SALE),
    expects=(rises("orders per hour", at_least=3.0, during=_SALE), rises("orders per day", at_least=1.3)),
)
