"""Counts of small networks against what was derived by hand (tests/counting/truth/)."""

from math import prod

import pytest

import attnprof
from attnprof.counting import Account, account
from tests.counting.truth import TRUTHS
from tests.counting.truth.disputed import BACKWARD, BACKWARD_PEAK, BYTES, DISPUTED, FORWARD, FORWARD_PEAK
from tests.counting.truth.table import Truth

# Torch says so of padding='same' with an even filter; it is in the table on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")


def every(what: str) -> pytest.MarkDecorator:
    """All networks, those marked on which the counter is known to differ in what is compared."""
    return pytest.mark.parametrize(
        "truth",
        [
            pytest.param(
                truth,
                id=truth.name,
                marks=[pytest.mark.xfail(reason=DISPUTED[what, truth.name])]
                if (what, truth.name) in DISPUTED
                else [],
            )
            for truth in TRUTHS
        ],
    )


def counted(truth: Truth, backward: bool = False) -> Account:
    return account(truth.network("meta"), truth.shape, truth.dtype, backward=backward)


def test_every_network_has_a_name_of_its_own() -> None:
    assert len({truth.name for truth in TRUTHS}) == len(TRUTHS)


@every(FORWARD)
def test_forward_is_what_the_hand_counts(truth: Truth) -> None:
    found = counted(truth)
    assert found.flops_by_category == truth.forward.flops
    assert found.macs == truth.forward.macs
    assert found.flops == sum(truth.forward.flops.values())
    assert found.unknown_ops == ()
    assert found.output_shape == truth.out


@every(BACKWARD)
def test_forward_and_backward_are_what_the_hand_counts(truth: Truth) -> None:
    found = counted(truth, backward=True)
    there, back = truth.forward.flops, truth.backward.flops
    assert found.flops_by_category == {category: there[category] + back[category] for category in there}
    assert found.macs == truth.forward.macs + truth.backward.macs
    assert found.unknown_ops == ()


@every(BYTES)
def test_bytes_moved_are_what_the_hand_counts(truth: Truth) -> None:
    assert counted(truth).bytes_moved == truth.forward.moved
    assert counted(truth, backward=True).bytes_moved == truth.forward.moved + truth.backward.moved


@every(FORWARD_PEAK)
def test_the_peak_of_forward_is_what_the_hand_counts(truth: Truth) -> None:
    assert counted(truth).activation_memory == truth.forward.peak


@every(BACKWARD_PEAK)
def test_the_peak_of_forward_and_backward_is_what_the_hand_counts(truth: Truth) -> None:
    assert counted(truth, backward=True).activation_memory == truth.backward.peak


@every("parameters")
def test_parameters_and_least_bytes_are_what_the_hand_counts(truth: Truth) -> None:
    found = counted(truth)
    assert (found.params, found.frozen_params, found.trainable_params, found.buffers) == (
        truth.params,
        truth.frozen,
        truth.params - truth.frozen,
        truth.buffers,
    )
    least = truth.dtype.itemsize * (prod(truth.shape) + prod(truth.out) + truth.params)
    assert found.minimal_bytes == least
    assert counted(truth, backward=True).minimal_bytes == 2 * least


@pytest.mark.parametrize(
    "name", ["convolution 3x3, stride 2", "multi-head attention, training", "channel gate"]
)
def test_the_public_door_gives_the_same_for_a_module_on_the_cpu(name: str) -> None:
    truth = next(truth for truth in TRUTHS if truth.name == name)
    for backward in (False, True):
        assert attnprof.cost(truth.network("cpu"), truth.shape, backward=backward) == counted(truth, backward)
