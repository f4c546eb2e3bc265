"""A worker that is a script: what it measures of two cases is given, and it counts in this process."""

from attnprof.records.record import Measurement, visit_event
from attnprof.running.client import WorkerGone
from attnprof.running.protocol import (
    AccountRequest,
    EndResponse,
    MeasureRequest,
    StepEvent,
    ThreadsRequest,
    ThreadsResponse,
)
from attnprof.worker.server import failure, respond_about_case

ENVIRONMENT = {
    "device": "cpu",
    "device_name": "Test Processor",
    "device_memory_bytes": 2**34,
    "cache_bytes": 2**25,
    "cores": 2,
    "threads": 1,
    "torch_version": "2.13.0",
}


class Scripted:
    """seconds: of the two cases. raises: the second fails with it. dies: it is gone when it receives such a
    request."""

    def __init__(self, seconds=(1e-4, 1e-4), flags=(), raises=None, dies=None, environment=None, counts=None):
        self.seconds, self.flags, self.raises, self.dies = seconds, flags, raises, dies
        self.environment = environment or ENVIRONMENT
        self.counts = counts
        self.threads = ThreadsResponse(1.0)
        self.ended = False

    def send(self, request):
        self.request = request
        if isinstance(request, MeasureRequest):
            responses = [
                visit_event(case, 0, [Measurement("latency", seconds, "s")], self.flags)
                for case, seconds in zip(request.cases, self.seconds, strict=True)
            ]
            if self.raises:
                responses[1] = failure(request.cases[1], self.raises)
            self.responses = [StepEvent(request.cases[0].key), *reversed(responses), EndResponse()]
        elif isinstance(request, ThreadsRequest):
            self.responses = [self.threads]
        elif isinstance(request, AccountRequest) and self.counts:
            self.responses = [self.counts(request)]
        else:
            self.responses = [respond_about_case(request)]

    def receive(self, timeout):
        if self.dies and isinstance(self.request, self.dies):
            raise WorkerGone("crashed", "the worker was killed by SIGKILL (out of memory?)")
        return self.responses.pop(0)

    def kill(self):
        self.ended = True
