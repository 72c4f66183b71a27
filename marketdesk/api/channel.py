"""What the server answers by itself (a header too large, a request without sense) leaves in the envelope too: a
client takes anything else for success. The server does not always know whose request it was, so everybody gets it, and
beside it the problem that the Platform API's clients read."""

import json
import secrets

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from marketdesk.api.envelope import Refusal
from marketdesk.api.middleware import marked
from marketdesk.api.platform.problems import Problem


class EnvelopedError(ErrorTask):  # type: ignore[misc]
    """A refusal of the server's own."""

    def execute(self) -> None:
        error = self.request.error
        code = 1000 if error.code == 400 else error.code
        words = f"{error.reason}."
        response = Refusal(code, words, status=error.code).response()
        problem = Problem(error.code, "unreadable" if error.code < 500 else "failed", words).response()
        response.content = json.dumps(json.loads(response.content) | json.loads(problem.content))
        marked(response, secrets.token_hex(12))
        self.status = f"{response.status_code} {response.reason_phrase}"
        self.response_headers.extend(response.items())
        self.set_close_on_finish()
        self.content_length = len(response.content)
        self.write(response.content)


class EnvelopedChannel(HTTPChannel):  # type: ignore[misc]
    """A connection whose every answer a program can read."""

    error_task_class = EnvelopedError
