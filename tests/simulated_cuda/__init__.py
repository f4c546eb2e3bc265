"""A CUDA device that is a script, on tensors of the CPU: enough of torch.cuda, with torch's own behaviour, for
attnprof's backend, its worker and every module of the catalogue.

    with simulated(Settings(...)) as cuda:
        backend = CUDA()
        backend.device(0)

What is simulated:

- Tensors. A tensor lies in the CPU's memory and is computed there; one whose storage is in a table says that it is on
  ``cuda:N``. A function mode turns ``device="cuda"`` into that, a dispatch mode follows it from operator to operator
  and sees backward passes, too (tensors.py).
- Time. There is one clock of the host, which moves when something is issued or waited for and never by itself, and a
  queue for each stream: an operator takes ``launch`` seconds of the host and ``kernel`` seconds of its stream.
  ``torch.cuda._sleep``, events and the replay of graphs follow from these (device.py). The backend reads that clock in
  place of ``perf_counter``.
- Capture. Operators are recorded instead of timed. One that waits for the device invalidates the capture, and ending
  it then raises and leaves what torch leaves: the stream stays the current one, the allocator goes on as if a capture
  were under way and gives nothing back, and up to torch 2.12 the random generator refuses to draw. ``torch.cuda.graph``
  itself is torch's own.
- Memory. Blocks of 512 bytes in segments of 2 MiB and more, pools for graphs, a limit, statistics, and the allocator
  ``cudaMallocAsync``, which leaves most of them at zero (allocator.py).
- NVML: a module ``pynvml`` with a clock, reasons, temperature, power, processes and other answers that a test sets, and
  a counter of energy that is updated in steps (nvml.py).
- torch.compile: the module itself, or graphs that are recorded and replayed as its modes do (compiler.py).
- The profiler's device events, where it is allowed to see any.

What is not: values that depend on the device, concurrency of streams, fragmentation within a segment, autocast by
CUDA's lists (the CPU's are used), and that operators refuse tensors of two devices: tests/modules/test_on_a_gpu.py
looks for tensors that are made on the CPU instead. ``Settings.as_variable`` hands the settings to a worker process, which
``tests.simulated_cuda.worker`` starts.
"""

from tests.simulated_cuda.settings import Settings
from tests.simulated_cuda.simulation import Simulation, simulated

__all__ = ["Settings", "Simulation", "simulated"]
