"""Most bytes allocated during a call, the output included, less what was there before it."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The backend's figure: a count of bytes, so no interval.

    The note names what it has over the counted one.
    """
    assert findings.memory is not None
    note = ""
    if findings.account is not None:
        measured, counted = (
            findings.memory.requested or findings.memory.peak,
            findings.account.activation_memory,
        )
        if measured > counted:
            note = f"{measured - counted} bytes more than counted: what kernels take for themselves"
        elif measured < counted:
            note = f"{counted - measured} bytes less than counted: an operator works in place, or in parts"
    return Reading(findings.memory.peak, interval_kind="exact", n=1, note=note)


METRIC = Metric(
    kind="bytes",
    title="memory",
    help="Most bytes allocated during a call",
    needs="memory",
    compute=compute,
    also=("account",),
    place=210,
    keep=80,
    limit="memory",
    train_limit="train_memory",
    caption="memory: most bytes allocated during a call, output included.",
)
