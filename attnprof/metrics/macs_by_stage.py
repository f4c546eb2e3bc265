"""Where in a network the MACs are: stage by stage of one of ours, submodule by submodule of another.

On request.
"""

import json

import msgspec

from attnprof.metrics import Findings, Metric, Reading
from attnprof.networks import Network, network_named

REST = "rest"  # stem and head
WRAPPED = "network."  # in front of the names in a network that does not answer with a tensor: see hosted.py


def compute(findings: Findings) -> Reading:
    """JSON: stage -> MACs, in the order of the network; what is in no stage last."""
    assert findings.account is not None
    if not findings.case.host:
        return Reading(None, note="it is in no network")
    network = network_named(findings.case.host)
    stages: dict[str, int] = {str(n): 0 for n in range(1, len(network.stages) + 1)}
    for each in findings.account.operators:
        name = _stage(network, each.module)
        stages[name] = stages.get(name, 0) + each.macs
    rest = stages.pop(REST, 0)
    text = json.dumps(
        {name: macs for name, macs in stages.items() if macs} | {REST: rest}, separators=(",", ":")
    )
    return Reading(text)


def _stage(network: Network, module: str) -> str:
    """The number of the stage that the submodule is in; in a network without stages its first part."""
    if network.stages:
        return str(network.stage_of(module) or REST)
    return module.removeprefix(WRAPPED).partition(".")[0] or REST


def shares(value: str) -> str:
    """Shares in per cent: numbered stages in their order, other parts of a network with their names.

    A text that no run writes stays as it is.
    """
    try:
        macs = msgspec.json.decode(value, type=dict[str, int])
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return value
    whole = sum(macs.values()) or 1
    percent = {name: f"{100 * count / whole:.0f}" for name, count in macs.items()}
    numbered = " ".join(share for name, share in percent.items() if name.isdigit())
    others = [f"{name} {share}" for name, share in percent.items() if not name.isdigit()]
    return ", ".join(filter(None, [numbered, *others]))


METRIC = Metric(
    kind="text",
    title="MACs by stage, %",
    help="MACs of each stage of a network, as JSON; its stem and its head together",
    needs="account",
    compute=compute,
    better="",
    place=220,
    keep=93,
    shown=False,
    show=shares,
    usual=False,
)
