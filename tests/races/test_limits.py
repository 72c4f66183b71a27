"""Programs call from many threads of two processes at once: no limit is ever passed, and none is missed by much."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import setup_test_environment

from marketdesk.api import limits
from marketdesk.journal import spending
from marketdesk.journal.models import Allowance, Limit
from marketdesk.journal.spending import Exceeded, Left
from marketdesk.policy import promises
from marketdesk.programs.models import AccessToken
from tests.desk import ROOT
from tests.races.conftest import Arena, connected_to
from tests.results import cases

PROCESSES, THREADS, CALLS = 2, 16, 2
TRIES = PROCESSES * THREADS * CALLS
ROUNDS = cases(4, release=40)

pytestmark = pytest.mark.heavy


def take_part(database: str) -> None:
    """One process: for each line on its standard input, all of its threads call with those tokens."""
    setup_test_environment()
    limits.MINUTE = 86_400  # however slow the machine, no window ends in a race
    carefully = spending.spend
    with connected_to(database), ThreadPoolExecutor(THREADS) as pool:
        for line in sys.stdin:
            said = json.loads(line)
            spending.spend = spend_carelessly if said["carelessly"] else carefully
            promises.forget()
            start = threading.Barrier(THREADS)
            tokens = [said["tokens"][number % len(said["tokens"])] for number in range(THREADS)]
            rounds = pool.map(call, tokens, [said["address"]] * THREADS, [start] * THREADS)
            print(json.dumps([answer for answers in rounds for answer in answers]), flush=True)


def call(token: str, address: str, start: threading.Barrier) -> list[tuple[int, str]]:
    """Call as often as a thread does; each status, with what is said to be left."""
    client = Client(REMOTE_ADDR=address)
    connection.ensure_connection()
    start.wait(20)
    answers: list[Any] = [client.get("/api/v2/auth_test", {"access_token": token}) for _ in range(CALLS)]
    return [(answer.status_code, answer.headers.get("Wish-Rate-Limit-Remaining", "")) for answer in answers]


def spend_carelessly(limits: Sequence[Limit]) -> list[Left]:
    """The control: what throttles do that look first and count afterwards."""
    for limit in limits:
        new = {"used": 0, "most": limit.most, "ends": 0, "length": 60_000}
        row, _made = Allowance.objects.get_or_create(pk=limit.subject, defaults=new)
        if row.used >= limit.most:
            raise Exceeded(Left(limit, 0, 60))
        row.used += 1
        row.save()
    return [Left(limit, 0, 60) for limit in limits]


class Racers:
    """Two processes that call when they are told to."""

    def __init__(self, database: str) -> None:
        self.processes = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    "import sys, django; django.setup(); from tests.races import test_limits as it;"
                    "it.take_part(sys.argv[1])",
                    database,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "marketdesk.settings"},
            )
            for _ in range(PROCESSES)
        ]

    def run(self, *tokens: str, address: str = "203.0.113.1", carelessly: bool = False) -> list[tuple[int, int]]:
        """Everybody calls at once; each status, with what was said to be left."""
        said = json.dumps({"tokens": tokens, "address": address, "carelessly": carelessly})
        for process in self.processes:
            assert process.stdin
            print(said, file=process.stdin, flush=True)
        answers = []
        for process in self.processes:
            assert process.stdout
            answers += json.loads(process.stdout.readline())
        assert len(answers) == TRIES
        return [(status, int(left or 0)) for status, left in answers]

    def passes(self, *tokens: str, **how: Any) -> int:
        """How many of all calls were let through; the others were refused in good order."""
        statuses = Counter(status for status, _left in self.run(*tokens, **how))
        assert set(statuses) <= {200, 429}
        return statuses[200]


@contextmanager
def racers() -> Iterator[Racers]:
    running = Racers(str(connection.settings_dict["NAME"]))
    try:
        yield running
    finally:
        for process in running.processes:
            process.kill()
            process.communicate()


def promise(arena: Arena, **values: int) -> None:
    promises.change(values, reason="Race.", by=arena.cast.sofia)


def token(arena: Arena) -> str:
    return AccessToken.issue(arena.cast.store, "ERP")


def test_of_64_calls_exactly_five_pass_a_limit_of_five(arena: Arena) -> None:
    promise(arena, program_calls=5, merchant_calls=0)
    with racers() as running:
        for _round in range(ROUNDS):
            answers = running.run(token(arena))

            assert Counter(status for status, _left in answers) == {200: 5, 429: TRIES - 5}
            assert sorted(left for status, left in answers if status == 200) == [0, 1, 2, 3, 4]
            assert {left for status, left in answers if status == 429} == {0}


def test_the_control_lets_more_than_five_pass(arena: Arena) -> None:
    promise(arena, program_calls=5, merchant_calls=0)
    with racers() as running:
        most = max(running.passes(token(arena), carelessly=True) for _round in range(ROUNDS))

    assert most > 5, "even a careless count holds: this race races nothing"


def test_two_programs_share_the_limit_of_their_store(arena: Arena) -> None:
    promise(arena, program_calls=20, merchant_calls=5)
    with racers() as running:
        for store in [arena, *(Arena() for _round in range(ROUNDS - 1))]:
            assert running.passes(token(store), token(store)) == 5


def test_batches_pass_no_limit_either(arena: Arena) -> None:
    promise(arena, program_calls=45, merchant_calls=0)
    batch = 45 // limits.SHARES
    with racers() as running:
        for _round in range(ROUNDS):
            passed = running.passes(token(arena))

            assert 45 - PROCESSES * (batch - 1) <= passed <= 45


def test_a_restart_in_the_middle_lets_nobody_in_again(arena: Arena) -> None:
    promise(arena, program_calls=5, merchant_calls=0)
    with_five = token(arena)
    with racers() as running:
        before = running.passes(with_five)
    with racers() as running:
        after = running.passes(with_five)

    assert (before, after) == (5, 0)


def test_five_guesses_of_one_address_are_looked_at(arena: Arena) -> None:
    promise(arena, unknown_tokens=5)
    with racers() as running:
        for number in range(ROUNDS):
            guesses = [f"guess-{arena.number}-{number}-{one}" for one in range(THREADS)]
            answers = running.run(*guesses, address=f"203.0.113.{number % 250}")

            assert Counter(status for status, _left in answers) == {401: 5, 429: TRIES - 5}
