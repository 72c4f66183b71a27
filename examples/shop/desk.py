"""Calls to the desk's Platform API. A call that got no answer is sent again, unchanged and with the same key."""

import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from shop.settings import Settings

BATCH = 1000  # rows that the desk takes at once
PATIENCE = 20  # seconds until we stop listening


class Refused(Exception):
    """The desk read the call and says no: asking again changes nothing."""


class Away(Exception):
    """No answer for now: ask again later."""


class Desk:
    """The desk, as our programs see it."""

    def __init__(self, settings: Settings) -> None:
        self.base = f"{settings.desk_url}/platform/v1"
        self.http = requests.Session()
        self.http.trust_env = False  # the desk is our neighbour: no proxy stands between us
        self.http.headers["Authorization"] = f"Bearer {settings.desk_key}"
        # Short hiccups are waited out here, longer ones by whoever calls. POST may be repeated: its key makes it safe.
        retry = Retry(
            total=3, backoff_factor=0.3, status_forcelist=[429, 502, 503, 504], allowed_methods=None,
            raise_on_status=False,
        )  # fmt: skip
        for scheme in ("http://", "https://"):
            self.http.mount(scheme, HTTPAdapter(max_retries=retry))

    def push(self, kind: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
        """Create or update records (`merchants`, `products`, `customers`, `orders`); the rows that were refused."""
        refused = []
        for batch in _batches(rows):
            answer = self._post(f"/{kind}", {"rows": batch}, key=str(uuid.uuid4()))
            refused += [result for result in answer["results"] if result["result"] == "refused"]
        return refused

    def say(self, refund: str, status: str, note: str = "") -> None:
        """What became of a refund, by its key: `succeeded` or `failed`."""
        self._post(f"/refunds/{refund}/result", {"status": status, "note": note}, key=f"{refund}:{status}")

    def _post(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        try:
            answer = self.http.post(f"{self.base}{path}", json=body, headers={"Idempotency-Key": key}, timeout=PATIENCE)
            said = answer.json()
        except requests.RequestException as failure:
            raise Away(str(failure)) from failure
        if answer.ok:
            return dict(said)
        words = f"{answer.status_code} {said.get('error', {}).get('code')}: {said.get('error', {}).get('message')}"
        running = said.get("error", {}).get("code") == "running"
        raise Away(words) if answer.status_code >= 500 or answer.status_code == 429 or running else Refused(words)


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch
