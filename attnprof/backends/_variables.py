"""Environment variables that change what is measured on a GPU: which are set, and which spoil it."""

import os
from collections.abc import Mapping

MEMORY = "the allocator, and so memory"
PRODUCTS = "how products are computed"
# What each changes. From the manuals of CUDA, cuBLAS and ROCm, and from what torch 2.6 to 2.13 reads.
CHANGES = {
    "PYTORCH_ALLOC_CONF": MEMORY,
    "PYTORCH_CUDA_ALLOC_CONF": MEMORY,
    "PYTORCH_HIP_ALLOC_CONF": MEMORY,
    "PYTORCH_NO_CUDA_MEMORY_CACHING": "every tensor waits for the driver, and memory is not told",
    "CUDA_LAUNCH_BLOCKING": "every launch is waited for",
    "HIP_LAUNCH_BLOCKING": "every launch is waited for",
    "AMD_SERIALIZE_KERNEL": "every launch is waited for",
    "CUDA_DEVICE_MAX_CONNECTIONS": "the queues to the device",
    "CUDA_SCALE_LAUNCH_QUEUES": "the queues to the device",
    "CUDA_MODULE_LOADING": "when kernels are loaded: first calls, and memory",
    "CUDA_FORCE_PTX_JIT": "the kernels, compiled at first use",
    "CUDA_DISABLE_PERF_BOOST": "the device's clock",
    "NVIDIA_TF32_OVERRIDE": "tf32, whatever torch is told",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "tf32, until torch is told otherwise",
    "HIPBLASLT_ALLOW_TF32": "tf32",
    "CUBLAS_WORKSPACE_CONFIG": "cuBLAS's algorithms, and memory",
    "CUBLASLT_WORKSPACE_SIZE": "cuBLASLt's algorithms, and memory",
    "DISABLE_ADDMM_CUDA_LT": PRODUCTS,
    "TORCH_BLAS_PREFER_CUBLASLT": PRODUCTS,
    "TORCH_BLAS_PREFER_HIPBLASLT": PRODUCTS,
    "PYTORCH_TUNABLEOP_ENABLED": PRODUCTS,
    "PYTORCH_TUNABLEOP_TUNING": PRODUCTS,
    "TORCH_LINALG_PREFER_CUSOLVER": "how linear algebra is computed",
    "TORCH_CUDNN_V8_API_DISABLED": "how convolutions are computed",
    "TORCH_CUDNN_USE_HEURISTIC_MODE_B": "how convolutions are computed",
    "PYTORCH_MIOPEN_SUGGEST_NHWC": "how convolutions are computed",
    "MIOPEN_FIND_MODE": "how convolutions are computed",
    "TORCHINDUCTOR_MAX_AUTOTUNE": "what torch.compile makes",
    "TORCHINDUCTOR_COORDINATE_DESCENT_TUNING": "what torch.compile makes",
    "TORCHINDUCTOR_FREEZING": "what torch.compile makes",
}
# They say which device is meant, and change no figure of it.
CHOOSE = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
# torch up to 2.8 sets it itself, and CUDA does the same without it.
USUAL = {"CUDA_MODULE_LOADING": "LAZY"}
BLOCKING = ("CUDA_LAUNCH_BLOCKING", "HIP_LAUNCH_BLOCKING", "AMD_SERIALIZE_KERNEL")
OVERRIDE = "NVIDIA_TF32_OVERRIDE"
OFF = ("", "0")


def changing(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Those that are set and change figures, with their values."""
    values = {name: environ[name] for name in CHANGES if name in environ}
    return {name: value for name, value in values.items() if value != USUAL.get(name)}


def choosing(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Those that are set and say which device is meant, with their values."""
    return {name: environ[name] for name in CHOOSE if name in environ}


def keeping_tf32_off(environ: Mapping[str, str] = os.environ) -> str | None:
    """The variable that does so whatever torch is told, with what to do; None where none does."""
    if environ.get(OVERRIDE) != "0":
        return None
    return f"{OVERRIDE}=0 keeps tf32 off; unset {OVERRIDE}"


def spoiling(environ: Mapping[str, str] = os.environ) -> str | None:
    """Which of them leaves no figure that means anything, with what to do; None where none does."""
    for name in BLOCKING:
        if environ.get(name, "") not in OFF:
            return (
                f"{name}={environ[name]} makes the host wait for every kernel, and that would be measured;"
                f" unset {name}"
            )
    if environ.get(OVERRIDE, "") not in OFF:
        return f"{OVERRIDE}={environ[OVERRIDE]} computes fp32 in tf32, whatever a case says; unset {OVERRIDE}"
    return None
