"""ProxylessNAS (Mobile): inverted residuals searched for the latency of a phone."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, Network
from attnprof.networks._mobile_places import ADDITIONS, EVERYWHERE, stages

NETWORK = Network(
    title="ProxylessNAS (Mobile)",
    paper=Paper(
        "ProxylessNAS: Direct Neural Architecture Search on Target Task and Hardware",
        "Han Cai",
        "ICLR",
        2019,
        arxiv="1812.00332",
    ),
    constructor="attnprof.networks._proxylessnas:ProxylessNAS",
    entry_names=("proxylessnas_mobile",),
    stages=stages(7),
    places={**EVERYWHERE, **ADDITIONS},
    default_places={"after": "after_depthwise", "replace": "replace_depthwise", "fuse": "fuse_add"},
    place_aliases={"before_addition": "after_project"},
    facts=Facts(4_080_512, 320_427_584, {"after": 20, "replace": 20, "fuse": 13}, "counts of pytorchcv"),
)
