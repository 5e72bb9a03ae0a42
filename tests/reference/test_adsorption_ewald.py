"""Ewald sums against Madelung constants and against pymatgen."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.adsorption.ewald import lattice_energy_k
from porescope.crystal.lattice import lattice_from_parameters
from porescope.units import COULOMB_K_A

FCC = np.array([[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
EV_A = 14.399645  # e²/(4 pi epsilon_0) [eV Å], CODATA 2018


# Constants per formula unit and nearest distance: OEIS A085469 (NaCl), A181152 (CsCl), A182566
# (ZnS); Sakamoto, J. Chem. Phys. 28 (1958) 164, https://doi.org/10.1063/1.1744060 (CaF2).
@pytest.mark.parametrize(
    ("frac", "charges", "nearest", "units", "madelung"),
    [
        (
            np.vstack([FCC, FCC + 0.5]),
            np.repeat([1.0, -1.0], 4),
            0.5,
            4,
            1.7475645946331822,
        ),
        (np.array([[0.0] * 3, [0.5] * 3]), np.array([1.0, -1.0]), 0.75**0.5, 1, 1.76267477307),
        (
            np.vstack([FCC, FCC + 0.25]),
            np.repeat([1.0, -1.0], 4),
            0.25 * 3**0.5,
            4,
            1.63805505338,
        ),
        (
            np.vstack([FCC, FCC + 0.25, FCC + 0.75]),
            np.repeat([2.0, -1.0, -1.0], 4),
            0.25 * 3**0.5,
            4,
            2.0 * 2.51939243992,
        ),
    ],
    ids=["NaCl", "CsCl", "ZnS", "CaF2"],
)
@pytest.mark.parametrize("alpha", [None, 0.3, 0.6])
def test_madelung_constants(frac, charges, nearest, units, madelung, alpha) -> None:
    a = 5.5
    energy = lattice_energy_k(np.eye(3) * a, frac=frac, charges=charges, alpha=alpha)
    assert -energy * nearest * a / COULOMB_K_A / units == pytest.approx(madelung, rel=1e-9)


def test_lattice_energy_is_that_of_pymatgen() -> None:
    ewald = pytest.importorskip("pymatgen.analysis.ewald")
    core = pytest.importorskip("pymatgen.core")
    rng = np.random.default_rng(0)
    lattice = lattice_from_parameters(9.0, 7.5, 11.0, 75.0, 98.0, 112.0)
    frac = np.array([[i, j, k] for i in range(3) for j in range(2) for k in range(3)]) / [3, 2, 3]
    frac = frac + rng.uniform(-0.05, 0.05, frac.shape)
    charges = rng.uniform(-1.5, 1.5, len(frac))
    charges -= charges.mean()
    structure = core.Structure(lattice, ["Na"] * len(frac), frac)
    structure.add_oxidation_state_by_site(charges.tolist())
    # It neglects terms of 1e-12 of its own estimate; its unit of energy has seven digits.
    theirs = ewald.EwaldSummation(structure, acc_factor=12.0).total_energy
    ours = lattice_energy_k(lattice, frac=frac, charges=charges)
    assert ours / COULOMB_K_A == pytest.approx(theirs / EV_A, rel=1e-6)
