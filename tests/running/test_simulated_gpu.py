"""``attnprof run --device cuda`` on a simulated GPU, end to end: the parent, its workers, the files."""

import csv
import os

import pytest

from attnprof.catalogue import MODULES
from attnprof.cli._main import main
from attnprof.running import client
from tests.simulated_cuda import Settings
from tests.simulated_cuda.worker import command

pytestmark = pytest.mark.slow
IS_CAMPAIGN = bool(os.environ.get("CAMPAIGN"))  # the whole catalogue: a minute
# So slow that a handful of calls fill a sample: what is measured is what is said here.
SLOW = {"launch": 2e-3, "kernel": 1e-3}
MODULE = """import torch


class {name}(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        return {value}
"""


@pytest.fixture
def measured(interpreter, monkeypatch, tmp_path):
    """The rows of a run, by module, mode and size."""

    def run(*words, **settings):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("ATTNPROF_LOCKS", str(tmp_path))
        monkeypatch.setattr(client, "COMMAND", command(interpreter))
        for name, value in Settings(**{**SLOW, **settings}).as_variable().items():
            monkeypatch.setenv(name, value)
        usual = ["--device", "cuda", "--counters", "none", "--quality", "quick", "--precision", "50%"]
        code = main(["run", *words, *usual, "--time-budget", "none", "-o", "out"])
        rows = list(csv.DictReader((tmp_path / "out" / "results.csv").read_text().splitlines()))
        return code, {(row["module"], row["mode"]): row for row in rows}

    return run


def test_a_run_has_every_figure_of_a_gpu(measured):
    code, rows = measured("-m", "none,se", "--points", "16@8", "--train", gap=1e-4)
    assert code == 0
    se = rows["se", "eval"]
    assert se["device_name"] == "Simulated GPU 0"
    assert float(se["latency_s"]) > float(se["device_time_s"]) > float(se["kernel_time_s"]) > 0
    assert 0 < float(se["launch_overhead"]) < 1
    assert 0 < float(se["efficiency"]) < 1
    assert float(se["achieved_flops_per_s"]) > 0
    assert 0 < float(se["share_of_peak_bandwidth"]) < 1
    assert "launch-bound" in se["flags"]
    assert "leak" not in rows["se", "train"]["flags"]
    assert rows["none", "eval"]["device_time_s"] == ""


def test_a_capture_that_fails_costs_its_row_a_device_time_and_nobody_else_anything(measured, tmp_path):
    for name, value in {"Waits": "x.exp()", "Draws": "x + torch.randn_like(x)"}.items():
        (tmp_path / f"{name.lower()}.py").write_text(MODULE.format(name=name, value=value))
    words = "-m", "waits.py:Waits,draws.py:Draws,se,eca", "--points", "16@8"
    code, rows = measured(*words, torch=(2, 12), hidden_sync=("exp",))
    assert code == 0
    assert {row["status"] for row in rows.values()} == {"ok"}
    waits = rows["waits.py:Waits", "eval"]
    assert float(waits["latency_s"]) > 0
    assert waits["device_time_s"] == ""
    others = [row for (module, _), row in rows.items() if module != "waits.py:Waits"]
    assert all(float(row["device_time_s"]) > 0 for row in others)


def test_the_catalogue_is_measured_in_eval_and_in_training(measured):
    modules = MODULES.names()[:: 1 if IS_CAMPAIGN else 4]
    _, rows = measured("-m", ",".join(modules), "--points", "64@16", "--batch", "2", "--train")
    assert not [row["reason"] for row in rows.values() if row["status"] not in ("ok", "skipped")]
    timed = [row for row in rows.values() if row["status"] == "ok" and row["module"] != "none"]
    assert len(timed) > 1.6 * len(modules)
    assert all(float(row["device_time_s"]) > 0 for row in timed)
    assert not [row["module"] for row in timed if "leak" in row["flags"]]
