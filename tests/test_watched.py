"""What the operator's tools see: metrics on a port of their own, and a log without secrets."""

import json
import logging
import socket
import subprocess
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.test import RequestFactory, override_settings
from django.utils import timezone

from marketdesk import metrics
from marketdesk.journal.models import Job
from marketdesk.lib import logs
from marketdesk.merchants.models import Merchant
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Ticket
from marketdesk.watched import door, watched
from marketdesk.wsgi import application
from tests.conftest import NOW
from tests.desk import Desk, free_ports, surroundings, until

TOKEN = "XH0JXiXQQmK3OO57ZnZNBPAsafqQGU-iUdKs9xSIy1To"


# Metrics


def gauges() -> dict[str, float]:
    return {sample.name: sample.value for family in metrics._read() for sample in family.samples}


def test_an_operator_sees_the_queue_and_the_waits(ticket: Ticket, now: None) -> None:
    before = gauges()
    Job.put("mail", {}, run_at=NOW - timedelta(seconds=90))
    Job.put("given up", {})
    Job.objects.filter(kind="given up").update(dead_at=NOW)
    ticket.waits.update(due_at=NOW + timedelta(hours=11))
    after = gauges()

    assert after["marketdesk_jobs_due"] == before["marketdesk_jobs_due"] + 1
    assert after["marketdesk_job_oldest_seconds"] == 90
    assert after["marketdesk_jobs_dead"] == 1
    assert (before["marketdesk_waits_at_risk"], after["marketdesk_waits_at_risk"]) == (0, 1)
    assert (after["marketdesk_waits_open"], after["marketdesk_waits_overdue"]) == (1, 0)
    assert after["marketdesk_database_up"] == 1


@pytest.mark.slow
def test_times_of_all_processes_are_added_up_on_a_port_of_their_own(tmp_path: Path) -> None:
    port, private = free_ports(2)
    desk = Desk(surroundings(tmp_path / "home", port, MARKETDESK_METRICS_PORT=str(private)))
    desk.prepare()
    try:
        desk.start()
        for _time in range(20):
            desk.ask("GET", "/my/nothing-here")
            desk.ask("GET", "/api/v2/auth_test")
        told = _scrape(private)
        assert 'marketdesk_request_seconds_count{door="api_v2",status="4xx"} 20.0' in told
        assert "marketdesk_database_up 1.0" in told
        assert desk.ask("GET", "/metrics")[0] == 404, "nobody reads them where everybody asks"
        until(lambda: 'marketdesk_job_seconds_count{kind="sweep_overdue",outcome="done"}' in _scrape(private))

        assert desk.process
        web = desk.process.children()[0]
        web.kill()
        until(lambda: web.pid not in [one.pid for one in desk.process.children()] and desk.answers())  # type: ignore[union-attr]
        assert 'marketdesk_request_seconds_count{door="api_v2",status="4xx"} 20.0' in _scrape(private), (
            "what a killed process had counted stays counted"
        )
    finally:
        desk.kill()


@pytest.mark.slow
def test_a_taken_metrics_port_is_said_at_the_start(tmp_path: Path, free_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        private = taken.getsockname()[1]
        desk = Desk(surroundings(tmp_path / "home", free_port, MARKETDESK_METRICS_PORT=str(private)))
        desk.prepare()
        done = desk.run("serve")

    assert done.returncode == 1
    assert f"MARKETDESK_METRICS_PORT: 127.0.0.1 port {private} cannot be listened on" in done.stderr


def _scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/my/tickets", "storefront"),
        ("/t/abc/", "storefront"),
        ("/api/v2/ticket", "api_v2"),
        ("/api/v9/ticket", "api"),
        ("/platform/v1/orders", "platform"),
        ("/", "other"),
        ("/anything/made/up", "other"),
    ],
)
def test_an_address_belongs_to_a_door(path: str, word: str) -> None:
    assert door(path) == word


# Lines


def ask(path: str, answer: str = "200 OK") -> None:
    def application(environ: object, start_response: object) -> list[bytes]:
        start_response(answer, [])  # type: ignore[operator]
        return [b""]

    list(watched(application)({"PATH_INFO": path, "REQUEST_METHOD": "GET"}, lambda *_: print))


@pytest.mark.parametrize("wanted", [True, False])
def test_requests_are_logged_where_the_operator_wants_it(wanted: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with override_settings(LOG_REQUESTS=wanted):
        ask("/my/tickets", "404 Not Found")

    lines = [record.getMessage() for record in caplog.records if record.name == "marketdesk.requests"]
    assert [line.rpartition(" 404 ")[0] for line in lines] == (["GET '/my/tickets'"] if wanted else [])


def written(words: str, *arguments: object, **extra: object) -> dict[str, object]:
    """A line of the log as a program reads it."""
    record = logging.LogRecord("marketdesk.front", logging.WARNING, "", 1, words, arguments, None)
    vars(record).update(extra)
    said: dict[str, object] = json.loads(logs.structured().format(record))
    return said


def test_a_program_reads_lines_as_json() -> None:
    said = written("%s was refused", "Mehmet", status=403, seen={"ago": 1.5, "by": ["Ada"]})

    assert {name: said[name] for name in ("event", "level", "logger", "status", "seen")} == {
        "event": "Mehmet was refused",
        "level": "warning",
        "logger": "marketdesk.front",
        "status": 403,
        "seen": {"ago": 1.5, "by": ["Ada"]},
    }
    assert str(said["timestamp"]).endswith("Z")


def test_no_secret_stands_in_a_line_however_deep() -> None:
    said = written(
        'GET "/api/v2/ticket?access_token=canary1" by %s',
        "md_canary2canary2canary2",
        path=f"/t/{TOKEN}/my/",
        sent={"headers": [{"Authorization": "canary3", "x": ("mds_canary4canary4canary4",)}], "password": "canary5"},
        api_key=b"canary6",
    )

    line = json.dumps(said)
    assert "canary" not in line
    assert TOKEN not in line
    assert said["event"] == 'GET "/api/v2/ticket?access_token=…" by md_…', "the rest can still be read"


def test_every_line_of_a_request_carries_its_number() -> None:
    lines = []

    def application(environ: dict[str, object], start_response: object) -> list[bytes]:
        lines.append((environ["marketdesk.request"], written("in the middle")["request"]))
        return []

    watched(application)({"PATH_INFO": "/", "REQUEST_METHOD": "GET"}, lambda *_: print)

    assert lines[0][0] == lines[0][1]
    assert "request" not in written("afterwards")


@pytest.mark.django_db
@pytest.mark.parametrize("call", ["/api/v2/ticket/count-action-required", "/api/v2/ticket/", "/platform/v1/none"])
@pytest.mark.parametrize("opens", [True, False])
def test_a_program_is_told_the_number_that_stands_in_the_log(call: str, opens: bool, store: Merchant) -> None:
    token = AccessToken.issue(store, "erp") if opens else "nobody"
    AccessToken.objects.update(last_used_at=timezone.now())
    told: dict[str, str] = {}
    environ = RequestFactory().get(call, headers={"Authorization": f"Bearer {token}"}).environ

    list(application(environ, lambda _status, headers: told.update(headers)))  # type: ignore[arg-type]

    assert told["X-Request-Id"] == environ["marketdesk.request"]


@pytest.mark.slow
def test_a_running_desk_writes_json(tmp_path: Path, free_port: int) -> None:
    settings = {"MARKETDESK_LOG_FORMAT": "json", "MARKETDESK_LOG_REQUESTS": "yes"}
    environment = surroundings(tmp_path / "home", free_port, **settings)
    desk = Desk(environment)
    desk.prepare()
    with (tmp_path / "log").open("w") as log:
        process = psutil.Popen(
            [*desk.command, "serve", "--processes", "1"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            until(desk.answers)
            desk.ask("GET", f"/t/{TOKEN}/?key=canary")
        finally:
            process.terminate()
            process.wait(15)

    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if line.startswith("{")]
    told = [line for line in lines if line.get("path") == "/t/…/"]
    assert [(line["method"], line["logger"]) for line in told] == [("GET", "marketdesk.requests")]
    assert "canary" not in (tmp_path / "log").read_text()
