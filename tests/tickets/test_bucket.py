"""Pictures in an S3 bucket: the same gate, the same care; and when the bucket does not answer, nothing is half done."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from moto.server import ThreadedMotoServer

from marketdesk.lib import env
from marketdesk.people.actor import Actor
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.records import erasing
from marketdesk.tickets.models import Attachment, Message, Ticket
from tests.dashboard.conftest import act, address
from tests.desk import Desk, fresh_database, surroundings

pytestmark = pytest.mark.slow

KEY = {"AWS_ACCESS_KEY_ID": "the-desk", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-central-1"}
# A store with one picture on one ticket.
FURNISH = """
from django.core.files.base import ContentFile
from marketdesk.lib.images import Picture
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.tickets.models import Attachment
Attachment.store(Picture(b"a lamp", b"small", "image/png", 8, 8), "lamp.png", by=Actor(Party.CUSTOMER, user_id=1))
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """An empty bucket, in which the desk keeps its pictures."""
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
    bucket = boto3.resource("s3", endpoint_url=endpoint).Bucket(f"desk-{abs(hash(tmp_path))}")
    bucket.create(CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    _keep_in(f"s3://{bucket.name}/shop?endpoint={endpoint}", settings, monkeypatch)
    return bucket


@pytest.fixture
def away(bucket: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    """The same bucket, behind an address where nobody answers."""
    _keep_in(f"s3://{bucket.name}/shop?endpoint=http://127.0.0.1:{free_port}", settings, monkeypatch)


def _keep_in(files: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKETDESK_FILES", files)
    settings.STORAGES = {**settings.STORAGES, "default": env.files("MARKETDESK_FILES")}


def _names(bucket: Any) -> set[str]:
    return {one.key for one in bucket.objects.all()}


def test_a_picture_is_kept_in_the_bucket_and_leaves_by_its_gate_alone(
    bucket: Any, ticket: Ticket, mehmet_client: Client, rival_client: Client, picture: Any
) -> None:
    act(mehmet_client, ticket, "reply", text="Like this.", pictures=[picture()])
    act(mehmet_client, ticket, "reply", text="As I said.", pictures=[picture()])

    sent, again = Attachment.objects.all()
    assert sent.path == again.path
    assert _names(bucket) == {f"shop/{sent.path}", f"shop/{sent.thumbnail_path}"}
    page = mehmet_client.get(f"{address(ticket)}/pictures/{sent.public_id}")
    assert page.status_code == 200
    assert page.getvalue() == bucket.Object(f"shop/{sent.path}").get()["Body"].read()
    assert page.headers["Content-Type"] == sent.mime
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Content-Disposition"] == f'inline; filename="{sent.file_name}"'
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert int(page.headers["Content-Length"]) == sent.size
    assert rival_client.get(f"{address(ticket)}/pictures/{sent.public_id}").status_code == 404


def test_a_picture_that_is_gone_from_the_bucket_is_not_found(
    bucket: Any, ticket: Ticket, mehmet_client: Client, picture: Any
) -> None:
    act(mehmet_client, ticket, "reply", text="Like this.", pictures=[picture()])
    bucket.objects.all().delete()

    assert mehmet_client.get(f"{address(ticket)}/pictures/{Attachment.objects.get().public_id}").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_an_erased_customers_pictures_leave_the_bucket(
    bucket: Any, ticket: Ticket, ada_user: User, ada: Actor, sofia: Actor, picture: Any
) -> None:
    ticket.reply("Hier.", by=ada, pictures=[Attachment.keep(picture(), "a.png", by=ada)])

    erasing.erase(ada_user, by=sofia)

    assert _names(bucket) == set()


@pytest.mark.django_db
def test_leftovers_are_swept_and_others_stay(bucket: Any, mehmet: Actor, ticket: Ticket, picture: Any) -> None:
    ticket.reply("Look.", by=mehmet, pictures=[Attachment.keep(picture(), "a.png", by=mehmet)])
    sent = _names(bucket)
    default_storage.save(f"pictures/ab/{'ab' * 32}.png", ContentFile(b"named by nothing"))

    Attachment.sweep(timezone.now() - timedelta(days=2))
    assert len(_names(bucket)) == 3
    Attachment.sweep(timezone.now() + timedelta(minutes=1))

    assert _names(bucket) == sent


def test_when_the_bucket_is_away_the_text_is_kept_and_nothing_half_done(
    away: None, ticket: Ticket, mehmet_client: Client, picture: Any
) -> None:
    page = act(mehmet_client, ticket, "reply", text="Like this, look:", pictures=[picture()])

    assert page.status_code == 422
    assert "Pictures cannot be stored at the moment." in page.content.decode()
    assert page.context["reply"].text == "Like this, look:"
    assert (ticket.messages.count(), Attachment.objects.count()) == (1, 0)


def test_a_program_is_told_to_come_again_when_the_bucket_is_away(
    away: None, ticket: Ticket, ada_user: User, picture: Any
) -> None:
    User.objects.filter(pk=ada_user.pk).update(external_id="c-1")
    key = PlatformKey.issue("shop", Scope.values)
    content = base64.b64encode(picture().read()).decode()
    body = {"customer": "c-1", "text": "Look.", "pictures": [{"name": "a.png", "content": content}]}
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "once"}
    path = f"/platform/v1/tickets/{ticket.public_id}/replies"

    answer = Client().post(path, json.dumps(body), "application/json", headers=headers)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert not Message.objects.filter(body="Look.").exists()
    assert not Attachment.objects.exists()


def test_a_picture_cannot_be_seen_while_the_bucket_is_away(
    bucket: Any,
    ticket: Ticket,
    mehmet_client: Client,
    picture: Any,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    free_port: int,
) -> None:
    act(mehmet_client, ticket, "reply", text="Like this.", pictures=[picture()])
    _keep_in(f"s3://{bucket.name}/shop?endpoint=http://127.0.0.1:{free_port}", settings, monkeypatch)
    mehmet_client.raise_request_exception = False

    page = mehmet_client.get(f"{address(ticket)}/pictures/{Attachment.objects.get().public_id}")

    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")


def test_a_backup_takes_the_bucket_along(bucket: Any, endpoint: str, tmp_path: Path, free_port: int) -> None:
    files = f"s3://{bucket.name}/{{}}?endpoint={endpoint}"
    with fresh_database() as database, fresh_database() as fresh:
        given = {**KEY, "MARKETDESK_FILES": files.format("shop")}
        desk = Desk({**surroundings(tmp_path / "home", free_port), **database, **given})
        desk.run("key", "list")
        assert desk.run("manage", "shell", "-v0", "-c", FURNISH).returncode == 0
        kept = _names(bucket)
        made = desk.run("backup", str(tmp_path / "backup.tar"))
        assert made.returncode == 0, made.stderr

        given["MARKETDESK_FILES"] = files.format("drill")
        again = Desk({**surroundings(tmp_path / "again", free_port), **fresh, **given})
        done = again.run("restore", str(tmp_path / "backup.tar"))
        assert done.returncode == 0, done.stderr
        assert len(kept) == 2
        assert _names(bucket) == kept | {name.replace("shop/", "drill/") for name in kept}
