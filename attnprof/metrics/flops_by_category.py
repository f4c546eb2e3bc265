"""FLOPs by category, as JSON: {"mac": 1024, "pointwise": 200704}. A category of which there are none is left out."""

import json

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def follow(found: Findings) -> Measurement:
    """The counts of the account, one text: a further category is no further column."""
    assert found.account is not None
    counted = {category: flops for category, flops in found.account.flops_by_category.items() if flops}
    return Measurement("flops_by_category", json.dumps(counted), "")


METRIC = Metric(
    unit="",
    help="FLOPs by category, as JSON",
    title="FLOPs by kind",
    needs="account",
    follows=follow,
)
