"""A worker that is a script: what it measures of two cases is given, and it counts in this process."""

from attnprof.records.record import Measurement, visit_event
from attnprof.running.client import WorkerGone
from attnprof.worker.server import Server, failed_event

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
    """seconds: of the two cases. raises: the second fails with it. dies: it is gone when asked to do this."""

    def __init__(self, seconds=(1e-4, 1e-4), flags=(), raises=None, dies="", environment=None, counts=None):
        self.seconds, self.flags, self.raises, self.dies = seconds, flags, raises, dies
        self.environment = environment or ENVIRONMENT
        self.counts = counts
        self.ended = False

    def order(self, order):
        from attnprof.running.protocol import Order

        self.does = order["do"]
        if self.does == "measure":
            cases = Order.from_json(order).cases
            told = [
                visit_event(case, 0, [Measurement("latency", seconds, "s")], self.flags)
                for case, seconds in zip(cases, self.seconds, strict=True)
            ]
            if self.raises:
                told[1] = failed_event(cases[1], self.raises)
            self.answers = [{"event": "at", "key": cases[0].key}, *reversed(told), {"event": "end"}]
        else:
            self.answers = [self.counts(order) if self.counts else Server({}).answer(order)]

    def answer(self, seconds):
        if self.dies == self.does:
            raise WorkerGone("crashed", "the worker was killed by SIGKILL (out of memory?)")
        return self.answers.pop(0)

    def kill(self):
        self.ended = True
