"""Where in a network the MACs are: stage by stage of one of ours, submodule by submodule of another. On request."""

import json

from attnprof.metrics import Findings, Metric
from attnprof.networks import Network, host
from attnprof.records.record import Measurement

REST = "rest"  # stem and head
WRAPPED = "network."  # in front of the names in a network that does not answer with a tensor: see hosted.py


def follow(found: Findings) -> Measurement:
    """JSON: stage -> MACs, in the order of the network; what is in no stage last."""
    assert found.account is not None
    if not found.case.host:
        return Measurement("macs_by_stage", None, "", note="it is in no network")
    known = host(found.case.host)
    stages: dict[str, int] = {str(n): 0 for n in range(1, len(known.stages) + 1)}
    for each in found.account.operators:
        name = _stage(known, each.module)
        stages[name] = stages.get(name, 0) + each.macs
    rest = stages.pop(REST, 0)
    text = json.dumps(
        {name: macs for name, macs in stages.items() if macs} | {REST: rest}, separators=(",", ":")
    )
    return Measurement("macs_by_stage", text, "")


def _stage(known: Network, module: str) -> str:
    """The number of the stage that the submodule is in; in a network without stages its first part."""
    if known.stages:
        return str(known.stage_of(module) or REST)
    return module.removeprefix(WRAPPED).partition(".")[0] or REST


METRIC = Metric(
    unit="",
    help="MACs of each stage of a network, as JSON; its stem and its head together",
    title="MACs by stage",
    needs="account",
    follows=follow,
    usual=False,
)
