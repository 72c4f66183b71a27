"""What the shop is told by its surroundings."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Where the shop lives, where the desk is, and what the two know of each other."""

    home: Path
    url: str
    desk_url: str
    desk_key: str  # marketdesk key create
    webhook_secrets: tuple[str, ...]  # marketdesk webhook add; two of them while one is rotated
    arrival_key_id: str  # marketdesk arrival-key add
    arrival_key: str  # our private key: the desk knows only the public one

    @property
    def database(self) -> Path:
        return self.home / "shop.sqlite3"


def read() -> Settings:
    """The settings from the environment. Raises KeyError for one that is missing."""
    return Settings(
        home=Path(os.environ["SHOP_HOME"]),
        url=os.environ["SHOP_URL"].rstrip("/"),
        desk_url=os.environ["DESK_URL"].rstrip("/"),
        desk_key=os.environ["DESK_KEY"],
        webhook_secrets=tuple(filter(None, os.environ["DESK_WEBHOOK_SECRETS"].split(","))),
        arrival_key_id=os.environ["DESK_ARRIVAL_KEY_ID"],
        arrival_key=Path(os.environ["SHOP_ARRIVAL_KEY"]).read_text(),
    )
