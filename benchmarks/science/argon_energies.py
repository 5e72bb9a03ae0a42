"""Framework-argon and argon-argon energy of six saved configurations against RASPA 2.0.37.

    python benchmarks/science/argon_energies.py

The last configurations of RASPA's runs at 87 K and 1 atm: Lorentz-Berthelot mixing, truncated at
12.8 Å. The configurations and RASPA's energies are read from its own files.

Writes one row a framework to benchmarks/results/argon_energies.csv.
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from adsorption_runs import RESULTS, shared_data, write_rows

from porescope.adsorption.atom_typing import framework_from_crystal
from porescope.adsorption.fields import field_named
from porescope.adsorption.gases import gas_named
from porescope.adsorption.guest_energy import guest_energy_k
from porescope.adsorption.lennard_jones import bead_energies_k
from porescope.io.cif import read_cif
from rows import run_facts

LIMIT = 1e-5
FILES = ("zeolite.cif", "restart_final", "simulation.input", "raspa_output_trim.txt")


def row_of(folder: Path) -> dict[str, object]:
    """Both energies of one configuration, ours and RASPA's."""
    lines = (folder / "restart_final").read_text().splitlines()
    words = [line.split() for line in lines if line.startswith("Adsorbate-atom-position")]
    cart = np.array([[float(word) for word in row[3:6]] for row in words])
    cells = re.search(r"UnitCells (\d+) (\d+) (\d+)", (folder / "simulation.input").read_text())
    if cells is None:
        raise SystemExit(f"{folder}: simulation.input names no UnitCells")
    output = (folder / "raspa_output_trim.txt").read_text()
    host = float(re.findall(r"Host/Adsorbate energy:\s+(\S+)", output)[-1])
    guests = float(re.findall(r"Adsorbate/Adsorbate energy:\s+(\S+)", output)[-1])

    field, gas = field_named("argon in zeolites"), gas_named("Ar")
    framework = framework_from_crystal(
        read_cif(folder / "zeolite.cif"), field=field, charges="none"
    )
    box = framework.crystal.lattice * np.array([int(n) for n in cells.groups()])[:, None]
    bead_energies_k(framework, gas, cart[:1])  # compiles
    started = time.perf_counter()
    ours_host = float(bead_energies_k(framework, gas, cart).sum())
    seconds = time.perf_counter() - started
    ours_guests = guest_energy_k(field, gas, cart[:, None], lattice=box)
    digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in FILES))
    errors = ours_host / host - 1.0, ours_guests / guests - 1.0
    return {
        "code": folder.name,
        "n_argon": len(cart),
        "cells": "x".join(cells.groups()),
        "field": field.describe(),
        "host_guest_k": f"{ours_host:.8f}",
        "host_guest_raspa_k": f"{host:.8f}",
        "host_guest_relative_error": f"{errors[0]:.2e}",
        "guest_guest_k": f"{ours_guests:.8f}",
        "guest_guest_raspa_k": f"{guests:.8f}",
        "guest_guest_relative_error": f"{errors[1]:.2e}",
        "within_limit": max(abs(error) for error in errors) <= LIMIT,
        "seconds": f"{seconds:.4f}",
        "seed": "none",
        "data_sha256": digest.hexdigest()[:16],
    }


def main() -> int:
    """All six configurations; fails where one is beyond the limit."""
    folders = sorted((shared_data() / "reference" / "iza_argon_87k").iterdir())
    rows = [row_of(folder) | run_facts() for folder in folders]
    write_rows(RESULTS / "argon_energies.csv", rows)
    for row in rows:
        print(row["code"], row["host_guest_relative_error"], row["guest_guest_relative_error"])
    return 0 if all(row["within_limit"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
