"""DenseNet-121: each layer adds 32 channels to all those before it."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network

NETWORK = Network(
    title="DenseNet-121",
    paper=Paper("Densely Connected Convolutional Networks", "Gao Huang", "CVPR", 2017, arxiv="1608.06993"),
    constructor="attnprof.networks._densenet:DenseNet121",
    entry_names=("densenet121", "densenet"),
    stages=tuple(f"features.*{n}" for n in range(1, 5)),  # a dense block, and the transition behind it
    places={
        "after_conv2": NamedPlace(
            "after",
            ("features.denseblock?.denselayer*.conv2",),
            "behind the 3x3 convolution of every layer, before the concatenation; none is replaced, as it"
            " turns 128 channels into 32",
        ),
        "after_norm2": NamedPlace(
            "after",
            ("features.denseblock?.denselayer*.norm2",),
            "in front of the 3x3 of every layer and its ReLU",
        ),
        "after_block": NamedPlace("after", ("features.denseblock?",), "after every dense block"),
        "after_transition": NamedPlace("after", ("features.transition?",), "after every transition"),
    },
    default_places={"after": "after_conv2", "replace": "after_conv2"},
    place_aliases={"before_addition": "after_conv2", "after_stage": "after_block"},
    facts=Facts(7_978_856, 2_834_161_664, {"after": 58, "replace": 58}, "counts of torchvision"),
)
