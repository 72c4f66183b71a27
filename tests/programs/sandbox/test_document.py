"""What `docs/sandbox.md` says is what happens."""

from pathlib import Path

from marketdesk.programs.answering import ECHOES, FAILS
from marketdesk.programs.stories import stock

PAGE = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_the_table_of_what_follows_is_the_codes() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| when")]

    assert rows == [f"| {one.when} | {one.follows} | {one.seconds} s |" for one in ECHOES.values()]


def test_the_product_whose_refunds_fail_is_there() -> None:
    assert FAILS in {ware.sku for ware in stock().wares}
    assert all(ware.sku.startswith("SANDBOX-") for ware in stock().wares)
    assert FAILS in PAGE


def test_as_many_languages_as_it_says() -> None:
    spoken = {story.customer["language"] for story in stock().stories}

    assert len(spoken) == 9
    assert spoken == set(stock().answers)
