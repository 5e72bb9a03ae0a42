"""Small frameworks made in the tests, and energies summed the slow and obvious way."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from porescope.adsorption.force_field import AtomType, ForceField
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Bead, Gas
from porescope.adsorption.interactions import pair_table
from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit

FIELD = ForceField(
    name="made for tests",
    citation="none",
    types=(
        AtomType(name="Si", number=14, epsilon_k=202.15, sigma=3.826, source="made"),
        AtomType(name="O", number=8, epsilon_k=30.2, sigma=3.118, source="made"),
        AtomType(name="H", number=1, epsilon_k=0.0, sigma=1.0, source="made"),
    ),
    cutoff=9.0,
)

SODALITE = crystal_from_asymmetric_unit(
    lattice=np.eye(3) * 8.965,
    frac=np.array([[0.25, 0.5, 0.0], [0.3539, 0.3539, 0.0]]),
    numbers=np.array([14, 8]),
    space_group=space_group_from_symbol("I m -3 m"),
    name="SOD",
)


def gas_of(*beads: tuple[float, float, float, tuple[float, float, float]]) -> Gas:
    """A gas of beads given by epsilon, sigma, charge and position."""
    return Gas(
        name="probe",
        model="made",
        beads=tuple(
            Bead(
                type=f"bead{epsilon:g}_{sigma:g}",
                number=18,
                epsilon_k=epsilon,
                sigma=sigma,
                charge=charge,
                mass=40.0 / len(beads),
            )
            for epsilon, sigma, charge, _ in beads
        ),
        conformers=np.array([[place for *_, place in beads]], dtype=float),
        critical_temperature=150.0,
        critical_pressure_pa=5e6,
        acentric_factor=0.0,
        source="made",
    )


ARGON = gas_of((119.8, 3.4, 0.0, (0.0, 0.0, 0.0)))


def framework_of(crystal: Crystal, field: ForceField = FIELD, **charges: float) -> Framework:
    """A framework with one charge for each element."""
    symbols = {14: "Si", 8: "O", 1: "H"}
    rows = {t.number: row for row, t in enumerate(field.types)}
    return Framework(
        crystal=crystal,
        field=field,
        type_index=np.array([rows[int(z)] for z in crystal.numbers]),
        charges=np.array([charges.get(symbols[int(z)], 0.0) for z in crystal.numbers]),
        charge_source="made" if charges else "none",
    )


def triclinic(seed: int, n_atoms: int = 7) -> Crystal:
    """Atoms strewn in a skewed cell that is much smaller than the cutoff."""
    rng = np.random.default_rng(seed)
    lattice = lattice_from_parameters(
        *rng.uniform(4.0, 8.0, 3), *rng.uniform(65.0, 115.0, 3).clip(70.0, 110.0)
    )
    return Crystal(
        lattice=lattice,
        frac=rng.uniform(-1.0, 2.0, (n_atoms, 3)),
        numbers=rng.choice([14, 8], n_atoms),
        occupancy=np.ones(n_atoms),
        u_iso=np.full(n_atoms, np.nan),
    )


def shifted(field: ForceField = FIELD) -> ForceField:
    return replace(field, truncation="shifted")


def slow_energies_k(framework: Framework, gas: Gas, cart: np.ndarray, bead: int = 0) -> np.ndarray:
    """The Lennard-Jones energy as a plain sum over many cells."""
    table = pair_table(framework, gas)
    lattice = framework.crystal.lattice
    frac = cart @ np.linalg.inv(lattice)
    home = (frac - np.floor(frac)) @ lattice
    atoms = (framework.crystal.frac - np.floor(framework.crystal.frac)) @ lattice
    heights = 1.0 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    n = np.ceil(table.cutoff / heights).astype(int) + 1
    total = np.zeros(len(cart))
    for cell in itertools.product(*(range(-m, m + 1) for m in n)):
        r = np.linalg.norm(home[:, None] - atoms - np.array(cell) @ lattice, axis=2)
        epsilon = table.epsilon_k[framework.type_index, bead]
        ratio6 = (table.sigma[framework.type_index, bead] / np.maximum(r, 1e-2)) ** 6
        pair = 4.0 * epsilon * (ratio6**2 - ratio6) - table.shift_k[framework.type_index, bead]
        total += np.where(r < table.cutoff, pair, 0.0).sum(axis=1)
    return total
