"""What the ideal gas says of the shapes of flexible molecules."""

from dataclasses import replace

import numpy as np
import pytest
from jaxtyping import Float

from porescope.adsorption.gas_conformers import conformers, torsion_energy_k
from porescope.adsorption.gas_text import Bend, Bond, Torsion
from porescope.adsorption.gases import models_of

N = 20_000


def _angle(shapes: Float[np.ndarray, "shapes beads 3"], a: int, b: int, c: int) -> np.ndarray:
    one, other = shapes[:, a] - shapes[:, b], shapes[:, c] - shapes[:, b]
    cosine = np.einsum("sx,sx->s", one, other)
    return np.arccos(cosine / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1))


def _torsion(
    shapes: Float[np.ndarray, "shapes beads 3"], atoms: tuple[int, int, int, int]
) -> np.ndarray:
    a, b, c, d = (shapes[:, atom] for atom in atoms)
    first, last = np.cross(b - a, c - b), np.cross(c - b, d - c)
    axis = (c - b) / np.linalg.norm(c - b, axis=1, keepdims=True)
    sine = np.einsum("sx,sx->s", np.cross(first, last), axis)
    return np.arctan2(sine, np.einsum("sx,sx->s", first, last))


@pytest.mark.parametrize("temperature", [150.0, 600.0])
@pytest.mark.parametrize("gas", ["C3H8", "n-C4H10"])
def test_bonds_are_rigid_and_bends_have_their_boltzmann_weight(
    gas: str, temperature: float
) -> None:
    model = models_of(gas)[0]
    shapes = conformers(model, temperature=temperature, n_shapes=N)
    for bond in model.bonds:
        length = np.linalg.norm(shapes[:, bond.atoms[0]] - shapes[:, bond.atoms[1]], axis=1)
        assert np.allclose(length, bond.length, atol=1e-12)
    grid = np.linspace(0.0, np.pi, 50_001)
    for bend in model.bends:
        weight = np.sin(grid) * np.exp(-0.5 * bend.force_k * (grid - bend.rest) ** 2 / temperature)
        mean = np.sum(grid * weight) / weight.sum()
        spread = np.sqrt(np.sum((grid - mean) ** 2 * weight) / weight.sum())
        found = _angle(shapes, *bend.atoms)
        assert found.mean() == pytest.approx(mean, abs=5.0 * spread / np.sqrt(N))
        assert found.std() == pytest.approx(spread, rel=0.03)


@pytest.mark.parametrize("temperature", [150.0, 600.0])
def test_trans_fraction_of_butane(temperature: float) -> None:
    model = models_of("n-C4H10")[0]
    shapes = conformers(model, temperature=temperature, n_shapes=N)
    torsion = _torsion(shapes, (0, 1, 2, 3))
    grid = np.linspace(-np.pi, np.pi, 50_001)
    weight = np.exp(-torsion_energy_k(model.torsions[0], grid) / temperature)
    trans = weight[np.abs(grid) > 2.0 * np.pi / 3.0].sum() / weight.sum()
    found = np.mean(np.abs(torsion) > 2.0 * np.pi / 3.0)
    # Bound of five standard errors.
    assert found == pytest.approx(trans, abs=5.0 * np.sqrt(trans * (1.0 - trans) / N))
    # Both gauche forms are equally likely.
    gauche = torsion[np.abs(torsion) < 2.0 * np.pi / 3.0]
    assert np.mean(gauche > 0.0) == pytest.approx(0.5, abs=5.0 * 0.5 / np.sqrt(len(gauche)))


def test_both_torsions_about_a_branched_bond_count() -> None:
    """2-Methylbutane: weights of the torsion given the azimuth between the two methyl groups."""
    model = replace(
        models_of("n-C4H10")[0],
        beads=(models_of("n-C4H10")[0].beads[0],) * 5,
        bonds=tuple(Bond(atoms=pair, length=1.54) for pair in ((0, 1), (1, 2), (2, 3), (1, 4))),
        bends=tuple(
            Bend(atoms=atoms, rest=1.97, force_k=62_500.0)
            for atoms in ((0, 1, 2), (0, 1, 4), (4, 1, 2), (1, 2, 3))
        ),
        torsions=tuple(
            Torsion(atoms=atoms, constants_k=(-251.06, 428.73, -111.85, 441.27))
            for atoms in ((0, 1, 2, 3), (4, 1, 2, 3))
        ),
    )
    temperature, n_shapes = 300.0, 4000
    shapes = conformers(model, temperature=temperature, n_shapes=n_shapes)
    first, other = _torsion(shapes, (0, 1, 2, 3)), _torsion(shapes, (4, 1, 2, 3))
    grid = np.linspace(-np.pi, np.pi, 721)
    expected = np.zeros(n_shapes)
    for shape, between in enumerate(other - first):
        energy = torsion_energy_k(model.torsions[0], grid)
        energy = energy + torsion_energy_k(model.torsions[1], grid + between)
        weight = np.exp(-energy / temperature)
        expected[shape] = weight[np.abs(grid) > 2.0 * np.pi / 3.0].sum() / weight.sum()
    trans = expected.mean()
    bound = 5.0 * np.sqrt(trans * (1.0 - trans) / n_shapes)
    assert np.mean(np.abs(first) > 2.0 * np.pi / 3.0) == pytest.approx(trans, abs=bound)
    assert np.mean(np.abs(other) > 2.0 * np.pi / 3.0) == pytest.approx(trans, abs=2.0 * bound)


def test_coupled_bends_of_isobutane() -> None:
    """Mean angle by quadrature over the directions of three bonds."""
    model = models_of("i-C4H10")[0]
    temperature = 600.0
    shapes = conformers(model, temperature=temperature, n_shapes=N)
    found = [_angle(shapes, *bend.atoms) for bend in model.bends]
    a, b, turn = np.meshgrid(
        np.linspace(1.0, 2.8, 91), np.linspace(1.0, 2.8, 91), np.linspace(0.0, np.pi, 181),
        indexing="ij",
    )  # fmt: skip
    cosine = np.cos(a) * np.cos(b) + np.sin(a) * np.sin(b) * np.cos(turn)
    c = np.arccos(np.clip(cosine, -1.0, 1.0))
    energy = sum(
        0.5 * bend.force_k * (x - bend.rest) ** 2
        for bend, x in zip(model.bends, (a, b, c), strict=True)
    )
    weight = np.sin(a) * np.sin(b) * np.exp(-energy / temperature)
    mean = np.sum(a * weight) / weight.sum()
    for angles in found:
        assert angles.mean() == pytest.approx(mean, abs=5.0 * angles.std() / np.sqrt(N))
