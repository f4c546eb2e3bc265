"""A worker that needs no process: it counts at once, by invention, and cannot do anything else.

Whoever parses, plans and writes is real; nothing is measured. Every other question finds the worker gone, which
every asker has to bear.
"""

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

    def send(self, request):
        self._request = request

    def receive(self, timeout):
        if not isinstance(self._request, AccountRequest):
            raise GONE
        case = self._request.case
        counts = {"params": case.channels, "macs": case.channels * case.height * case.width}
        return account_event(case, [Measurement(name, value, "count") for name, value in counts.items()])

    def kill(self):
        pass
