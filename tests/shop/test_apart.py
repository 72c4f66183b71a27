"""The toy shop is a program of its own: nothing of the desk's is in it."""

import subprocess
import sys

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
def test_no_source_names_the_desks_modules(source: object) -> None:
    text = source.read_text(encoding="utf-8")  # type: ignore[attr-defined]

    assert "import marketdesk" not in text
    assert "from marketdesk" not in text
