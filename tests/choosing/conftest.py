"""Rows of a run that nobody measured, made by hand."""

import pytest


@pytest.fixture(scope="session")
def row():
    def made(module, channels=64, side=56, **values):
        latency = values.pop("latency", None)
        low, high = values.pop("ends", (latency, latency))
        found = {
            "module": module, "variant": "", "hyperparameters": "{}", "family": "channel", "channels": channels,
            "height": side, "width": side, "batch": 1, "dtype": "fp32", "layout": "contiguous", "device": "cpu",
            "threads": 1, "mode": "eval", "execution": "eager", "device_name": "a CPU", "status": "ok", "reason": "",
            "latency_s": latency, "latency_ci_low_s": low, "latency_ci_high_s": high, "latency_n": 40,
            "throughput_per_s": latency and 1 / latency,
        }  # fmt: skip
        return {**found, **values}

    return made
