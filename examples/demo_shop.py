"""`make demo-shop`: a desk and the toy shop side by side, each a program of its own, introduced to each other by the
commands that docs/integrating.md names. Ctrl+C ends both."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

HERE = Path(__file__).resolve().parent
SCOPES = "catalogue:write,orders:write,refunds:write"
PASSWORD = "bazaar-demo-shop"
MERCHANTS = {"mehmet@anadolu-home.example": "Anadolu Home", "hang@lotus-loom.example": "Lotus & Loom"}
SUPPORT = "sofia@shop.example"
PATIENCE = 60


class Together:
    """Both programs on one home; `known` is what they know of each other, kept for the next start."""

    def __init__(self, home: Path, desk_port: int, shop_port: int) -> None:
        self.home = home
        self.desk_port, self.shop_port = desk_port, shop_port
        # Two sites to a browser, as in real life: no cookie of the one is sent to the other when it is in a frame.
        self.desk_url, self.shop_url = f"http://127.0.0.1:{desk_port}", f"http://localhost:{shop_port}"
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = home / "known.json"
        self.known: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {}

    # The programs

    def desk_environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("MARKETDESK_")}
        return ours | {
            "MARKETDESK_HOME": str(self.home / "desk"),
            "MARKETDESK_URL": self.desk_url,
            "MARKETDESK_WEBHOOK_ALLOW": "127.0.0.0/8",
            "MARKETDESK_LOG": os.environ.get("MARKETDESK_LOG", "WARNING"),
            "DATABASE_URL": "",
            "PORT": str(self.desk_port),
        }

    def shop_environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "SHOP_HOME": str(self.home / "shop"),
            "SHOP_PORT": str(self.shop_port),
            "SHOP_URL": self.shop_url,
            "DESK_URL": self.desk_url,
            "DESK_KEY": self.known["desk_key"],
            "DESK_WEBHOOK_SECRETS": self.known["webhook_secret"],
            "DESK_ARRIVAL_KEY_ID": self.known["arrival_key_id"],
            "SHOP_ARRIVAL_KEY": str(self.home / "arrival.pem"),
        }

    def start_desk(self) -> "subprocess.Popen[bytes]":
        """The desk, in a session of its own: a Ctrl+C is for us, and we end it in order."""
        words = [sys.executable, "-m", "marketdesk", "serve"]
        return subprocess.Popen(words, env=self.desk_environment(), cwd=HERE.parent, start_new_session=True)

    def start_shop(self) -> "subprocess.Popen[bytes]":
        words = [sys.executable, "-m", "shop"]
        return subprocess.Popen(words, env=self.shop_environment(), cwd=HERE, start_new_session=True)

    # Introducing them

    def marketdesk(self, *words: str, given: str = "", settings: dict[str, str] | None = None) -> str:
        """Run one of the desk's commands; what it printed. `given` is typed in."""
        done = subprocess.run(
            [sys.executable, "-m", "marketdesk", *words],
            env=self.desk_environment() | (settings or {}), cwd=HERE.parent, input=given, capture_output=True,
            text=True, check=False, start_new_session=True,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"marketdesk {' '.join(words)}\n{done.stderr}")
        return done.stdout.strip()

    def introduce(self) -> None:
        """What is missing on the first start, or when the shop has moved to another port."""
        if "desk_key" not in self.known:
            self._learn(desk_key=self.marketdesk("key", "create", "shop", "--scopes", SCOPES))
        if "arrival_key_id" not in self.known:
            self._learn(arrival_key_id=self._arrival_key())
        if "support" not in self.known:
            self.marketdesk("policy", "set", "platform_name", "Bazaar", "--reason", "Our name.")
            words = ("manage", "createsuperuser", "--noinput", "--email", SUPPORT, "--name", "Sofia")
            self.marketdesk(*words, settings={"DJANGO_SUPERUSER_PASSWORD": PASSWORD})
            self._learn(support=SUPPORT)
        if self.known.get("shop_url") != self.shop_url:
            for line in self.marketdesk("webhook", "list").splitlines():
                self.marketdesk("webhook", "disable", line.split()[0])
            secret = self.marketdesk("webhook", "add", f"{self.shop_url}/webhooks")
            self.marketdesk("policy", "set", "frame_ancestors", self.shop_url, "--reason", "Questions in our shop.")
            self._learn(webhook_secret=secret, shop_url=self.shop_url)

    def _arrival_key(self) -> str:
        """A pair of keys: ours signs, and only the public one goes to the desk."""
        pair = Ed25519PrivateKey.generate()
        ours, theirs = self.home / "arrival.pem", self.home / "arrival.pub"
        ours.touch(mode=0o600)
        ours.write_bytes(pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        theirs.write_bytes(pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        return self.marketdesk("arrival-key", "add", "shop", "--algorithm", "EdDSA", "--public-key", str(theirs))

    def admit_merchants(self) -> None:
        """Passwords for the merchants' people, as soon as the shop has told the desk of them."""
        if "merchants" in self.known:
            return
        until(self._admit)
        self._learn(merchants=True)

    def _admit(self) -> bool:
        try:
            for email in MERCHANTS:
                self.marketdesk("manage", "changepassword", email, given=f"{PASSWORD}\n{PASSWORD}\n")
        except SystemExit:
            return False
        return True

    def _learn(self, **facts: Any) -> None:
        self.known |= facts
        self._file.touch(mode=0o600)
        self._file.write_text(json.dumps(self.known, indent=2))


def until(true: Callable[[], bool]) -> None:
    """Wait for what another program does."""
    last = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > last:
            raise SystemExit("It did not start in time.")
        time.sleep(0.2)


def answers(url: str) -> bool:
    """Whether a program serves."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def serves(program: "subprocess.Popen[bytes]", url: str) -> bool:
    """Wait until a program serves; no, when it has ended instead."""
    until(lambda: answers(url) or program.poll() is not None)
    return program.poll() is None


def main() -> int:
    """Start both, say where they are, and end both."""
    desk_port = int(os.environ.get("PORT") or 8000)
    shop_port = int(os.environ.get("SHOP_PORT") or desk_port + 1)
    both = Together(Path(os.environ.get("DEMO_SHOP_HOME", "var/shop")).resolve(), desk_port, shop_port)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    programs: list[subprocess.Popen[bytes]] = []
    try:
        if not both.known:
            print("The first start takes a moment: the desk and the shop get to know each other …", flush=True)
        both.introduce()
        for start, url in ((both.start_desk, both.desk_url), (both.start_shop, both.shop_url)):
            programs.append(start())
            if not serves(programs[-1], url):
                return 1
        both.admit_merchants()
        say_where(both)
        while all(program.poll() is None for program in programs):
            time.sleep(0.5)
        print("One of the two has ended by itself.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl+C leaves nobody behind
        stop(programs)


def stop(programs: list["subprocess.Popen[bytes]"]) -> None:
    """Ask the programs to stop, and wait until they have."""
    for program in programs:
        program.terminate()
    for program in programs:
        try:
            program.wait(15)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def say_where(both: Together) -> None:
    """Where to look, and as whom."""
    print(f"\nThe shop: {both.shop_url}\n  customers sign in there, without a password")
    print(f"The desk: {both.desk_url}\n  sign in with the password {PASSWORD} as")
    for email, store in MERCHANTS.items():
        print(f"  merchant  {email:<30} {store}")
    print(f"  support   {SUPPORT:<30} and administrator\nCtrl+C ends both.\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
