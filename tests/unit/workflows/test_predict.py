"""Predictions, their maps, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framework_crystals import magnesium_pyrazine
from predict_toys import atoms_settings, points_settings, sodalite_file, weights_file

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from porescope.crystal.transform import supercell
from porescope.errors import ConfigError, ParseError
from porescope.io.cif import read_cif
from porescope.io.grids import read_cube
from porescope.models import shipped
from porescope.models.property.calibration import (
    Calibration,
    domain_of,
    save_calibration,
)
from porescope.workflows.map_contributions import (
    contribution_map,
    grid_places,
    map_shape,
    shares_of,
    smeared,
    write_map_cube,
)
from porescope.workflows.predict import crystal_of, predict
from porescope.workflows.predict_models import open_property_models


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("predict")
    sodalite_file(made)
    weights_file(made / "points.safetensors", metrics={"uptake_mol_per_kg_rmse": 0.7})
    weights_file(made / "atoms.safetensors", settings=atoms_settings(), targets=(("gap_ev", "eV"),))
    for seed in (1, 2):
        weights_file(made / "ensemble" / f"member_{seed}.safetensors", seed=seed)
    return made


def test_the_mean_of_the_map_is_the_value(folder: Path) -> None:
    found = predict(folder / "sodalite.cif", model=folder / "points", with_map=True)
    assert found.places_are == "points"
    assert found.n_places == len(found.weight) == len(found.contributions)
    assert found.weight @ found.contributions[:, 0] == pytest.approx(found.values[0], rel=1e-5)
    assert found.map is not None
    assert found.map.kind == "points"
    # The value is of a sample of the grid's points that stands for them all.
    assert found.map.value == pytest.approx(found.values[0], rel=0.15)
    assert found.map.atoms.part.sum() == pytest.approx(found.map.value)
    assert found.deviations.tolist() == [0.7]
    assert found.deviation_from == "validation"
    assert found.is_outside is None
    assert "not known" in found.domain_sentence


def test_the_map_has_the_symmetry_of_the_crystal(folder: Path) -> None:
    found = predict(folder / "sodalite.cif", model=folder / "points", with_map=True)
    assert found.map is not None
    values, mean = found.map.values, found.map.atoms.mean
    assert np.allclose(values, values.transpose(1, 2, 0))
    assert np.allclose(values, np.roll(values, values.shape[0] // 2, axis=(0, 1, 2)))
    for number in (8, 14):
        alike = mean[found.crystal.numbers == number]
        assert np.allclose(alike, alike[0], rtol=1e-6)


def test_atoms_as_places(folder: Path) -> None:
    found = predict(folder / "sodalite.cif", model=folder / "atoms", with_map=True)
    assert found.n_places == 2  # one silicon, one oxygen
    assert found.map is not None
    assert found.map.kind == "atoms"
    assert found.map.value == pytest.approx(found.values[0], rel=1e-5)
    assert found.map.atoms.mean.mean() == pytest.approx(found.values[0], rel=1e-5)
    assert found.map.atoms.part.sum() == pytest.approx(found.values[0], rel=1e-5)


def test_an_ensemble_states_its_deviation(folder: Path) -> None:
    models = open_property_models(model=folder / "ensemble")
    assert len(models.members) == 2
    found = predict(folder / "sodalite.cif", model=models, with_map=True)
    each = [
        predict(folder / "sodalite.cif", model=folder / "ensemble" / f"member_{seed}").values[0]
        for seed in (1, 2)
    ]
    assert found.values[0] == pytest.approx(np.mean(each))
    assert found.deviations[0] == pytest.approx(np.std(each))
    assert found.deviation_from == "model"


def test_a_calibration_flags_the_unlike(folder: Path, tmp_path: Path) -> None:
    path = weights_file(tmp_path / "own.safetensors")
    rng = np.random.default_rng(0)
    calibration = Calibration(factors=np.ones(1), domain=domain_of(rng.normal(50.0, 1.0, (40, 16))))
    save_calibration(tmp_path / "calibration.npz", calibration)
    found = predict(folder / "sodalite.cif", model=path)
    assert found.is_outside
    assert found.domain_sentence.startswith("Out of domain")


def test_whatever_holds_a_structure(folder: Path) -> None:
    pytest.importorskip("ase")
    from porescope.crystal.interop import ase_from_crystal, pymatgen_from_crystal

    models = open_property_models(model=folder / "points")
    crystal = read_cif(folder / "sodalite.cif")
    said = predict(crystal, model=models).values
    assert np.allclose(predict(ase_from_crystal(crystal), model=models).values, said, rtol=1e-3)
    pytest.importorskip("pymatgen")
    assert np.allclose(
        predict(pymatgen_from_crystal(crystal), model=models).values, said, rtol=1e-3
    )


def test_weights_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="there is no property 'gap'"):
        open_property_models("gap")
    monkeypatch.setattr(shipped, "WEIGHTS", folder)
    assert open_property_models("ensemble").name == "ensemble"
    assert open_property_models("uptake").targets[0].unit == "mol/kg"
    with pytest.raises(ConfigError, match="this installation knows ensemble"):
        open_property_models("gap")
    with pytest.raises(ConfigError, match="name a property or a model"):
        open_property_models()


def test_which_target(folder: Path, tmp_path: Path) -> None:
    targets = (("co2_1bar_mol_per_kg", "mol/kg"), ("co2_9bar_mol_per_kg", "mol/kg"))
    settings = points_settings(amounts=("intensive", "per_mass"))
    path = weights_file(tmp_path / "two.safetensors", targets=targets, settings=settings)
    models = open_property_models(model=path)
    both = predict(folder / "sodalite.cif", model=models)
    assert len(both.values) == 2
    second = predict(folder / "sodalite.cif", "co2_9bar", model=models)
    assert second.values.tolist() == [both.values[1]]
    assert second.targets[0].name == "co2_9bar_mol_per_kg"
    for wanted, message in (("co2", "several targets begin"), ("n2", "no target begins")):
        with pytest.raises(ConfigError, match=message):
            predict(folder / "sodalite.cif", wanted, model=models)


def test_other_presets(folder: Path, tmp_path: Path) -> None:
    path = weights_file(tmp_path / "cgcnn.safetensors", preset="cgcnn", settings={})
    found = predict(folder / "sodalite.cif", model=path)
    assert np.isfinite(found.values).all()
    assert found.places_are == ""
    with pytest.raises(ConfigError, match="do not say what places contribute"):
        predict(folder / "sodalite.cif", model=path, with_map=True)


def test_wrong_weights(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there are no weights"):
        open_property_models(model=tmp_path / "nothing")
    with pytest.raises(ConfigError, match="found none"):
        open_property_models(model=tmp_path)
    (tmp_path / "text.safetensors").write_text("nothing", encoding="utf-8")
    with pytest.raises(ParseError):
        open_property_models(model=tmp_path / "text.safetensors")
    with pytest.raises(ConfigError, match="must be alike"):
        open_property_models(model=[folder / "points", folder / "atoms"])


def test_crystals_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="24 of its 36 sites are partly occupied"):
        crystal_of(sodalite_file(tmp_path, occupancy=0.5))
    crystal = magnesium_pyrazine()
    with pytest.raises(ConfigError, match="no known element"):
        crystal_of(replace(crystal, numbers=np.zeros(crystal.n_atoms, dtype=np.int64)))


def test_smeared_atoms_keep_their_mean() -> None:
    crystal = magnesium_pyrazine()
    said = np.random.default_rng(0).normal(size=crystal.n_atoms)
    for shape in ((12, 12, 12), (5, 6, 7)):
        assert smeared(crystal, said, shape=shape).mean() == pytest.approx(said.mean())


def test_each_point_is_shared_out_whole() -> None:
    crystal = supercell(magnesium_pyrazine(), repeats=(1, 1, 2))
    place = grid_places((9, 10, 11)) @ crystal.lattice
    shares = shares_of(crystal, place)
    assert np.allclose(np.bincount(shares.point, weights=shares.share, minlength=990), 1.0)
    assert np.isfinite(shares.surface).all()


def test_the_size_of_a_map(folder: Path) -> None:
    crystal = read_cif(folder / "sodalite.cif")
    assert map_shape(crystal, spacing=None) == (18, 18, 18)
    assert map_shape(crystal, spacing=1.0) == (9, 9, 9)
    assert np.prod(map_shape(supercell(crystal, repeats=(4, 4, 4)), spacing=None)) < 60_000
    with pytest.raises(ConfigError, match="above 0"):
        map_shape(crystal, spacing=0.0)
    with pytest.raises(ConfigError, match="more than"):
        map_shape(crystal, spacing=0.01)


def test_a_map_as_a_cube(folder: Path, tmp_path: Path) -> None:
    models = open_property_models(model=folder / "points")
    made = contribution_map(models, read_cif(folder / "sodalite.cif"), spacing=1.5)
    write_map_cube(made, tmp_path / "map.cube")
    cube = read_cube(tmp_path / "map.cube")
    assert np.allclose(cube.values, made.values, rtol=1e-4, atol=1e-4)
    assert np.allclose(cube.lattice, made.crystal.lattice, atol=1e-4)
    assert len(cube.numbers) == made.crystal.n_atoms


@pytest.mark.slow
def test_windows_as_places(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("e3nn")
    settings = {"channels": 8, "hidden": 16, "layers": 1, "l_max": 1, "m_max": 1}
    path = weights_file(tmp_path / "x3mat.safetensors", preset="x3mat", settings=settings)
    found = predict(folder / "sodalite.cif", model=path, with_map=True, spacing=2.0)
    assert found.places_are == "windows"
    assert found.map is not None
    assert found.map.kind == "windows"
    assert found.map.value == pytest.approx(found.values[0], rel=1e-4)
