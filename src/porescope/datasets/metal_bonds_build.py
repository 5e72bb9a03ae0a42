"""Build the table of measured bond lengths to metals that the force field takes.

    python -m porescope.datasets.metal_bonds_build FOLDER TABLE

Reads a random sample of the CIFs of a folder of measured frameworks (CoRE MOF 2019,
https://doi.org/10.1021/acs.jced.9b00835), and writes for each metal, number of ligands and class
of donor the median length of the bonds in the structures that have such a bond; each structure
counts once, with the median of its own. A class that fewer than five structures show is left out;
rows with 0 bonds are over all numbers of ligands, and classes that are a symbol only are over all
classes of that element.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from porescope.crystal.bonds import bonds_of
from porescope.errors import PorescopeError
from porescope.io.cif import read_cif
from porescope.reticular.force_field.bond_graph import bond_graph, bond_rows
from porescope.reticular.force_field.donors import donor_class

SEED = 20261121
N_STRUCTURES = 20000
_FEWEST = 5
_MOST_ATOMS = 600
Key = tuple[int, int, str]


def lengths_in(path: Path) -> dict[Key, float]:
    """Median length of each kind of metal bond in one structure [Å].

    Parameters
    ----------
    path:
        A CIF; structures with partial occupancies give nothing.
    """
    crystal = read_cif(path)
    if crystal.n_atoms > _MOST_ATOMS or bool(np.any(crystal.occupancy < 0.99)):
        return {}
    rows = bond_rows(bonds_of(crystal))
    graph = bond_graph(crystal, rows)
    lengths = np.linalg.norm(graph.vectors, axis=1)
    found: dict[Key, list[float]] = defaultdict(list)
    for row, (a, b) in enumerate(rows[:, :2].tolist()):
        if graph.metal[a] == graph.metal[b]:
            continue
        metal, donor = (a, b) if graph.metal[a] else (b, a)
        count = len(graph.others(metal, metals=False))
        kind = donor_class(graph, donor)
        for name in dict.fromkeys((kind, kind.split("-")[0])):
            for bonds in (count, 0):
                found[graph.numbers[metal], bonds, name].append(float(lengths[row]))
    return {key: float(np.median(values)) for key, values in found.items()}


def build(folder: Path, table: Path) -> None:
    """Measure a sample and write the table.

    Parameters
    ----------
    folder:
        CIFs of measured frameworks.
    table:
        The CSV to write.
    """
    paths = sorted(folder.glob("*.cif"))
    chosen = np.random.default_rng(SEED).permutation(len(paths))[:N_STRUCTURES]
    values: dict[Key, list[float]] = defaultdict(list)
    n_read = 0
    for index in sorted(chosen.tolist()):
        try:
            lengths = lengths_in(paths[index])
        except PorescopeError:
            continue
        n_read += bool(lengths)
        for key, length in lengths.items():
            values[key].append(length)
    with table.open("w", newline="", encoding="utf-8") as stream:
        stream.write(
            "# Median bond lengths [A] between metals and donors in measured frameworks.\n"
            f"# {n_read} structures of CoRE MOF 2019, https://doi.org/10.1021/acs.jced.9b00835,\n"
            f"# drawn with seed {SEED}; written by porescope.datasets.metal_bonds_build.\n"
            "# bonds: ligands of the metal, 0 for any number; donor: class, or a symbol for "
            "all classes\n"
            "# of that element; count: structures.\n"
        )
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["metal", "bonds", "donor", "length", "count"])
        for key in sorted(values):
            if len(values[key]) >= _FEWEST:
                length = float(np.median(values[key]))
                writer.writerow([*key, f"{length:.3f}", len(values[key])])


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
