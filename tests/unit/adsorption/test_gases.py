"""The packaged gases: all load, are neutral and centred; default models; unknown names."""

import numpy as np
import pytest

from porescope.adsorption.gases import gas_named, gas_names, model_names
from porescope.errors import ConfigError

MODELS = [(gas, model) for gas in gas_names() for model in model_names(gas)]
MASSES = {
    "CO2": 44.010, "N2": 28.014, "CH4": 16.043, "Ar": 39.948, "Kr": 83.798, "Xe": 131.293,
    "H2": 2.016, "He": 4.0026, "O2": 31.998, "C2H6": 30.070, "C3H8": 44.097, "n-C4H10": 58.124,
    "i-C4H10": 58.124, "C2H4": 28.054, "H2O": 18.015, "H2S": 34.08,
}  # fmt: skip


def test_all_gases_are_there() -> None:
    assert set(gas_names()) == set(MASSES)
    assert model_names("CO2")[0] == model_names("N2")[0] == model_names("CH4")[0] == "TraPPE"
    assert set(model_names("H2O")) == {"TIP4P", "SPC/E"}
    assert gas_named("co2").model == "TraPPE"
    assert gas_named("CO2", model="garcia sanchez").beads[0].charge == 0.6512


@pytest.mark.parametrize(("gas", "model"), MODELS)
def test_a_gas_is_neutral_centred_and_has_its_mass(gas: str, model: str) -> None:
    found = gas_named(gas, model=model)
    masses = np.array([bead.mass for bead in found.beads])
    assert found.mass == pytest.approx(MASSES[gas], abs=0.02)
    assert sum(bead.charge for bead in found.beads) == pytest.approx(0.0, abs=1e-6)
    assert np.allclose(np.einsum("b,sbx->sx", masses, found.conformers), 0.0, atol=1e-9)
    assert found.source
    assert 0.0 < found.critical_temperature < 700.0
    assert 1e5 < found.critical_pressure_pa < 3e7
    assert -0.4 < found.acentric_factor < 0.4


@pytest.mark.parametrize(
    ("gas", "model", "quadrupole"),
    # Moments of the models [D Å], from their charges and bond lengths in their papers.
    [
        ("CO2", "TraPPE", -0.35 * 2 * 1.16**2 * 4.8032),
        ("N2", "TraPPE", -0.482 * 2 * 0.55**2 * 4.8032),
        ("H2", "Darkrim-Levesque", 0.468 * 2 * 0.3705**2 * 4.8032),
    ],
)
def test_quadrupoles(gas: str, model: str, quadrupole: float) -> None:
    found = gas_named(gas, model=model)
    charges = np.array([bead.charge for bead in found.beads])
    z = found.positions[:, 2]
    assert 4.8032 * charges @ z**2 == pytest.approx(quadrupole, rel=1e-6)


@pytest.mark.parametrize(
    ("model", "dipole"),
    # Jorgensen 1983 table II: 2.18 D; Berendsen 1987 table I: 2.35 D.
    [("TIP4P", 2.18), ("SPC/E", 2.35)],
)
def test_dipoles_of_water(model: str, dipole: float) -> None:
    water = gas_named("H2O", model=model)
    charges = np.array([bead.charge for bead in water.beads])
    moment = 4.8032 * np.linalg.norm(charges @ water.positions)
    assert moment == pytest.approx(dipole, abs=0.01)


def test_shapes_of_flexible_molecules_depend_on_the_temperature_only() -> None:
    cold, again = gas_named("n-C4H10", temperature=100.0), gas_named("n-C4H10", temperature=100.0)
    assert np.array_equal(cold.conformers, again.conformers)
    assert cold.is_flexible
    assert cold.conformer_temperature == 100.0
    assert gas_named("n-C4H10").conformer_temperature == 298.15
    assert not gas_named("CO2", temperature=100.0).is_flexible
    assert gas_named("CO2", temperature=100.0).conformer_temperature is None


def test_a_type_of_bead_has_one_set_of_parameters() -> None:
    """Pairs of a force field refer to beads by type, so that a type must mean one thing."""
    seen: dict[str, tuple[float, float, float]] = {}
    for gas, model in MODELS:
        for bead in gas_named(gas, model=model).beads:
            row = (bead.epsilon_k, bead.sigma, bead.charge)
            assert seen.setdefault(bead.type, row) == row


def test_unknown_names_are_listed() -> None:
    with pytest.raises(ConfigError, match=r"no gas 'SF6'; known ones: .*CO2"):
        gas_named("SF6")
    with pytest.raises(ConfigError, match=r"no model 'EPM2' of CO2; known ones: TraPPE"):
        gas_named("CO2", model="EPM2")
    with pytest.raises(ConfigError, match="temperature above zero"):
        gas_named("C3H8", temperature=0.0)
