"""Other machines, through the ssh program: its configuration, keys and agent are the user's."""

import os
import re
import shlex
import sys
from functools import partial

from attnprof.errors import UsageError
from attnprof.launchers import WORKER, Demand, Lane, Launcher, Link, Start
from attnprof.launchers._child import RemoteChild

PYTHON = "ATTNPROF_PYTHON"  # a variable: the Python of the other machines
HOST = re.compile(r"(?P<host>[\w.%@][\w.%@-]*)(?::(?P<device>[0-9]{1,3}))?", re.ASCII)
# No password is asked for, and a machine that is gone is noticed: nobody sits at a lane.
OPTIONS = (
    *("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20"),
    *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
)


def lanes(address: str, demand: Demand) -> list[Lane]:
    """A lane for each host of 'host1,user@host2', for a GPU of it of 'host1:0,host1:1'."""
    names = [name.strip() for name in address.split(",") if name.strip()]
    if not names:
        raise UsageError(
            "--on ssh: names no host; write ssh:host1,host2, or ssh:host1:0,host1:1 for its GPUs"
        )
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated:
        raise UsageError(f"--on ssh: {repeated} is there twice")
    return [_lane(name, demand) for name in names]


def _lane(name: str, demand: Demand) -> Lane:
    parts = HOST.fullmatch(name)
    if not parts:
        raise UsageError(f"--on ssh: {name!r} is no host; write host, user@host or host:1 for its second GPU")
    device = f"cuda:{parts['device']}" if parts["device"] and demand.is_timed else ""
    return Lane(name, partial(start, parts["host"]), device, is_remote=True)


def start(host: str, what: Start) -> Link:
    """A worker on ``host``."""
    return RemoteChild(("ssh", *OPTIONS, "--", host, command(what)), os.environ, what.prefix)


def command(what: Start) -> str:
    """What the shell there is to run: the Python of PYTHON, or the one that runs here, where it is there,
    too, or python3. The shell waits, so that it can tell which signal ended the worker."""
    own = shlex.quote(os.environ.get(PYTHON) or sys.executable)
    variables = " ".join(shlex.quote(f"{name}={value}") for name, value in what.variables.items())
    program = f"""python={own}
command -v "$python" > /dev/null || python=python3
env {variables} "$python" {" ".join(WORKER)}
exit $?"""
    return f"sh -c {shlex.quote(program)}"  # whatever the user's own shell is


LAUNCHER = Launcher(
    help="other machines: a lane for each host",
    lanes="attnprof.launchers.ssh:lanes",
    address=":HOST[:GPU],HOST[:GPU],...",
    programs=("ssh",),
)
