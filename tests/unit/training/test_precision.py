"""Number formats and devices."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from porescope.errors import ConfigError  # noqa: E402
from porescope.training.precision import (  # noqa: E402
    autocast,
    chosen_device,
    hardware,
    has_bfloat16_units,
    resolved_precision,
)

CPU = torch.device("cpu")


def test_auto_is_what_the_machine_has() -> None:
    expected = "bfloat16" if has_bfloat16_units(CPU) else "float32"
    assert resolved_precision("auto", device=CPU) == expected
    assert resolved_precision("bfloat16", device=CPU) == "bfloat16"
    assert resolved_precision("float32", device=CPU) == "float32"


def test_products_run_in_the_format() -> None:
    x = torch.ones(2, 2)
    with autocast("bfloat16", device=CPU):
        assert (x @ x).dtype == torch.bfloat16
    with autocast("float32", device=CPU):
        assert (x @ x).dtype == torch.float32


def test_devices_by_name() -> None:
    assert chosen_device("cpu") == CPU
    assert chosen_device("auto").type in ("cpu", "cuda")
    with pytest.raises(ConfigError, match="no device is called 'abacus'"):
        chosen_device("abacus")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_said() -> None:
    with pytest.raises(ConfigError, match="sees no GPU"):
        chosen_device("cuda")


def test_the_machine_has_a_name() -> None:
    assert f"torch {torch.__version__}" in hardware(CPU)
