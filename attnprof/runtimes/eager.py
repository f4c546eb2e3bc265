"""Torch, operator by operator."""

from attnprof.runtimes import Runtime

RUNTIME = Runtime(
    title="eager",
    help="torch, operator by operator",
    prepare="attnprof.runtimes._torch:as_it_is",
    is_torch=True,
)
