"""docs/integrating.md, typed into a terminal from top to bottom, on an installed wheel."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import allauth
import pytest

from tests import wheel
from tests.desk import ROOT

pytestmark = pytest.mark.heavy

DOCUMENT = (ROOT / "docs" / "integrating.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(sh|json|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PATIENCE = 300  # seconds for the whole afternoon
END = "--- end of the block ---"

# What Mehmet does in his browser, where the document says so.
REFUND = """
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.refunds import refunding
from marketdesk.tickets.models import Ticket
mehmet = User.objects.get(email="mehmet@anadolu-home.example")
ticket = Ticket.objects.get()
by = Actor(Party.MERCHANT, user_id=mehmet.pk, merchant_id=ticket.merchant_id, name=mehmet.name)
refunding.refund_items(ticket, list(ticket.items.all()), by=by)
"""


class Terminal:
    """A shell that remembers, as a person's does: it ends at the first command that fails."""

    def __init__(self, folder: Path, ports: dict[str, str]) -> None:
        self.ports = ports
        self.errors = folder / "errors"
        # The wheel is installed without network; what it depends on is lent by this environment.
        lent = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PYTHONPATH": str(Path(allauth.__file__).parents[1])}
        path = f"{Path(sys.executable).resolve().parent}:{os.environ['PATH']}"  # whose python3 the lent packages fit
        with self.errors.open("w") as errors:
            self.shell = subprocess.Popen(
                ["timeout", str(PATIENCE), "bash", "-eu", "-o", "pipefail"],
                env={**lent, "PATH": path, "HOME": str(folder), "LANG": "C.UTF-8", "NO_PROXY": "*"}, cwd=folder,
                text=True, start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip

    def type(self, block: str) -> str:
        """Type a block in; what was printed until its end."""
        assert self.shell.stdin
        assert self.shell.stdout
        for port, ours in self.ports.items():
            block = block.replace(port, ours)
        self.shell.stdin.write(f"{block}\necho\necho '{END}'\n")
        self.shell.stdin.flush()
        said = ""
        for line in self.shell.stdout:
            if line.strip() == END:
                return said
            said += line
        raise AssertionError(f"The terminal was closed by\n{block}\n{said}{self.errors.read_text()}")

    def close(self) -> None:
        """End it with everything that was started in it."""
        os.killpg(self.shell.pid, signal.SIGTERM)
        self.shell.communicate(timeout=20)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    folder = tmp_path / "afternoon"
    folder.mkdir()
    built = wheel.build(tmp_path)
    built.rename(folder / built.name)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"8000": str(one.getsockname()[1]), "8001": str(other.getsockname()[1])}
    terminal = Terminal(folder, ports)
    yield terminal
    terminal.close()


def test_every_command_does_what_the_document_says(terminal: Terminal) -> None:
    printed = ""
    for kind, text in BLOCK.findall(DOCUMENT):
        if kind == "sh":
            if '"refund.requested"' in text:
                terminal.type(f"marketdesk manage shell -v0 -c '{REFUND}'")
            printed = terminal.type(text)
        elif kind == "json":
            assert json.loads(printed) == json.loads(text)
        else:
            expected = text.replace("8000", terminal.ports["8000"])
            assert printed.strip() == expected.strip()


def test_no_command_of_the_document_stands_where_it_is_not_tried() -> None:
    fences = re.findall(r"^```(\w*)$", DOCUMENT, re.MULTILINE)

    assert {kind for kind in fences if kind} == {"sh", "json", "text", "html"}
    assert len(BLOCK.findall(DOCUMENT)) == sum(kind in {"sh", "json", "text"} for kind in fences)
