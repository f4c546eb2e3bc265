"""This machine: a lane for each of its devices, or as many as are asked for where nothing is timed."""

import os

from attnprof.errors import UsageError
from attnprof.grid import whole_number
from attnprof.launchers import Demand, Lane, Launcher, Link, Start
from attnprof.launchers._child import Child

MOST = 256  # lanes
USUAL = 2  # lanes where nothing is timed


def lanes(address: str, demand: Demand) -> list[Lane]:
    """The lanes of this machine. address: how many; empty: one for each device."""
    try:
        wanted = whole_number(address, MOST, "a number of lanes") if address else None
    except ValueError as problem:
        raise UsageError(f"--on local:{address}: {problem}") from None
    if not demand.is_timed:
        return [Lane(f"local{number}", start) for number in range(wanted or USUAL)]
    devices = demand.devices or (demand.device,)
    if wanted and wanted > len(devices):
        raise UsageError(f"--on local:{wanted}: {_shortage(devices)}")
    return [Lane(_name(device), start, device) for device in devices[:wanted]]


def start(what: Start) -> Link:
    """A worker on this machine."""
    return Child(what.command, {**os.environ, **what.variables}, what.prefix)


def _shortage(devices: tuple[str, ...]) -> str:
    if devices[0] == "cpu":
        return "two lanes on one processor would disturb each other; one, or --no-latency"
    return f"there are {len(devices)} devices here: {', '.join(devices)}"


def _name(device: str) -> str:
    """'gpu1' of 'cuda:1'."""
    kind, _, number = device.partition(":")
    return f"gpu{number or 0}" if kind == "cuda" else device


LAUNCHER = Launcher(
    help="this machine: a lane for each GPU", lanes="attnprof.launchers.local:lanes", address="[:N]"
)
