from __future__ import annotations

from bench.pages import section, with_section

SECTION = "## Pages\n\n| page |\n|---|\n| a |\n"
OTHER = "## Pages\n\nmeasured again\n"
DOCUMENT = "# Benchmarks\n\n## Results\n\nfast\n"


def test_the_section_about_pages_is_added_found_and_replaced() -> None:
    once = with_section(DOCUMENT, SECTION)
    assert once == f"{DOCUMENT}\n{SECTION}"
    assert section(once) == SECTION
    assert with_section(once, OTHER) == f"{DOCUMENT}\n{OTHER}"


def test_what_stands_after_the_section_stays() -> None:
    page = f"{DOCUMENT}\n{SECTION}\n## How it is measured\n\nWith care.\n"
    assert section(page) == SECTION
    assert with_section(page, OTHER) == page.replace(SECTION, OTHER)


def test_without_a_section_nothing_changes() -> None:
    assert section(DOCUMENT) == ""
    assert with_section(DOCUMENT, "") == DOCUMENT
