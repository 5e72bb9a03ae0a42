"""Number formats and devices: what a machine has."""

from __future__ import annotations

import platform
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal

import torch

from porescope.errors import ConfigError
from porescope.training.config import Precision

Resolved = Literal["float32", "bfloat16"]
"""What a number format comes to on a machine."""


def chosen_device(name: str) -> torch.device:
    """The device of a name; ``auto`` is the first GPU where there is one.

    Raises
    ------
    ConfigError
        If torch does not know it or it is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"no device is called {name!r}; use auto, cpu or cuda") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError("this torch sees no GPU; use --device cpu, or install torch with CUDA")
    return device


def has_bfloat16_units(device: torch.device) -> bool:
    """Whether matrix products in bfloat16 are faster than in float32 on a device."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu":
        return False
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, probe, bool)() for probe in probes)


def resolved_precision(wanted: Precision, *, device: torch.device) -> Resolved:
    """The format that ``auto`` stands for on a device; any other is itself."""
    if wanted != "auto":
        return wanted
    return "bfloat16" if has_bfloat16_units(device) else "float32"


def autocast(precision: Resolved, *, device: torch.device) -> AbstractContextManager[object]:
    """A context in which matrix products run in the format."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def own_random_state(device: torch.device) -> AbstractContextManager[None]:
    """A context that leaves torch's global generators as they were."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def hardware(device: torch.device) -> str:
    """The machine in a few words, for cards and rows."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}"
    name = platform.processor() or platform.machine()
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        lines = (line for line in listing.read_text().splitlines() if "model name" in line)
        name = next((line.split(":", 1)[1].strip() for line in lines), name)
    return f"{name}, {torch.get_num_threads()} threads, torch {torch.__version__}"
