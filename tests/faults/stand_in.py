"""In place of the processes that commands start: a worker, and the child that imports a user's modules.

Whoever parses, plans and writes is real. The worker counts at once, by invention, and is gone at any other question,
which every asker has to bear: nothing is measured. Of what a user names my.py:Gate can be imported, and nothing else.
"""

import os
from collections import deque
from collections.abc import Sequence

from attnprof.catalogue.description import POSITION, Argument, Description
from attnprof.catalogue.importer import Answer
from attnprof.errors import CannotImportError
from attnprof.records.environment import software
from attnprof.records.record import Measurement, account_event
from attnprof.running.client import WorkerGone
from attnprof.running.protocol import AccountRequest

GONE = WorkerGone("crashed", "no worker is started here")


class StandIn:
    """In place of attnprof.running.client.Worker."""

    def __init__(self, setup):
        device = "cpu" if setup.device == "auto" else setup.device
        self.environment = {
            **software(),
            "device": device,
            "device_name": "Test CPU",
            "device_memory_bytes": 2**33,
            "threads": setup.threads,
        }
        self._requests = deque()

    def send(self, request):
        self._requests.append(request)

    def receive(self, timeout):
        request = self._requests.popleft()
        if not isinstance(request, AccountRequest):
            raise GONE
        case = request.case
        counts = {"params": case.channels, "macs": case.channels * case.height * case.width}
        return account_event(case, [Measurement(name, value, "count") for name, value in counts.items()])

    def kill(self):
        pass


def answers_about(names: Sequence[str]) -> dict[str, Answer]:
    """In place of attnprof.catalogue.importer.answers_about."""
    gate = Description("", os.path.abspath("my.py"), (Argument("channels", POSITION, False, False),))
    return {
        name: gate if name == "my.py:Gate" else CannotImportError(f"{name}: cannot import it here")
        for name in names
    }
