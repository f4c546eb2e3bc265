"""Counting: ours beside fvcore, thop and torch's FlopCounterMode, on the same modules and sizes, on one core,
in one run.

Seconds are CPU time of one thread: the machine may be shared. Every counter builds the module it counts, as
its users do; fvcore, thop and FlopCounterMode are called as their documentation says, on real tensors,
FlopCounterMode on meta too. A counter is exact where its MACs are those of the closed forms.
"""

import gc
import json
import logging
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter, process_time

import torch
from torch.utils.flop_counter import FlopCounterMode

from attnprof.catalogue import create, entry
from attnprof.counting import account, cost, on_meta
from attnprof.records.environment import cores
from attnprof.running.sharing import MOST_WORKERS

MODULES = ("se", "eca", "cbam", "ca", "simam", "gc")
SMALL, LARGE = (64, 56), (256, 224)
SIDES = (7, 14, 28, 56, 112, 224)
CHANNELS = (64, 128, 256, 512)
TIMES_LARGE, TIMES_SMALL = 100, 3  # how much faster than fvcore; and than thop, at the large size
FLAT, CASES = 0.10, 50_000
# Modules that are built already: how much faster than FlopCounterMode on meta.
TIMES_ACCOUNT, TIMES_COST = 8, 6
BLOCK = 5  # calls in a row
# Networks of others, one of each kind, for images of 224 x 224.
NETWORKS = (
    *("alexnet", "bn_vgg13", "resnet18", "resnet50", "resnext50_32x4d"),
    *("seresnet50", "cbam_resnet18", "sknet50", "densenet121", "peleenet"),
    *("dpn68", "darknet53", "dla34", "hrnet_w18_small_v1", "vovnet27s"),
    *("hardnet39ds", "squeezenet_v1_0", "shufflenetv2_wd2", "mobilenetv2_wd4", "mobilenetv3_large_w1"),
    *("ghostnet", "mnasnet_a1", "proxylessnas_cpu", "fbnet_cb", "spnasnet"),
    *("efficientnet_b0", "mixnet_s", "bagnet9"),
)
IMAGE, LEAST_NETWORKS, TIMES_NETWORKS = (1, 3, 224, 224), 25, 3
COMMAND_BAR = 4.0
WORKERS_BAR = 1.7
# Over 10,000 cells: channels and resolutions.
MANY = "64,128,256,512 7,8,10,12,14,16,18,20,21,24,28,32,36,40,42,48,49,56,60,64,72,80,84,96,112"
CODE_MANY = """
import sys, time
from attnprof.planning import plan
from attnprof.running import client, run, sharing
from attnprof.running.protocol import SetupRequest
from attnprof.spec import Spec
most, channels, res = sys.argv[1:]
sharing.MOST_WORKERS = int(most)
cells = plan(Spec(channels=channels, res=res, no_latency=True, counters="none"))
worker = client.start_worker(SetupRequest())
assert worker.environment
start = time.perf_counter()
events = sum(1 for event in run(cells, worker))
print(time.perf_counter() - start)
assert events > 3 * 10_000
"""
COMMAND = "count --channels 64,256,512 --res 56,28,14,7 --counters none --format csv"


def ours(name: str, channels: int, side: int) -> int:
    """attnprof's MACs."""
    with on_meta():
        module = create(name, channels).eval()
    return account(module, (1, channels, side, side)).macs


def fvcore(name: str, channels: int, side: int) -> int:
    """fvcore's total, which it calls flops and means as MACs."""
    from fvcore.nn import FlopCountAnalysis

    module = create(name, channels).eval()
    with torch.no_grad():
        return int(FlopCountAnalysis(module, torch.randn(1, channels, side, side)).total())


def thop(name: str, channels: int, side: int) -> int:
    """thop's first figure."""
    from thop import profile

    return int(
        profile(create(name, channels).eval(), (torch.randn(1, channels, side, side),), verbose=False)[0]
    )


def flopcounter(name: str, channels: int, side: int, device: str = "cpu") -> int:
    """Half of FlopCounterMode's total."""
    with torch.device(device):
        module, x = create(name, channels).eval(), torch.randn(1, channels, side, side)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(x)
    return int(counter.get_total_flops()) // 2


def flopcounter_meta(name: str, channels: int, side: int) -> int:
    """The same on meta tensors."""
    return flopcounter(name, channels, side, "meta")


COUNTERS: dict[str, Callable[[str, int, int], int]] = {
    "attnprof": ours,
    "FlopCounterMode, meta": flopcounter_meta,
    "FlopCounterMode, CPU": flopcounter,
    "fvcore": fvcore,
    "thop": thop,
}


def seconds(counter: Callable[[str, int, int], int], channels: int, side: int, rounds: int) -> float:
    """CPU seconds for all of MODULES, each the median of ``rounds``, none of them the first."""
    total = 0.0
    for name in MODULES:
        taken = []
        for _ in range(rounds + 1):
            start = process_time()
            counter(name, channels, side)
            taken.append(process_time() - start)
        total += median(taken[1:])
    return total


def exact(counter: Callable[[str, int, int], int], channels: int, side: int) -> int:
    """How many of MODULES it counts to the digit."""
    return sum(counter(name, channels, side) == entry(name).macs(channels, side, side) for name in MODULES)


def compare(size: tuple[int, int], rounds: int) -> dict[str, float]:
    """Print the table of one size; give seconds by counter."""
    found = {
        name: seconds(counter, *size, rounds if name != "attnprof" else 20)
        for name, counter in COUNTERS.items()
    }
    print(f"\n{size[0]} channels, {size[1]}x{size[1]}: {', '.join(MODULES)}")
    print(f"{'':24}{'ms a case':>10}{'of ours':>9}  exact")
    for name, counter in COUNTERS.items():
        right = f"{exact(counter, *size)}/{len(MODULES)}"
        print(
            f"{name:24}{1e3 * found[name] / len(MODULES):10.2f}"
            f"{found[name] / found['attnprof']:8.1f}x  {right}"
        )
    return found


def median_seconds(rounds: int, call: Callable[..., object], *arguments: object) -> float:
    """CPU seconds of ``call``, the median of ``rounds``, none of them the first."""
    taken = []
    for _ in range(rounds + 1):
        start = process_time()
        call(*arguments)
        taken.append(process_time() - start)
    return median(taken[1:])


def count_by_torch(module: torch.nn.Module, x: torch.Tensor) -> int:
    """Half of FlopCounterMode's total."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(x)
    return int(counter.get_total_flops()) // 2


def lower_decile(values: list[float]) -> float:
    """The mean of the least tenth. What else runs on the machine only adds to CPU time, by shared caches."""
    least = sorted(values)[: max(1, len(values) // 10)]
    return sum(least) / len(least)


def interleaved(calls: dict[str, Callable[[], object]], blocks: int) -> dict[str, float]:
    """CPU seconds of each call: the lower decile of ``blocks`` of BLOCK calls in a row.

    The blocks of all calls alternate, so that they meet the same machine; each begins with an untimed call.
    Calls that alternate one by one would each find the others' data in the caches: ours take a fifth longer
    then.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(blocks):
        for name, call in calls.items():
            call()
            start = process_time()
            for _ in range(BLOCK):
                call()
            taken[name].append((process_time() - start) / BLOCK)
    return {name: lower_decile(values) for name, values in taken.items()}


def built(size: tuple[int, int], blocks: int = 100) -> dict[str, float]:
    """Seconds of counting MODULES that are built already; ``cost`` counts those on the CPU."""
    channels, side = size
    shape = (1, channels, side, side)
    total = dict.fromkeys(("FlopCounterMode, meta", "bare forward, meta", "account", "cost"), 0.0)
    for name in MODULES:
        with on_meta():
            ours_on_meta = create(name, channels).eval()
        with torch.device("meta"):
            theirs, x = create(name, channels).eval(), torch.empty(shape)
        on_cpu = create(name, channels).eval()
        calls = {
            "FlopCounterMode, meta": partial(count_by_torch, theirs, x),
            "bare forward, meta": partial(torch.no_grad()(theirs.forward), x),
            "account": partial(account, ours_on_meta, shape),
            "cost": partial(cost, on_cpu, shape),
        }
        for counter, value in interleaved(calls, blocks).items():
            total[counter] += value
    shown = ", ".join(f"{counter} {1e3 * value / len(MODULES):.2f}" for counter, value in total.items())
    print(f"\nms a module that is built, {channels} channels, {side}x{side}: {shown}")
    return total


def networks() -> tuple[int, int, float]:
    """How many of NETWORKS are equal, of how many, and FlopCounterMode's time over ours for all of them."""
    from pytorchcv.model_provider import get_model

    equal, our_seconds, their_seconds = 0, 0.0, 0.0
    for name in NETWORKS:
        with torch.device("meta"):
            network, x = get_model(name).eval(), torch.empty(IMAGE)
        equal += cost(network, IMAGE).macs == count_by_torch(network, x)
        our_seconds += median_seconds(3, cost, network, IMAGE)
        their_seconds += median_seconds(3, count_by_torch, network, x)
    print(
        f"\n{len(NETWORKS)} networks at 224x224: ours {our_seconds:.2f} s, "
        f"FlopCounterMode on meta {their_seconds:.2f} s; {equal} equal in MACs"
    )
    return equal, len(NETWORKS), their_seconds / our_seconds


def flatness() -> float:
    """Spread of the cost of a case over resolutions, built anew each time: (most - least) / least."""
    taken = {side: [] for side in SIDES}
    for _ in range(40):
        for side in SIDES:  # interleaved, so that drift of the machine hits all alike
            start = process_time()
            for name in MODULES:
                ours(name, 64, side)
            taken[side].append(process_time() - start)
    cost = {side: median(values) for side, values in taken.items()}
    print(
        "\nms a case by resolution:",
        ", ".join(f"{s}x{s} {1e3 * c / len(MODULES):.2f}" for s, c in cost.items()),
    )
    return (max(cost.values()) - min(cost.values())) / min(cost.values())


def grid() -> int:
    """Count MODULES over CHANNELS x SIDES, each module built once for all its sizes."""
    for name in MODULES:
        for channels in CHANNELS:
            with on_meta():
                module = create(name, channels).eval()
            for side in SIDES:
                account(module, (1, channels, side, side))
    return len(MODULES) * len(CHANNELS) * len(SIDES)


def throughput() -> tuple[float, int, int]:
    """Cases per CPU second, and bytes that the process grew by from the first tenth of CASES to their end."""
    done, start, small = 0, process_time(), 0
    while done < CASES:
        done += grid()
        if not small and done >= CASES / 10:
            gc.collect()
            small = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rate = done / (process_time() - start)
    return rate, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - small) * 1024, done


def command(rounds: int = 5) -> tuple[float, float]:
    """Wall seconds of ``attnprof count`` over the catalogue, over those of importing torch, alternating: of
    the least of each, and of the medians."""
    taken: dict[str, list[float]] = {"import torch": [], "attnprof count": []}
    for _ in range(rounds):
        for name, arguments in (
            ("import torch", ["-c", "import torch"]),
            ("attnprof count", ["-m", "attnprof", *COMMAND.split()]),
        ):
            folder = f"/tmp/attnprof-benchmark-{os.getpid()}-{len(taken[name])}"
            more = ["-o", folder] if name != "import torch" else []
            start = perf_counter()
            subprocess.run([sys.executable, *arguments, *more], check=True, capture_output=True)
            taken[name].append(perf_counter() - start)
            subprocess.run(["rm", "-rf", folder], check=True)
    counts, imports = taken["attnprof count"], taken["import torch"]
    print(f"\nattnprof {COMMAND}: {_shown(counts)}; import torch: {_shown(imports)}")
    return min(counts) / min(imports), median(counts) / median(imports)


def _shown(values: list[float]) -> str:
    return f"{min(values):.2f} s (least), {median(values):.2f} s (median)"


def workers(rounds: int = 3) -> float:
    """How many times as long one worker takes to count MANY as the workers that attnprof starts, alternating:
    the median over pairs."""
    ratios = []
    for _ in range(rounds):
        alone, together = _seconds_of_many(1), _seconds_of_many(MOST_WORKERS)
        print(f"{MANY}: one worker {alone:.1f} s, all {together:.1f} s")
        ratios.append(alone / together)
    return median(ratios)


def _seconds_of_many(most: int) -> float:
    """Wall seconds of counting MANY with ``most`` workers, the first of them ready."""
    output = subprocess.check_output([sys.executable, "-c", CODE_MANY, str(most), *MANY.split()])
    return float(output)


def main() -> int:
    """Print the tables and the bars; exit code 1 when one is missed."""
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    bars: dict[str, bool] = {}
    for kind, times in zip(("least", "median"), command(), strict=True):
        text = f"count over the catalogue, {kind}: {times:.1f}x import torch, at most {COMMAND_BAR:g}x"
        bars[text] = times <= COMMAND_BAR
    if cores() > 1:
        times = workers()
        text = f"many cells on {cores()} cores: {times:.2f}x faster than one worker, at least {WORKERS_BAR}x"
        bars[text] = times >= WORKERS_BAR
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    small, large = compare(SMALL, 7), compare(LARGE, 3)
    for peer in ("fvcore", "thop"):
        ratio = large[peer] / large["attnprof"]
        bars[f"{LARGE[0]}, {LARGE[1]}: {ratio:.0f}x less time than {peer}, at least {TIMES_LARGE}x"] = (
            ratio >= TIMES_LARGE
        )
    ratio = small["fvcore"] / small["attnprof"]
    bars[f"{SMALL[0]}, {SMALL[1]}: {ratio:.1f}x less than fvcore, at least {TIMES_SMALL}x"] = (
        ratio >= TIMES_SMALL
    )
    least = min(value / small["attnprof"] for name, value in small.items() if name != "attnprof")
    bars[f"{SMALL[0]}, {SMALL[1]}: less time than each of them ({least:.1f}x the nearest)"] = least > 1
    for size in (SMALL, LARGE):
        taken = built(size)
        for counter, least_times in (("account", TIMES_ACCOUNT), ("cost", TIMES_COST)):
            ratio = taken["FlopCounterMode, meta"] / taken[counter]
            text = f"{size[0]}, {size[1]}: {counter} takes {ratio:.1f}x less than FlopCounterMode on meta"
            bars[f"{text}, at least {least_times}x"] = ratio >= least_times
    equal, count, ratio = networks()
    bars[f"{equal} of {count} networks equal in MACs, all of at least {LEAST_NETWORKS}"] = (
        equal == count >= LEAST_NETWORKS
    )
    bars[f"networks: {ratio:.1f}x less time than FlopCounterMode, at least {TIMES_NETWORKS}x"] = (
        ratio >= TIMES_NETWORKS
    )
    spread = flatness()
    bars[f"cost of a case over resolutions: within {100 * spread:.0f} %, at most {100 * FLAT:.0f} %"] = (
        spread <= FLAT
    )
    rate, grown, done = throughput()
    print(f"{rate:.0f} cases a CPU second")
    bars[f"memory over {done} cases: grew by {grown / 2**20:.1f} MiB, at most 1"] = grown <= 2**20
    print()
    for text, kept in bars.items():
        print(f"bar: {text}: {'kept' if kept else 'MISSED'}")
    print(json.dumps({"torch": torch.__version__, "python": sys.version.split()[0]}))
    return int(not all(bars.values()))


if __name__ == "__main__":
    sys.exit(main())
