import builtins

import numpy as np
import pytest
from made_frameworks import ARGON, SODALITE, framework_of, gas_of, shifted, triclinic

from porescope.adsorption.energy_grid import lennard_jones_grid
from porescope.adsorption.grid_torch import lennard_jones_grid_torch
from porescope.errors import ConfigError, MissingExtraError


def has_torch() -> bool:
    import importlib.util

    return importlib.util.find_spec("torch") is not None


needs_torch = pytest.mark.skipif(not has_torch(), reason="torch is not installed (extra ml)")


@needs_torch
@pytest.mark.parametrize("crystal", [SODALITE, triclinic(0)], ids=["cubic", "triclinic"])
@pytest.mark.parametrize("use_symmetry", [True, False])
def test_torch_gives_the_same_grid(crystal, use_symmetry: bool) -> None:
    framework, shape = framework_of(crystal), (12, 10, 16)
    expected = lennard_jones_grid(framework, ARGON, shape=shape)
    found = lennard_jones_grid_torch(
        framework, ARGON, shape=shape, device="cpu", use_symmetry=use_symmetry
    )
    np.testing.assert_allclose(found.energy_k, expected.energy_k, rtol=1e-10, atol=1e-8)
    assert found.field == expected.field


@needs_torch
def test_single_precision_has_five_digits() -> None:
    framework, shape = framework_of(SODALITE, shifted()), (12, 12, 12)
    expected = lennard_jones_grid(framework, ARGON, shape=shape).energy_k
    found = lennard_jones_grid_torch(
        framework, ARGON, shape=shape, device="cpu", precision="float32"
    ).energy_k
    # Where attraction and repulsion cancel, the digits are those of each.
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=0.01)


@needs_torch
def test_bounded_memory_changes_nothing() -> None:
    framework = framework_of(SODALITE)
    grids = [
        lennard_jones_grid_torch(
            framework, ARGON, shape=(8, 8, 8), device="cpu", max_pairs=max_pairs
        ).energy_k
        for max_pairs in (100, 1 << 22)
    ]
    np.testing.assert_allclose(*grids, rtol=1e-12)


@needs_torch
@pytest.mark.gpu
def test_the_gpu_gives_the_same_grid() -> None:
    framework = framework_of(SODALITE)
    expected = lennard_jones_grid(framework, ARGON, shape=(32, 32, 32)).energy_k
    found = lennard_jones_grid_torch(framework, ARGON, shape=(32, 32, 32), device="cuda").energy_k
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-8)


@needs_torch
def test_impossible_requests_are_refused() -> None:
    pair = gas_of((50.0, 3.0, 0.0, (0.0, 0.0, -0.6)), (80.0, 3.3, 0.0, (0.0, 0.0, 0.6)))
    framework = framework_of(SODALITE)
    with pytest.raises(ConfigError, match="one uncharged site"):
        lennard_jones_grid_torch(framework, pair, shape=(4, 4, 4))
    with pytest.raises(ConfigError, match="device of torch"):
        lennard_jones_grid_torch(framework, ARGON, shape=(4, 4, 4), device="abacus")


def test_missing_torch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_torch(name: str, *args, **kwargs):
        if name == "torch":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(MissingExtraError, match=r"porescope\[ml\]"):
        lennard_jones_grid_torch(framework_of(SODALITE), ARGON, shape=(4, 4, 4))
