"""Files in an S3 bucket, which several machines share. Needs the extra `marketdesk[s3]`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile
from storages.backends.s3 import S3Storage

P = ParamSpec("P")
R = TypeVar("R")

# Somebody waits for a page meanwhile: two tries, of at most these seconds each.
CONNECTING, READING, TRIES = 3, 10, 2


@contextmanager
def _in_our_words() -> Iterator[None]:
    """What goes wrong on the way there is an OSError, as it is with a disk."""
    try:
        yield
    except (BotoCoreError, Boto3Error, ClientError) as failure:
        raise OSError(f"the bucket cannot be used: {failure}") from failure


def _guarded(method: Callable[P, R]) -> Callable[P, R]:
    @wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        with _in_our_words():
            return method(*args, **kwargs)

    return guarded


class Bucket(S3Storage):  # type: ignore[misc]
    """A bucket, or a prefix in one. Nobody but us reads there: pictures leave through their gate alone."""

    def __init__(self, **options: Any) -> None:
        config = Config(
            connect_timeout=CONNECTING,
            read_timeout=READING,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            signature_version="s3v4",
            # Services other than Amazon's have neither a name for each bucket nor its newer sums.
            s3={"addressing_style": "path" if options.get("endpoint_url") else "auto"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        super().__init__(
            **{"client_config": config, "transfer_config": TransferConfig(use_threads=False), **options},
        )

    def _open(self, name: str, mode: str = "rb") -> "ContentFile[bytes]":
        # All of it at once: what fails later would break off an answer that has begun.
        with _in_our_words(), super()._open(name, mode) as file:
            return ContentFile(file.read(), name)

    _save = _guarded(S3Storage._save)
    delete = _guarded(S3Storage.delete)
    exists = _guarded(S3Storage.exists)
    listdir = _guarded(S3Storage.listdir)
    get_modified_time = _guarded(S3Storage.get_modified_time)
