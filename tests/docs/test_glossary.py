import pytest

from shoplake.docs.blocks import GLOSSARY, Code, Link
from shoplake.docs.glossary import NUMBERS, Linker, Term, read_terms

pytestmark = pytest.mark.unit

TERMS = [
    Term("net revenue", "what is kept", NUMBERS),
    Term("revenue", "what came in", NUMBERS),
    Term("gross merchandise value (GMV)", "at list price", NUMBERS),
    Term("support, confidence, lift", "of a pair", NUMBERS),
    Term("lift", "of a voucher", NUMBERS),
    Term("grain", "what a row is", "The lake"),
]


def _linker(subject: str) -> Linker:
    return Linker(TERMS, ("silver.orders", "gold.daily_sales"), subject)


def test_the_glossary_is_read_with_its_sections() -> None:
    terms = {term.word: term for term in read_terms()}
    assert terms["net revenue"].section == NUMBERS
    assert terms["grain"].section == "The lake"
    assert terms["average order value (AOV)"].phrases == ("average order value", "aov")
    assert all(term.definition.endswith(".") for term in terms.values())


def test_a_text_leads_to_the_numbers_and_tables_that_it_names_once_each() -> None:
    text = _linker("net revenue, revenue, gross merchandise value").text(
        "Net revenues less revenue and revenue, by GMV of silver.orders", "gold.daily_sales"
    )
    assert text == (
        Link("Net revenues", GLOSSARY, "net revenue"), " less ", Link("revenue", GLOSSARY, "revenue"), " and revenue, by ",
        Link("GMV", GLOSSARY, "gross merchandise value (GMV)"), " of ", Link(Code("silver.orders"), "silver.orders"),
    )  # fmt: skip


def test_no_page_leads_to_itself_and_no_part_of_a_name_leads_anywhere() -> None:
    linker = _linker("revenue")
    assert linker.text("see gold.daily_sales", "gold.daily_sales") == ("see ", Code("gold.daily_sales"))
    assert linker.text("silver.unknown, revenue_share and spark_jobs/revenue") == ("silver.unknown, revenue_share and spark_jobs/revenue",)


def test_words_that_are_defined_together_are_meant_only_where_all_are_said() -> None:
    assert _linker("lift with a confidence interval").text("lift, confidence") == (Link("lift", GLOSSARY, "lift"), ", confidence")
    pair = "support, confidence, lift"
    assert _linker("support confidence lift").text("lift, confidence")[0] == Link("lift", GLOSSARY, pair)


def test_a_column_leads_to_the_number_of_its_name() -> None:
    linker = _linker("net revenue")
    assert linker.name("net_revenue") == Link(Code("net_revenue"), GLOSSARY, "net revenue")
    assert linker.name("channel_code") == Code("channel_code")
