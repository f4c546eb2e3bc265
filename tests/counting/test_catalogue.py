"""The counter on the whole catalogue: closed forms at random sizes, one module for all sizes, peaks, and what
is not imported."""

import random
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from attnprof.backends.cpu import BACKEND
from attnprof.catalogue import MODULES, create, entry
from attnprof.counting import account, on_meta
from attnprof.planning import plan
from attnprof.spec import Spec
from attnprof.subject.build import build
from attnprof.subject.calls import call_of
from attnprof.subject.counts import count
from attnprof.subject.inputs import ring

NAMES = MODULES.names()
SIZES = 8  # of each variant; tests/modules/ has some, and a hundred small ones
META = torch.device("meta")


def variants(name):
    """Settings of every variant, the default first."""
    known = entry(name)
    return [{}, *known.variants.values()]


def drawn(name, settings, seed):
    """SIZES sizes that the module takes: channels in multiples of 8 up to 512, sides up to 64, some of them
    multiples of 28."""
    rng, known, found = random.Random(seed), entry(name), []
    for _ in range(4000):
        channels = rng.choice((8 * rng.randint(1, 64), 2 ** rng.randint(3, 9)))
        height, width = (
            rng.choice((rng.randint(2, 64), 28 * rng.randint(1, 2), 2 ** rng.randint(1, 6))) for _ in "HW"
        )
        width = rng.choice((width, height))
        if known.fits(channels, height, width, settings):
            found.append((channels, height, width))
        if len(found) == SIZES:
            break
    return found


@pytest.mark.parametrize("name", NAMES)
def test_macs_and_params_are_the_closed_forms_at_random_sizes(name):
    for number, settings in enumerate(variants(name)):
        sizes = drawn(name, settings, seed=number)
        assert len(sizes) == SIZES, f"{settings}: only {len(sizes)} of the sizes drawn fit"
        for channels, height, width in sizes:
            with on_meta():
                module = create(name, channels, height=height, width=width, **settings).eval()
            found = account(module, (1, channels, height, width), maps=entry(name).maps)
            at = (settings, channels, height, width)
            assert found.macs == entry(name).macs(channels, height, width, settings), at
            assert found.params == entry(name).params(channels, height, width, settings), at
            assert found.unknown_ops == (), at
            assert found.output_shape == (1, channels, height, width), at


def cells(train=False, res="28,14x28,7", variants="default"):
    spec = Spec(channels="64", res=res, variants=variants, counters="none", no_latency=True)
    mode = "train" if train else "eval"
    return [replace(c.case, mode=mode, batch=2) for c in plan(spec, "meta").cells if c.refusal is None]


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
def test_one_module_built_on_meta_counts_at_every_size_as_a_fresh_one_does(train):
    for case in cells(train):
        fresh = account(build(case, META), case.shape, maps=case.maps, backward=train)
        assert count(case)[0] == fresh, case.label


def test_a_grid_builds_a_module_once_for_all_its_sizes(monkeypatch):
    built, found = [], cells(res="28,14")
    monkeypatch.setattr("attnprof.subject.counts._OF_ANY_SIZE", {})
    monkeypatch.setattr(
        "attnprof.subject.counts.build", lambda case, device: built.append(case.module) or build(case, device)
    )
    for case in sorted(found, key=lambda case: case.height):
        count(case)
    sized = {case.module for case in found if entry(case.module).needs_size(dict(case.hyperparameters))}
    assert {name for name in built if built.count(name) > 1} <= sized
    assert set(built) == {case.module for case in found}


def test_counting_the_catalogue_imports_neither_dynamo_nor_sympy():
    code = (
        "import sys; from attnprof.planning import plan; from attnprof.spec import Spec; from attnprof.subject.counts import count\n"
        "cells = plan(Spec(channels='64', res='56', variants='all', no_latency=True), 'meta').cells\n"
        "counted = [count(cell.case) for cell in cells if cell.refusal is None]\n"
        "print(len(counted), [name for name in ('torch._dynamo', 'sympy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    number, imported = done.stdout.split(" ", 1)
    assert int(number) > 150
    assert imported.strip() == "[]"


EQUAL = 77  # of 115 modules


def test_the_peak_of_forward_is_the_profilers_to_the_byte_for_most_of_the_catalogue():
    threads, told = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for case in [
            replace(each, batch=1, device="cpu", threads=1, inputs="hot") for each in cells(res="56")
        ]:
            cpu = torch.device("cpu")
            call = call_of(case, cpu, ring(case, cpu, 0))
            call()
            told.append((case.label, BACKEND.weigh(call).peak, count(case)[0].activation_memory))
    finally:
        torch.set_num_threads(threads)
    assert [each for each in told if each[1] < each[2]] == []
    apart = [each for each in told if each[1] != each[2]]
    # The others need workspace of their kernels: docs/counting.md.
    assert len(told) - len(apart) >= EQUAL, apart


def test_an_attention_map_of_ten_gigabytes_is_counted_without_one():
    with on_meta():
        module = create("nonlocal", 256, subsample=False).eval()
    found = account(module, (1, 256, 224, 224))
    pixels = 224 * 224
    assert found.activation_memory > 4 * pixels**2  # the map alone, in float32
    assert found.macs == entry("nonlocal").macs(256, 224, 224, {"subsample": False})
