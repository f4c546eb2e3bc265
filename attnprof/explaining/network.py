"""The explanation of a module that is called with inputs of its own, and not with a map of the grid."""

from collections.abc import Mapping, Sequence

from attnprof.catalogue.values import Value
from attnprof.counting import REAL, cost
from attnprof.explaining.explanation import Explanation
from attnprof.explaining.tree import tree
from attnprof.networks._own import build


def explain_network(
    location: str, settings: Mapping[str, Value], inputs: str, *, train: bool = False, real: bool = False
) -> Explanation:
    """The counts of one call of the module at ``location``, built with ``settings`` alone, and their tree.

    inputs: as catalogue/inputs.py reads them. train: forward and backward, in training mode. real: a real
    run. Exceptions of building or calling the module pass through.
    """
    module = build(location, settings)
    module.train(train)
    device = REAL if real else None
    counted = cost(module, inputs, backward=train, device=device)
    forward = cost(module, inputs, device=device) if train else counted
    return Explanation(
        shape=(),
        flops=dict(counted.flops_by_category),
        trainable=counted.trainable_params,
        bytes=counted.bytes_moved,
        minimal_bytes=counted.minimal_bytes,
        activations=counted.activation_memory,
        unfused_activations=None,
        forward_macs=forward.macs,
        unknown=counted.unknown_ops,
        tree=tree(counted.modules[""], counted.operators, _does_not_say),
        is_real=counted.inputs == REAL,
    )


def _does_not_say(places: Sequence[int]) -> str:
    """How operators grow with channels and sides, of which such a call has none."""
    return ""
