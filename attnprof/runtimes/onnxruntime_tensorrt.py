"""ONNX Runtime, by its TensorRT provider."""

from attnprof.runtimes import Runtime

RUNTIME = Runtime(
    title="ONNX Runtime (TensorRT)",
    help="ONNX Runtime on an NVIDIA GPU, by TensorRT; what that does not take, by CUDA",
    prepare="attnprof.runtimes._onnxruntime_gpu:prepare_tensorrt",
    exporter="attnprof.runtimes._onnx:exported",
    packages=("onnxruntime", "onnx", "onnxscript"),
    distribution="onnxruntime-gpu",
    library="capi/*onnxruntime_providers_tensorrt",
    extra="onnxruntime-gpu",
    devices=("cuda",),
    dtypes=("fp32",),
    layouts=("contiguous",),
    needs_tf32=True,
    settings="TensorrtExecutionProvider, CUDAExecutionProvider behind it, all graph optimisations",
)
