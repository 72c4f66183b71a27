"""The main job, walked through nginx on several machines: asked, answered, refunded, appealed, decided, rated."""

import pytest

from tests.crashes import postgres
from tests.production.topology import WALKED, journeys, production

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(not postgres.programs(), reason="NOTHING WAS WALKED ON SEVERAL MACHINES: install PostgreSQL"),
]


def test_the_main_job_is_walked_on_several_machines() -> None:
    with production(WALKED) as everything:
        assert journeys(everything, ["tests/journeys/test_main_job.py", "-q"]) == 0
        assert not [web.said() for web in everything.webs if "Traceback" in web.said()]
