"""What can be set of a run, as data: its table in TOML, its default, its meaning in a few words.

Help, completion and the settings file read this. Values are checked in ``attnprof.spec.request``.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Setting:
    """One key of a spec file, and the option of the same name."""

    section: str  # its table in TOML
    default: Any  # as a user writes it; None, () and {}: there is none
    meaning: str  # one short line


SETTINGS = {
    "modules": Setting("grid", "all", "se, cbam(reduction=8), family:channel, !name"),
    "variants": Setting("grid", "default", "each module's default, or all named ones"),
    "set": Setting("variants", {}, "sweep hyperparameters: cbam.reduction=8,16"),
    "channels": Setting("grid", (), "channel counts (64,256)"),
    "res": Setting("grid", (), "map sizes: 56 or 28x40 (56)"),
    "points": Setting("grid", (), "single sizes: 64@56,256@28x40"),
    "preset": Setting("grid", None, "sizes of: resnet50, mobilenetv2, yolo-n, yolo-s"),
    "networks": Setting("grid", (), "put the modules into these: resnet50, my.py:make_net"),
    "at": Setting("grid", (), "places: after_bn3:2-4, last_3, layer*.bn3 (its own)"),
    "sweep_places": Setting("grid", False, "each stage of the network alone, too"),
    "batch": Setting("grid", 1, "images per call: 1, or 1,8,32"),
    "shard": Setting("grid", None, "the i-th of n parts, by whole sizes: 1/4"),
    "device": Setting("measure", "auto", "auto, cpu, cuda or cuda:1"),
    "on": Setting("measure", None, "where: local:2, ssh:host1,host2, slurm, ray (here)"),
    "mixed": Setting("measure", False, "lanes of several kinds, each a section"),
    "dtype": Setting("measure", "fp32", "number format"),
    "autocast": Setting("measure", None, "torch.autocast to bf16 or fp16"),
    "tf32": Setting("measure", False, "tf32 for fp32; torch: convolutions only"),
    "cudnn_benchmark": Setting("measure", False, "let cuDNN search algorithms"),
    "channels_last": Setting("measure", False, "NHWC memory layout"),
    "compile": Setting("measure", False, "run modules through torch.compile"),
    "compile_mode": Setting("measure", None, "compile, in this mode: reduce-overhead, max-autotune"),
    "runtime": Setting("measure", (), "eager, onnxruntime, openvino, ... (eager)"),
    "hot": Setting("measure", False, "one input for all calls, in cache (new inputs)"),
    "train": Setting("measure", False, "add rows for forward + backward"),
    "no_latency": Setting("measure", False, "counts only"),
    "metrics": Setting("measure", (), "only these metrics, or usual and more (usual)"),
    "counters": Setting("measure", "fvcore,thop", "cross-check counters, or none"),
    "quality": Setting("measure", "standard", "quick, standard, paper: 1 to 6 processes"),
    "baseline": Setting("measure", "auto", "the module of 'vs', or none (auto: se)"),
    "time_budget": Setting("measure", "auto", "of the whole run: 30s, auto or none"),
    "precision": Setting("measure", None, "target half-width of intervals (1%, quick 2%)"),
    "threads": Setting("measure", 1, "CPU threads per operator"),
    "timeout": Setting("measure", "60s", "give up on a cell after this long"),
    "memory_limit": Setting("measure", None, "what a cell may allocate (90% of what is free)"),
    "allow_busy": Setting("measure", False, "measure on a GPU that other processes use"),
    "seed": Setting("measure", 0, "of weights and inputs"),
    "fail_fast": Setting("measure", False, "stop at the first cell that fails"),
    "budget": Setting("budget", (), "for pick and check: params<=10k, latency<=1.2x:se"),
    "name": Setting("output", "run", "name of the run folder"),
    "output": Setting("output", None, "run folder (reports/<date>-<name>-<device>)"),
    "format": Setting("output", "text", "format of the printed table"),
}
SECTIONS = {name: setting.section for name, setting in SETTINGS.items()}
