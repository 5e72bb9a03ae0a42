"""Distance least squares."""

import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.errors import ConfigError
from porescope.reticular.dls import SilicaTargets, relax_silica
from porescope.reticular.silica import silica_geometry


def sodalite(a: float = 8.6, x: float = 0.36, number: int = 8) -> Crystal:
    """Silica sodalite in I m -3 m with a poor cell and a poor oxygen position."""
    return crystal_from_asymmetric_unit(
        lattice=lattice_from_parameters(a, a, a, 90.0, 90.0, 90.0),
        frac=np.array([[0.25, 0.5, 0.0], [x, x, 0.0]]),
        numbers=np.array([14, number]),
        space_group=space_group_from_symbol("I m -3 m"),
        name="SOD",
    )


@pytest.mark.parametrize("start", [(8.6, 0.36), (9.4, 0.345), (8.965, 0.353)])
def test_sodalite_relaxes_to_one_answer_from_anywhere(start: tuple[float, float]) -> None:
    result = relax_silica(sodalite(*start))
    assert result.converged
    assert result.crystal.parameters[:3] == pytest.approx(8.97, abs=0.02)
    assert result.crystal.parameters[3:].tolist() == pytest.approx([90.0] * 3)
    geometry = silica_geometry(result.crystal)
    assert geometry.si_o == pytest.approx((1.61, 1.61), abs=0.01)
    assert geometry.o_si_o == pytest.approx((109.5, 109.5), abs=2.0)


def test_the_space_group_is_kept() -> None:
    result = relax_silica(sodalite())
    group = result.crystal.space_group
    moved = np.einsum("oij,aj->oai", group.rotations, result.crystal.frac)
    moved += group.translations[:, None, :]
    delta = moved[:, :, None, :] - result.crystal.frac[None, None]
    delta -= np.rint(delta)
    distance = np.linalg.norm(delta @ result.crystal.lattice, axis=-1).min(axis=2)
    assert distance.max() < 1e-6


def test_the_relaxed_structure_is_a_minimum() -> None:
    """No small change of cell or oxygen brings the distances nearer to the prescribed ones."""

    def badness(a: float, x: float) -> float:
        still = SilicaTargets()
        geometry_of = sodalite(a, x)
        si = np.array([0.25, 0.5, 0.0])
        oxygen = np.array([[x, x, 0.0], [x, 1.0 - x, 0.0], [0.5 - x, 0.5, 0.5 - x]])
        bonds = np.linalg.norm((oxygen[:2] - si) * a, axis=1)
        assert geometry_of.n_atoms == 36
        edge_one = np.linalg.norm((oxygen[0] - oxygen[1]) * a)
        # the four oxygens of this silicon: (x, x, 0), (x, 1 - x, 0) and two on the other side
        other = np.array([[0.5 - x, 0.5, 0.5 - x], [0.5 - x, 0.5, x - 0.5]])
        edge_two = np.linalg.norm((oxygen[0] - other[0]) * a)
        across = np.linalg.norm((np.array([0.5, 0.25, 0.0]) - si) * a)
        return (
            12 * 4 * (still.weight_si_o * (bonds[0] - still.si_o)) ** 2
            + 12 * 2 * (still.weight_o_o * (edge_one - still.o_o)) ** 2
            + 12 * 4 * (still.weight_o_o * (edge_two - still.o_o)) ** 2
            + 24 * (still.weight_si_si * (across - still.si_si)) ** 2
        )

    relaxed = relax_silica(sodalite()).crystal
    a = float(relaxed.parameters[0])
    oxygen = relaxed.frac[relaxed.numbers == 8][0] % 1.0
    x = float(min(v for v in (oxygen[0], 1 - oxygen[0], abs(0.5 - oxygen[0])) if v > 0.3))
    best = badness(a, x)
    for da, dx in ((0.01, 0), (-0.01, 0), (0, 0.001), (0, -0.001), (0.01, 0.001), (-0.01, 0.001)):
        assert badness(a + da, x + dx) > best


def test_other_elements_are_refused() -> None:
    with pytest.raises(ConfigError, match="silicon and oxygen only"):
        relax_silica(sodalite(number=7))


def test_missing_neighbours_are_refused() -> None:
    with pytest.raises(ConfigError, match="oxygen neighbours"):
        relax_silica(sodalite(a=14.0))
