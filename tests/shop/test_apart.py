"""The toy shop is a program of its own: nothing of the desk's is in it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desk import ROOT

EXAMPLES = ROOT / "examples"
# Loads everything that the shop is made of, and says what came with it.
LOAD = """
import pkgutil, importlib, sys, shop
for one in pkgutil.iter_modules(shop.__path__, "shop."):
    importlib.import_module(one.name)
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"marketdesk", "django", "ninja", "tests"}))
"""


def test_the_shop_imports_none_of_the_desks_code() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], cwd=EXAMPLES, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


@pytest.mark.parametrize("source", sorted(EXAMPLES.rglob("*.py")), ids=lambda source: source.name)
def test_no_source_names_the_desks_modules(source: Path) -> None:
    text = source.read_text(encoding="utf-8")

    assert "import marketdesk" not in text
    assert "from marketdesk" not in text


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))


def test_both_can_be_installed_in_one_place() -> None:
    """`make demo-shop` does: what both need has one version."""
    shop, desk = pins("examples/shop/requirements.txt"), pins("requirements/run.txt") | pins("requirements/dev.txt")

    assert {name: shop[name] for name in shop.keys() & desk.keys()} == {
        name: desk[name] for name in shop.keys() & desk.keys()
    }
    assert "requests" in shop.keys() & desk.keys()
