"""What others have measured of real shops, with the source of every figure: what our shop is held against."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One published figure: its usual value, or the bounds between which real shops were found, in the unit of its measure."""

    low: float
    high: float
    says: str
    source: str
    year: int
    url: str


@dataclass(frozen=True)
class Measure:
    """Something that shops are measured by. A shop agrees with the figures when it lies within the widest bounds of all."""

    name: str
    unit: str
    figures: tuple[Figure, ...]

    @property
    def low(self) -> float:
        """The lowest that was published."""
        return min(figure.low for figure in self.figures)

    @property
    def high(self) -> float:
        """The highest that was published."""
        return max(figure.high for figure in self.figures)


_OBERLO = "Oberlo, from Dynamic Yield's benchmarks"
_CLICKPOST = "ClickPost, from Dynamic Yield's benchmarks"
_STATISTA = "https://datasetsearch.research.google.com/search?query=average+shopping+cart+abandonment+rate"

CART_ABANDONMENT = Measure(
    "carts abandoned",
    "% of carts",
    (
        Figure(70.2, 70.2, "mean of 50 studies", "Baymard Institute", 2025, "https://baymard.com/lists/cart-abandonment-rate"),
        Figure(67.0, 76.0, "by device, United Kingdom", "Statista, in Google Dataset Search", 2024, _STATISTA),
    ),
)
CONVERSION = Measure(
    "visits that order",
    "% of visits",
    (
        Figure(4.8, 4.8, "shops with many brands", _OBERLO, 2024, "https://www.oberlo.com/statistics/ecommerce-conversion-rate-by-industry"),
        Figure(
            0.9, 6.0, "lowest and highest of 8 industries", _OBERLO, 2024,
            "https://www.oberlo.com/statistics/ecommerce-conversion-rate-by-industry",
        ),
    ),
)  # fmt: skip
CARTS_FILLED = Measure(
    "visits that fill a cart",
    "% of visits",
    (
        Figure(9.3, 9.3, "shops with many brands", _OBERLO, 2023, "https://www.oberlo.com/statistics/add-to-cart-conversion-rate"),
        Figure(7.9, 14.3, "all shops; food and beverage", _OBERLO, 2023, "https://www.oberlo.com/statistics/add-to-cart-conversion-rate"),
    ),
)
BOUNCES = Measure(
    "visits of a single page",
    "% of visits",
    (
        Figure(
            45.7, 45.7, "mean of shopping sites", "CXL, in ClickPost", 2025, "https://www.clickpost.ai/blog/ecommerce-bounce-rate-by-industry",
        ),
        Figure(
            38.0, 62.0, "quartiles of retail", "Contentsquare, Digital Experience Benchmarks", 2024,
            "https://www.conversionbench.com/metric/bounce-rate",
        ),
    ),
)  # fmt: skip
SEARCHES = Measure(
    "visits with a search",
    "% of visits",
    (
        Figure(7.0, 7.0, "mean of 40 shops", "Store", 2024, "https://store.is/ecommerce-tips/internal-search/"),
        Figure(6.0, 9.6, "on telephones; on computers", "Store", 2024, "https://store.is/ecommerce-tips/internal-search/"),
    ),
)
RETURNS = Measure(
    "delivered orders returned",
    "% of orders",
    (
        Figure(
            15.8, 19.3, "of sales in the USA, and of sales online", "National Retail Federation, in VnExpress", 2025,
            "https://vnexpress.net/tra-hang-hoan-tien-phuong-thuc-mua-sam-gay-o-nhiem-5000639.html",
        ),
        Figure(
            3.0, 20.0, "one seller of fashion, by marketplace (Taiwan)", "M. Chou, in e27", 2015,
            "https://e27.co/5-factors-behind-high-e-commerce-return-rate-20150721/",
        ),
    ),
)  # fmt: skip
REPEAT_PURCHASES = Measure(
    "new customers back in a year",
    "% of customers",
    (
        Figure(
            32.0, 32.0, "176 shops, 18 million customers", "RJMetrics, Ecommerce Buyer Behavior Benchmark", 2015,
            "https://www.prnewswire.com/news-releases/new-ecommerce-data-ecommerce-customer-loyalty-is-rare-300090535.html",
        ),
        Figure(
            26.0, 26.0, "100 shops", "Bluecore, in Retail Brew", 2024,
            "https://www.retailbrew.com/stories/2024/04/22/health-and-beauty-shoppers-most-likely-to-be-repeat-purchasers-study",
        ),
        Figure(9.9, 65.2, "luxury; groceries", "Rivo", 2026, "https://www.rivo.io/blog/repeat-purchase-rate-complete-guide"),
    ),
)  # fmt: skip
_SALECYCLE = "https://www.salecycle.com/blog/stats/when-are-people-most-likely-to-buy-online/"
BUSIEST_HOUR = Measure(
    "busiest hour",
    "o'clock",
    (Figure(20.0, 20.0, "between 8 and 9 in the evening", "SaleCycle, Ecommerce Stats Report", 2020, _SALECYCLE),),
)
BUSIEST_HOUR_OF_THE_MORNING = Measure(
    "busiest hour before 15:00",
    "o'clock",
    (
        Figure(10.0, 10.0, "the first of two peaks", "SaleCycle, Ecommerce Stats Report", 2022, _SALECYCLE),
        Figure(
            11.0, 13.0, "lunch break, South East Asia", "iPrice, State of Online Shoppers", 2022,
            "https://www.hardwarezone.com.sg/tech-news-iprice-southeast-asians-shop-online-outside-office-hours-big-spenders-prefer-desktops-over",
        ),
    ),
)  # fmt: skip
ZIPF_SLOPE = Measure(
    "Zipf slope of popularity",
    "exponent",
    (
        Figure(
            0.87, 0.87, "books at Amazon", "Brynjolfsson, Hu and Smith, Management Science 49 (11)", 2003,
            "https://doi.org/10.1287/mnsc.49.11.1580.20580",
        ),
        Figure(
            0.77, 1.11, "books at two shops, by method", "Chevalier and Goolsbee, Quantitative Marketing and Economics 1 (2)", 2003,
            "https://www.nber.org/papers/w9085",
        ),
    ),
)  # fmt: skip
BASKET_SIZE = Measure(
    "pieces in an order",
    "pieces",
    (
        Figure(
            2.97, 5.65, "Asia and the Pacific; Europe", _CLICKPOST, 2025, "https://www.clickpost.ai/blog/average-units-per-transaction-in-ecommerce",
        ),
        Figure(
            3.86, 5.13, "the world, by month", _OBERLO, 2024, "https://www.oberlo.com/statistics/average-units-per-transaction",
        ),
    ),
)  # fmt: skip
