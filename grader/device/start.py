"""Starts CUDA in a process that has one GPU: before a candidate is closed off, and in the one that examines a device.

What torch puts off until first use is done here, so that none of it is counted as the student's time.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterable

from grader.device.gpu import Gpu, Share

#: Seconds that starting CUDA takes at most where all is well; the pool waits so much longer for each candidate.
CUDA_START = 20.0


def environment_of(gpu: Gpu) -> dict[str, str]:
    """The variables under which CUDA sees this one GPU."""
    if not gpu.is_real:
        return {}
    return {
        "CUDA_VISIBLE_DEVICES": gpu.uuid,
        "PYTORCH_NVML_BASED_CUDA_CHECK": "0",
        # cuBLAS then gives the same sums each time; it costs 24 MB.
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    }


def show_only(gpu: Gpu) -> None:
    """Let this process see one GPU. CUDA reads it when it starts, which must not have happened."""
    os.environ.update(environment_of(gpu))
    load_libraries(gpu.libraries)


def see_gpu(gpu: Gpu) -> None:
    """Let an examiner see the GPU: a test may move tensors there. CUDA does not start unless one does."""
    show_only(gpu)
    if gpu.is_real:
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"


def load_libraries(paths: Iterable[str]) -> None:
    """Load the driver's libraries from where they lie: afterwards they are found by name, whatever the search path.

    Loading starts nothing yet. What cannot be loaded may not be needed; if it is, CUDA says so itself.
    """
    for path in paths:
        with contextlib.suppress(OSError):
            ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)


def start(share: Share) -> None:
    """Start CUDA, bound what torch may take, and use what is loaded at first use: allocator, cuBLAS, cuDNN, autograd.

    Raises whatever CUDA raises; then this host cannot grade on that GPU.
    """
    import torch

    gpu = share.gpu
    load_libraries(gpu.libraries)
    if gpu.is_real:
        torch.cuda.init()  # type: ignore[no-untyped-call]
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, (share.memory_mb << 20) / total), 0)
    _use(gpu.torch)
    if gpu.is_real:
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _use(device: str) -> None:
    """What a small network needs. An exercise may forbid some of it: then nobody will miss it."""
    from torch import int64, nn, ones

    with contextlib.suppress(ImportError):  # a forbidden name
        image, answers = ones(2, 1, 8, 8, device=device), ones(2, dtype=int64, device=device)
        layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 2)).to(device)
        nn.functional.cross_entropy(layers(image), answers).backward()  # type: ignore[no-untyped-call]
