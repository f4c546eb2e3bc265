"""NVIDIA GPUs: the host's clock around calls that are waited for, memory from torch's caching allocator."""

import gc
import time
from typing import Any

import torch

from attnprof.backends import Call, Sample


class CUDA:
    """CUDA devices through torch. The process that uses this must be one of its own: a CUDA error may be sticky."""

    sample_seconds = 2e-4

    def unavailable(self) -> str | None:
        """Why no CUDA device can be used."""
        if torch.version.cuda is None:
            return f"no CUDA device: torch {torch.__version__} is a CPU build. Use --device cpu, or --no-latency"
        if not torch.cuda.is_available():
            return f"no CUDA device: torch {torch.__version__} finds none. Use --device cpu, or --no-latency"
        return None

    def device(self, index: int) -> torch.device:
        """CUDA device ``index``, made the current one, with its context and cuBLAS workspace set up, and no tf32."""
        # torch lets cuDNN round fp32 convolutions to tf32 unless told otherwise; a case says fp32 and means it.
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
        device = torch.device("cuda", index)
        torch.cuda.set_device(device)
        a = torch.ones(8, 8, device=device)
        torch.mm(a, a)  # cuBLAS takes its workspace from the same allocator at the first product
        torch.cuda.synchronize()
        return device

    def describe(self, index: int) -> dict[str, Any]:
        """Name, memory, compute capability, versions, and the switches that decide the arithmetic."""
        found = torch.cuda.get_device_properties(index)
        return {
            "device_name": found.name,
            "device_memory_bytes": found.total_memory,
            "capability": f"{found.major}.{found.minor}",
            "multiprocessors": found.multi_processor_count,
            "cuda_version": torch.version.cuda,
            "cudnn_version": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call] # torch has no annotation
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
            "tf32": torch.backends.cudnn.allow_tf32 or torch.get_float32_matmul_precision() != "highest",
        }

    def limit_memory(self, limit: int | None) -> None:
        """Limit torch's allocator on the current device."""
        free, total = torch.cuda.mem_get_info()
        allowed = limit if limit is not None else int(0.9 * free)
        torch.cuda.set_per_process_memory_fraction(min(1.0, allowed / total))

    def sample(self, call: Call, calls: int) -> Sample:
        """Wall seconds of ``calls`` calls, launch and synchronise of each included."""
        collecting = gc.isenabled()
        gc.disable()
        try:
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(calls):
                call()
                torch.cuda.synchronize()
            return Sample(time.perf_counter() - start)
        finally:
            if collecting:
                gc.enable()

    def peak_memory(self, call: Call) -> int:
        """max_memory_allocated during one call, less what was allocated before it."""
        gc.collect()
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before


BACKEND = CUDA()
