"""Famous frameworks relaxed from assembled starts, against the measured structures.

    python benchmarks/science/relax_assembled.py

Each framework is assembled from its metal and its linker on a known kind of framework, on one of
another metal or linker where there is such a one, and then relaxed in the force field, atoms and
cell together. That the right one was assembled is told by its net: the hash of the bond graph is
that of the measured structure. The cells are compared as reduced primitive cells, and by the cube
root of the volume for each atom but hydrogen.

Writes benchmarks/results/relax_assembled_cases.csv.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.rows import run_facts  # noqa: E402
from benchmarks.science.relax_famous import RESULTS, STRUCTURES, unpacked  # noqa: E402

BDC = "OC(=O)c1ccc(cc1)C(=O)O"
BPDC = "OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O"
DOBDC = "OC(=O)c1cc(O)c(cc1O)C(=O)O"
PAIRS: dict[str, tuple[str, str]] = {
    "MOF-5": ("Zn", BDC),
    "IRMOF-6": ("Zn", "OC(=O)c1ccc(C(=O)O)c2CCc12"),
    "IRMOF-10": ("Zn", BPDC),
    "IRMOF-12": ("Zn", "OC(=O)c1cc2CCc3cc(cc4CCc(c1)c2c34)C(=O)O"),
    "HKUST-1": ("Cu", "OC(=O)c1cc(cc(c1)C(=O)O)C(=O)O"),
    "UiO-66": ("Zr", BDC),
    "UiO-67": ("Zr", BPDC),
    "UiO-68": ("Zr", "Cc1c(C)c(-c2ccc(cc2)C(=O)O)c(C)c(C)c1-c1ccc(cc1)C(=O)O"),
    "NU-1000": (
        "Zr",
        "OC(=O)c1ccc(cc1)-c1cc(-c2ccc(cc2)C(=O)O)c2ccc3c(cc(-c4ccc(cc4)C(=O)O)c4ccc1c2c34)"
        "-c1ccc(cc1)C(=O)O",
    ),
    "MIL-53(Cr)": ("Cr", BDC),
    "MIL-47": ("V", BDC),
    "Mg-MOF-74": ("Mg", DOBDC),
    "Co-MOF-74": ("Co", DOBDC),
    "Ni-MOF-74": ("Ni", DOBDC),
    "Zn-MOF-74": ("Zn", DOBDC),
    "ZIF-8": ("Zn", "Cc1ncc[nH]1"),
    "ZIF-4": ("Zn", "c1c[nH]cn1"),
}


def assembled_case(name: str, path: Path) -> dict[str, object]:
    """One framework, assembled and relaxed."""
    from porescope.crystal.graph import net_hash
    from porescope.crystal.lattice import parameters_from_lattice
    from porescope.crystal.symmetry import find_symmetry
    from porescope.crystal.transform import primitive_cell
    from porescope.datasets.template_store import TemplateStore
    from porescope.errors import PorescopeError
    from porescope.io.cif import read_cif
    from porescope.reticular.assembly import bonds_of_assembly
    from porescope.reticular.relax import RelaxSettings, relax
    from porescope.workflows.propose import propose_frameworks

    metal, linker = PAIRS[name]
    measured = read_cif(path)
    if measured.space_group.n_ops == 1:
        measured = find_symmetry(measured, symprec=0.05)
    measured = primitive_cell(measured)
    wanted = net_hash(measured)
    case: dict[str, object] = {"name": name, "metal": metal, "linker": linker}
    try:
        proposals = propose_frameworks(metals=[metal], linkers=[linker], store=TemplateStore())
    except PorescopeError as error:
        return case | {"status": f"not assembled: {error}"}
    right = [p for p in proposals if net_hash(p.crystal) == wanted]
    if not right:
        return case | {"status": f"none of {len(proposals)} proposals has the net"}
    right.sort(key=lambda p: (p.same_metal and p.same_linker, round(p.rms_gap, 2)))
    best = right[0]
    begin = time.process_time()
    found = relax(
        best.crystal, bonds_of_assembly(best.assembly), settings=RelaxSettings(max_steps=1000)
    )
    seconds = time.process_time() - begin
    end = find_symmetry(found.crystal, symprec=0.1)
    group, end = end.space_group.symbol, primitive_cell(end)

    def per_atom(crystal) -> float:
        return crystal.volume / float(np.sum(crystal.numbers != 1))

    cell = parameters_from_lattice(end.lattice)
    change = 100.0 * (cell[:3] / measured.parameters[:3] - 1.0)
    same_size = np.sum(end.numbers != 1) == np.sum(measured.numbers != 1)
    return case | {
        "status": "relaxed" if found.converged else "partly relaxed",
        "template": best.template.name if hasattr(best.template, "name") else best.id,
        "template_has_metal": best.same_metal,
        "template_has_linker": best.same_linker,
        "gap": round(best.rms_gap, 3),
        "n_atoms": best.crystal.n_atoms,
        "space_group_measured": measured.space_group.symbol,
        "space_group": group,
        "size_percent": round(100.0 * ((per_atom(end) / per_atom(measured)) ** (1 / 3) - 1.0), 2),
        **{
            f"{x}_percent": round(float(v), 2) if same_size else ""
            for x, v in zip("abc", change, strict=True)
        },
        "cell_assembled_percent": round(
            100.0 * ((per_atom(best.crystal) / per_atom(measured)) ** (1 / 3) - 1.0), 2
        ),
        "energy_per_atom": round(found.energy_per_atom, 4),
        "n_steps": found.n_steps,
        "seconds": round(seconds, 3),
    }


def main() -> None:
    """Assemble and relax all and write the table."""
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        paths = unpacked(Path(folder))
        for name, source, member in STRUCTURES:
            if name in PAIRS:
                cases.append(run_facts() | assembled_case(name, paths[source, member]))
                print({k: v for k, v in cases[-1].items() if k not in run_facts()}, flush=True)
    columns = list(dict.fromkeys(key for row in cases for key in row))
    path = RESULTS / "relax_assembled_cases.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=columns, restval="")
        writer.writeheader()
        writer.writerows(cases)


if __name__ == "__main__":
    main()
