"""Isotherms: options, folders, interruption and resumption."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from porescope.errors import ConfigError
from porescope.io.grids import read_cube
from porescope.io.isotherms import read_isotherm
from porescope.workflows.isotherm import run_isotherm

sys.path.insert(0, str(Path(__file__).parents[1] / "adsorption" / "gcmc"))

from gcmc_cases import FIELD, made_gas, small_framework

needs_engine = pytest.mark.skipif(
    importlib.util.find_spec("raspalib") is None, reason="raspalib is not installed"
)


def options(**changes) -> dict:
    from porescope.adsorption.field_text import field_from_text

    usual = {
        "structure": small_framework().crystal,
        "gases": made_gas(),
        "temperature": 250.0,
        "pressures_pa": [5e5, 2e6],
        "field": field_from_text(FIELD),
        "cycles": 200,
        "seed": 5,
    }
    return usual | changes


@needs_engine
def test_isotherm_with_folder_density_and_excess(tmp_path: Path):
    seen: list[float] = []
    found = run_isotherm(
        **options(
            out=tmp_path,
            density_spacing=1.0,
            void_fraction=0.9,
            progress=lambda text, share: seen.append(share),
        )
    )
    assert found.pressures_pa.tolist() == [5e5, 2e6]
    low, high = found.absolute_mol_per_kg()
    assert 0.0 < low < high
    assert "truncated at 9 Å" in found.field
    assert found.charge_source == "none"
    assert all(
        point.loadings[0].excess_mol_per_kg < value
        for point, value in zip(found.points, (low, high), strict=True)
    )
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert [name for name in names if not name.startswith(("point", "density"))] == [
        "isotherm-A.aif",
        "isotherm.csv",
        "isotherm.json",
    ]
    assert repr(read_isotherm(tmp_path / "isotherm.json")) == repr(found)
    cube = read_cube(next(tmp_path.glob("density-001*.cube")))
    voxel = small_framework().crystal.volume / cube.values.size
    assert 0.5 * high < cube.values.sum() * voxel / 88.08 * 1e3 < 2.0 * high


@needs_engine
def test_same_call_goes_on_where_it_was_interrupted(tmp_path: Path):
    def interrupt(text: str, share: float) -> None:
        if share > 0.7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_isotherm(**options(out=tmp_path, progress=interrupt))
    states = sorted(tmp_path.glob("point-*.npz"))
    assert len(states) == 2
    first = read_isotherm(tmp_path / "isotherm.json").points[0]
    with np.load(states[1]) as saved:
        kept = saved["molecules"].copy()
    assert 0 < len(kept) < 200
    shares: list[float] = []
    found = run_isotherm(**options(out=tmp_path, progress=lambda t, s: shares.append(s)))
    assert shares[0] == 0.5
    assert shares[1] > 0.6
    assert repr(found.points[0]) == repr(first)
    with np.load(states[1]) as saved:
        assert np.array_equal(saved["molecules"][: len(kept)], kept)
        assert len(saved["molecules"]) == 200


@needs_engine
def test_finished_run_is_only_read_and_longer_one_goes_on(tmp_path: Path):
    first = run_isotherm(**options(out=tmp_path))
    again = run_isotherm(**options(out=tmp_path))
    assert repr(first) == repr(again)
    longer = run_isotherm(**options(out=tmp_path, cycles=300))
    used = [point.n_cycles + point.n_equilibration for point in longer.points]
    assert used == [300, 300]


@needs_engine
def test_other_conditions_do_not_use_the_saved_states(tmp_path: Path):
    run_isotherm(**options(out=tmp_path, pressures_pa=[5e5]))
    other = run_isotherm(**options(out=tmp_path, pressures_pa=[5e5], temperature=400.0))
    fresh = run_isotherm(**options(pressures_pa=[5e5], temperature=400.0))
    assert repr(other) == repr(fresh)


@needs_engine
def test_mixture_has_a_loading_for_each_gas():
    gases = [made_gas(), made_gas(name="B", epsilon_k=60.0, sigma=3.2)]
    found = run_isotherm(
        **options(gases=gases, mole_fractions=[0.3, 0.7], pressures_pa=[2e6], bulk="ideal")
    )
    (point,) = found.points
    assert [each.fugacity_pa for each in point.loadings] == pytest.approx([6e5, 1.4e6])
    assert all(each.absolute_mol_per_kg > 0.0 for each in point.loadings)


@needs_engine
def test_pockets_are_blocked_and_said(monkeypatch: pytest.MonkeyPatch):
    from types import SimpleNamespace

    from porescope.adsorption.pockets import BlockingSphere
    from porescope.workflows import isotherm

    sphere = BlockingSphere(centre=(0.5, 0.5, 0.5), radius=8.0)
    reach = SimpleNamespace(spheres=(sphere,))
    monkeypatch.setattr(isotherm, "reachable_positions", lambda *_, **__: reach)
    full = run_isotherm(**options(pressures_pa=[2e6]))
    closed = run_isotherm(**options(pressures_pa=[2e6], blocked="find"))
    assert "blocked" not in full.engine
    assert closed.engine.endswith("blocked spheres a cell: 1 for A")
    assert closed.absolute_mol_per_kg()[0] < 0.9 * full.absolute_mol_per_kg()[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pressures_pa": []}, "pressures in pascal"),
        ({"pressures_pa": [-1.0]}, "pressures in pascal"),
        ({"pressures_pa": [1e5, 1e5]}, "once"),
        ({"temperature": 0.0}, "kelvin"),
        ({"void_fraction": 1.4}, "void fraction"),
        ({"fugacity_coefficients": [1.0, 1.0]}, "1 fugacity coefficients"),
        ({"fugacity_coefficients": [-1.0]}, "above zero"),
        ({"mole_fractions": [0.5]}, "mole fractions"),
        ({"gases": []}, "at least one gas"),
        ({"cycles": 5}, "50 cycles"),
        ({"gases": "phlogiston"}, "no gas 'phlogiston'"),
        ({"repeats": (1, 1, 1), "field": "UFF"}, "twice"),
    ],
)
def test_what_cannot_be_run_is_refused(changes: dict, words: str):
    with pytest.raises(ConfigError, match=words):
        run_isotherm(**options(**changes))
