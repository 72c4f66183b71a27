"""A desk with a wrong setting, for the controls that must fail."""

import sys

_DESK = """
import sys
from marketdesk.lib import env
shipped, pragma = env._sqlite, sys.argv[1]
def careless(path):
    settings = shipped(path)
    settings["OPTIONS"]["init_command"] += f"PRAGMA {pragma};"
    return settings
env._sqlite = careless
from marketdesk.cli import main
sys.exit(main(sys.argv[2:]))
"""


def desk(pragma: str) -> list[str]:
    """The `marketdesk` command of a desk that says this to SQLite after the shipped settings."""
    return [sys.executable, "-c", _DESK, pragma]
