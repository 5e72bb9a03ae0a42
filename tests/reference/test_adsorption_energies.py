"""Energies of argon in zeolites against RASPA 2.0.37.

Six saved configurations at 87 K and 1 atm: framework-argon and argon-argon Lennard-Jones energy,
Lorentz-Berthelot mixing, truncated at 12.8 Å. RASPA prints eight decimals of a kelvin.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.atom_typing import framework_from_crystal
from porescope.adsorption.fields import field_named
from porescope.adsorption.gases import gas_named
from porescope.adsorption.guest_energy import guest_energy_k
from porescope.adsorption.lennard_jones import bead_energies_k
from porescope.io.cif import read_cif

FIELD = field_named("argon in zeolites")
ARGON = gas_named("Ar")


def saved_run(folder: Path) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Positions [Å], repeats of the cell, framework-argon and argon-argon energy [K]."""
    lines = (folder / "restart_final").read_text().splitlines()
    rows = [line.split() for line in lines if line.startswith("Adsorbate-atom-position")]
    cart = np.array([[float(word) for word in row[3:6]] for row in rows])
    cells = re.search(r"UnitCells (\d+) (\d+) (\d+)", (folder / "simulation.input").read_text())
    assert cells is not None
    output = (folder / "raspa_output_trim.txt").read_text()
    # The first of each kind is that of the empty start, the last that of the saved configuration.
    host = re.findall(r"Host/Adsorbate energy:\s+(\S+)", output)[-1]
    guests = re.findall(r"Adsorbate/Adsorbate energy:\s+(\S+)", output)[-1]
    return cart, np.array([int(n) for n in cells.groups()]), float(host), float(guests)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("code", "tolerance"),
    [
        ("CON", 1e-9),
        ("FAU", 1e-9),
        ("LTA", 1e-9),
        ("MFI", 1e-9),
        ("RHO", 1e-9),
        # The file gives x = 0.1203, y = 0.2405 for the oxygen O3 on the plane (x, 2x): it is put
        # onto that plane here, and left beside it by RASPA.
        ("CHA", 1e-5),
    ],
)
def test_energies_of_saved_configurations(shared_data: Path, code: str, tolerance: float) -> None:
    folder = shared_data / "reference" / "iza_argon_87k" / code
    cart, repeats, host, guests = saved_run(folder)
    framework = framework_from_crystal(
        read_cif(folder / "zeolite.cif"), field=FIELD, charges="none"
    )
    assert bead_energies_k(framework, ARGON, cart).sum() == pytest.approx(host, rel=tolerance)
    box = framework.crystal.lattice * repeats[:, None]
    found = guest_energy_k(FIELD, ARGON, cart[:, None], lattice=box)
    assert found == pytest.approx(guests, rel=1e-9)


@pytest.mark.shared
def test_supercell_as_the_framework_gives_the_same(shared_data: Path) -> None:
    folder = shared_data / "reference" / "iza_argon_87k" / "CHA"
    cart, repeats, *_ = saved_run(folder)
    crystal = read_cif(folder / "zeolite.cif")
    energies = [
        bead_energies_k(framework_from_crystal(c, field=FIELD, charges="none"), ARGON, cart)
        for c in (crystal, crystal.supercell((int(repeats[0]), int(repeats[1]), int(repeats[2]))))
    ]
    np.testing.assert_allclose(*energies, rtol=1e-9)
