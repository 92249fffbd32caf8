"""What a device is called, and whether it is quicker with numbers of 16 bits."""

from __future__ import annotations

import torch


def describe_device(device: torch.device) -> str:
    """The device as the tables name it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def is_quick_in_16_bits(device: torch.device) -> bool:
    """Whether products of bfloat16 are several times as fast: on GPUs and processors with an instruction for them."""
    return device.type == "cuda" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
