"""FLOPs by category, as JSON: {"mac": 1024, "pointwise": 200704}.

A category of which there are none is left out.
"""

import json

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The counts of the account, one text: a further category is no further column."""
    assert findings.account is not None
    counted = {category: flops for category, flops in findings.account.flops_by_category.items() if flops}
    return Reading(json.dumps(counted))


METRIC = Metric(
    kind="text",
    title="FLOPs by kind",
    help="FLOPs by category, as JSON",
    needs="account",
    compute=compute,
    better="",
    place=56,
    keep=2,
    shown=False,
)
