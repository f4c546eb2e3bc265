"""OpenVINO, by its CPU plug-in."""

from attnprof.runtimes import Runtime

RUNTIME = Runtime(
    title="OpenVINO",
    help="OpenVINO on the CPU, of the ONNX model that torch exports",
    prepare="attnprof.runtimes._openvino:prepare",
    exporter="attnprof.runtimes._onnx:exported",
    profiler="attnprof.runtimes._openvino_nodes:nodes",
    wrapper="attnprof.runtimes._openvino:as_input",
    packages=("openvino", "onnx", "onnxscript"),
    extra="openvino",
    devices=("cpu",),
    dtypes=("fp32",),
    layouts=("contiguous",),
    settings="CPU, precision f32, 1 stream",
)
