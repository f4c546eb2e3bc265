"""ONNX Runtime, by its CPU provider."""

from attnprof.runtimes import Runtime

RUNTIME = Runtime(
    title="ONNX Runtime",
    help="ONNX Runtime on the CPU, of the model that torch exports",
    prepare="attnprof.runtimes._onnxruntime:prepare",
    exporter="attnprof.runtimes._onnx:exported",
    profiler="attnprof.runtimes._onnxruntime_nodes:nodes",
    wrapper="attnprof.runtimes._onnxruntime:as_input",
    packages=("onnxruntime", "onnx", "onnxscript"),
    extra="onnxruntime",
    devices=("cpu",),
    dtypes=("fp32",),
    layouts=("contiguous",),
    settings="CPUExecutionProvider, fp32, all graph optimisations, threads do not spin",
)
