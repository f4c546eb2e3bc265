"""HBONet at width 1.0: harmonious bottlenecks between inverted residuals."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, Network
from attnprof.networks._mobile_places import EVERYWHERE, stages

NETWORK = Network(
    title="HBONet 1.0",
    paper=Paper(
        "HBONet: Harmonious Bottleneck on Two Orthogonal Dimensions",
        "Duo Li",
        "ICCV",
        2019,
        arxiv="1908.03888",
    ),
    constructor="attnprof.networks._hbonet:HBONet",
    entry_names=("hbonet",),
    stages=stages(8),
    places=EVERYWHERE,
    default_places={"after": "after_depthwise", "replace": "replace_depthwise"},
    place_aliases={"before_addition": "after_project"},
    facts=Facts(4_562_116, 305_572_480, {"after": 17, "replace": 17}, "counts of d-li14/HBONet"),
    multiple=32,
)
