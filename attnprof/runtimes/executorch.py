"""ExecuTorch, by XNNPACK."""

from attnprof.runtimes import Runtime

RUNTIME = Runtime(
    title="ExecuTorch",
    help="ExecuTorch on the CPU: XNNPACK, and portable kernels for what that does not take",
    prepare="attnprof.runtimes._executorch:prepare",
    exporter="attnprof.runtimes._executorch:exported",
    packages=("executorch",),
    extra="executorch",
    devices=("cpu",),
    dtypes=("fp32",),
    layouts=("contiguous",),
    settings="XNNPACK, fp32, inputs not copied",
)
