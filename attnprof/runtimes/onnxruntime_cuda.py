"""ONNX Runtime, by its CUDA provider."""

from attnprof.runtimes import Runtime

RUNTIME = Runtime(
    title="ONNX Runtime (CUDA)",
    help="ONNX Runtime on an NVIDIA GPU, by its own CUDA kernels, cuDNN and cuBLAS",
    prepare="attnprof.runtimes._onnxruntime_gpu:prepare_cuda",
    exporter="attnprof.runtimes._onnx:exported",
    packages=("onnxruntime", "onnx", "onnxscript"),
    distribution="onnxruntime-gpu",
    library="capi/*onnxruntime_providers_cuda",
    extra="onnxruntime-gpu",
    devices=("cuda",),
    dtypes=("fp32",),
    layouts=("contiguous",),
    settings="CUDAExecutionProvider, all graph optimisations, exhaustive search of convolutions",
)
