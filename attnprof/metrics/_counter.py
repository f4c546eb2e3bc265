"""What another counter counts, as a metric: its figure, or why it gave none."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def macs_by(counter: str, help: str) -> Metric:
    """The metric ``<counter>_macs``."""
    name = f"{counter}_macs"

    def follow(found: Findings) -> Measurement:
        counted = found.peers.get(counter, "not asked for")
        if isinstance(counted, str):
            return Measurement(name, None, "count", note=counted)
        ours = found.account.macs if found.account else counted
        apart = f"ours is {ours}; attnprof explain {found.case.label} says why" if counted != ours else ""
        return Measurement(name, counted, "count", note=apart)

    return Metric("count", help, counter, "peers", follow, counter=counter, also=("account",))
