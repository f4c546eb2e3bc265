"""Run a module of ours as ``python -m`` would, on a simulated device, and so do the workers that it starts:

python -m tests.simulated_cuda.command attnprof run -m se --device cuda:0
"""

import os
import runpy
import sys

from tests.simulated_cuda import Settings, simulated
from tests.simulated_cuda.settings import VARIABLE
from tests.simulated_cuda.worker import command


def main() -> None:
    """The module named by the first argument, with the others."""
    from attnprof.running import client

    del sys.argv[0]
    os.environ.update(Settings().as_variable() | os.environ)  # what the caller has set goes before
    client.COMMAND = command()
    with simulated(Settings.from_text(os.environ[VARIABLE])):
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
