"""torch.compile, in the mode of the case."""

from attnprof.runtimes import Runtime

RUNTIME = Runtime(
    title="torch.compile",
    help="torch.compile, in the mode that --compile-mode names",
    prepare="attnprof.runtimes._torch:compiled",
    is_torch=True,
)
