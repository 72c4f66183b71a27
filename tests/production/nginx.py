"""nginx in front of a desk: started with `deploy/nginx/nginx.conf` itself, its addresses and folders aside."""

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.certificate import certify
from tests.desk import ROOT, Address, until

DEPLOYED = ROOT / "deploy" / "nginx"


class Nginx(Address):
    """One nginx with everything it writes in one folder, in front of the desks on some ports."""

    def __init__(self, folder: Path, port: int, plain_port: int, desks: Sequence[int]) -> None:
        self.folder, self.port, self.plain_port, self.desks = folder, port, plain_port, desks
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, changes: dict[str, str] | None = None) -> None:
        """Start it; `changes` spoil the configuration."""
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program, "Install nginx first: `make test` does."
        for name in ("logs", "cache", "temporary"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.tls = ssl.create_default_context(cafile=certify(self.folder)[0])
        file = self.folder / "nginx.conf"
        file.write_text(_replaced(self._configuration(), changes or {}))
        self.process = subprocess.Popen(
            [program, "-p", str(self.folder), "-c", str(file), "-g", "daemon off;"], stderr=subprocess.DEVNULL
        )
        until(self._listens)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)

    def logged(self) -> str:
        """Everything that it wrote down, anywhere."""
        return "".join(file.read_text(errors="replace") for file in sorted((self.folder / "logs").iterdir()))

    def _configuration(self) -> str:
        text = (DEPLOYED / "nginx.conf").read_text()
        text = re.sub(r"\n *listen \[::\].*;", "", text)
        text = re.sub(r"\n *server 127\.0\.0\.1:8001 [^;]*;", "", text)
        known = re.search(r"server 127\.0\.0\.1:8000 ([^;]*);", text)
        assert known
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        return _replaced(
            text,
            {
                known[0]: "\n".join(f"server 127.0.0.1:{port} {known[1]};" for port in self.desks),
                "user www-data;": "user root;" if os.geteuid() == 0 else "",
                "http {": "\n".join(["http {", *(f"{kind}_temp_path temporary/{kind};" for kind in kinds)]),
                "/run/nginx.pid": "nginx.pid",
                "/var/log/nginx/": "logs/",
                "/var/cache/nginx/": "cache/",
                "/etc/nginx/marketdesk/answers/": f"{DEPLOYED}/answers/",
                "/etc/nginx/marketdesk/": f"{self.folder}/",
                "listen 443 ": f"listen 127.0.0.1:{self.port} ",
                "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
                "support.shop.example": "127.0.0.1",
            },
        )

    def _listens(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.logged()
        connection = self.connect()
        try:
            connection.connect()
        except OSError:
            return False
        finally:
            connection.close()
        return True


def _replaced(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text
