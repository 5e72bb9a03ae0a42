"""Famous frameworks relaxed in the force field, against the measured structures.

    python benchmarks/science/relax_famous.py

Each structure starts from the measured one; atoms and cell relax together, with the space group
that the file states or that is found. Cells are compared in the file's own setting. Bonds without
hydrogen are compared one by one and as means over the bonds between each two elements. The
structures are those of the archives in the data folder, as they stand: those of the COFs, and
some of the others, were modelled to a powder's cell, so that their bonds are not measured ones.
Times are of the processor. Beside that, a short relaxation of 100 steps at most is timed from
atoms moved at random.

Writes benchmarks/results/relax_famous.csv and relax_famous_cases.csv.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sys
import tarfile
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.rows import run_facts  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
NAMED, CORE = "named_frameworks_raspa2", "core_mof_2019"
STRUCTURES = (
    ("MOF-5", NAMED, "mofs/cif/IRMOF-1.cif"),
    ("IRMOF-6", NAMED, "mofs/cif/IRMOF-6.cif"),
    ("IRMOF-10", NAMED, "mofs/cif/IRMOF-10.cif"),
    ("IRMOF-12", NAMED, "mofs/cif/IRMOF-12.cif"),
    ("HKUST-1", NAMED, "mofs/cif/Cu-BTC.cif"),
    ("UiO-66", CORE, "RUBTAK03_auto.cif"),
    ("UiO-67", CORE, "WIZMAV02_auto.cif"),
    ("UiO-68", CORE, "YEYCUC_SL.cif"),
    ("NU-1000", CORE, "ja4050828_auto.cif"),
    ("PCN-222", CORE, "BEDYEQ_clean.cif"),
    ("MIL-100(Cr)", NAMED, "mofs/cif/MIL-100-primitive.cif"),
    ("MIL-101(Cr)", NAMED, "mofs/cif/MIL-101-primitive.cif"),
    ("MIL-53(Cr)", NAMED, "mofs/cif/MIL-53(Cr)ht.cif"),
    ("MIL-47", NAMED, "mofs/cif/MIL-47.cif"),
    ("Mg-MOF-74", NAMED, "mofs/cif/Mg-DOBDC.cif"),
    ("Co-MOF-74", NAMED, "mofs/cif/Co-DOBDC.cif"),
    ("Ni-MOF-74", NAMED, "mofs/cif/Ni-DOBDC.cif"),
    ("Zn-MOF-74", NAMED, "mofs/cif/Zn-DOBDC.cif"),
    ("ZIF-8", NAMED, "mofs/cif/ZIF-8.cif"),
    ("ZIF-4", NAMED, "mofs/cif/ZIF-4.cif"),
    ("COF-1", NAMED, "mofs/cif/COF-1.cif"),
    ("COF-5", NAMED, "mofs/cif/COF-5.cif"),
    ("COF-102", NAMED, "mofs/cif/COF-102.cif"),
    ("COF-300", NAMED, "mofs/cif/COF-300.cif"),
)
CELL_LIMIT, BOND_LIMIT = 4.0, 3.0
SEED, SHAKE = 20261121, 0.15
"""Random movement of the atoms before the short relaxation is timed [Å]."""


def shared() -> Path:
    """The folder of real data: named by the environment, or beside the checkout."""
    named = os.environ.get("PORESCOPE_SHARED")
    return (Path(named) if named else ROOT.parent / "shared") / "data"


def unpacked(folder: Path) -> dict[tuple[str, str], Path]:
    """The CIFs by archive and member."""
    found = {}
    for source in (NAMED, CORE):
        wanted = {member for _, archive, member in STRUCTURES if archive == source}
        with tarfile.open(shared() / "structures" / f"{source}.tar.xz") as archive:
            for item in archive:
                for member in wanted:
                    if item.isfile() and item.name.endswith("/" + member):
                        stream = archive.extractfile(item)
                        assert stream is not None
                        path = folder / f"{source}-{Path(member).name}"
                        path.write_bytes(stream.read())
                        found[source, member] = path
                if all((source, member) in found for member in wanted):
                    break
    return found


def relaxed_case(name: str, path: Path, *, measured: bool) -> dict[str, object]:
    """One structure, relaxed twice so that the second time tells the speed."""
    from porescope.crystal.bonds import bonds_of
    from porescope.crystal.lattice import parameters_from_lattice
    from porescope.crystal.symmetry import find_symmetry, symmetrised
    from porescope.crystal.transform import primitive_cell
    from porescope.io.cif import read_cif
    from porescope.reticular.force_field.bond_graph import bond_graph, bond_rows
    from porescope.reticular.relax import RelaxSettings, relax, settle

    crystal = read_cif(path)
    if crystal.space_group.n_ops == 1:
        crystal = find_symmetry(crystal, symprec=0.05, symmetrise=False)
    crystal = symmetrised(crystal)
    small = primitive_cell(crystal)
    transform = small.lattice @ np.linalg.inv(crystal.lattice)
    bonds = bond_rows(bonds_of(small))
    settings = RelaxSettings(measured=measured, max_steps=1000)
    relax(small, bonds, settings=settings)
    begin = time.process_time()
    found = relax(small, bonds, settings=settings)
    seconds = time.process_time() - begin
    moves = np.random.default_rng(SEED).normal(0.0, SHAKE, small.frac.shape)
    shaken = replace(
        small.without_symmetry(), frac=small.frac + moves @ np.linalg.inv(small.lattice)
    )
    begin = time.process_time()
    settled = settle(shaken, bonds, n_steps=100)
    settle_seconds = time.process_time() - begin
    before = crystal.parameters
    turned = np.linalg.inv(transform) @ found.crystal.lattice
    after = parameters_from_lattice(turned)
    change = 100.0 * (after / before - 1.0)
    graph = bond_graph(small, bonds)
    old = np.linalg.norm(graph.vectors, axis=1)
    new = np.linalg.norm(bond_graph(found.crystal, bonds).vectors, axis=1)
    heavy = np.all(small.numbers[bonds[:, :2]] != 1, axis=1)
    means = pair_means(small, bonds, old, new)
    kinds = {key: 100.0 * (long / short - 1.0) for key, (short, long) in means.items()}
    worst = max(kinds, key=lambda k: abs(kinds[k]))
    single = np.abs(100.0 * (new[heavy] / old[heavy] - 1.0))
    return {
        "name": name,
        "n_atoms": small.n_atoms,
        "space_group": small.space_group.symbol,
        "lengths": "measured" if measured else "UFF4MOF",
        **{f"{x}_experiment": round(float(v), 3) for x, v in zip("abc", before, strict=False)},
        **{f"{x}_relaxed": round(float(v), 3) for x, v in zip("abc", after, strict=False)},
        **{f"{x}_percent": round(float(v), 2) for x, v in zip("abc", change, strict=False)},
        "largest_angle_change_deg": round(float(np.abs(after[3:] - before[3:]).max()), 2),
        "volume_percent": round(100.0 * (found.crystal.volume / small.volume - 1.0), 2),
        "cell_within": bool(np.abs(change[:3]).max() <= CELL_LIMIT),
        "worst_bond": worst,
        "worst_bond_percent": round(kinds[worst], 2),
        "worst_bond_measured_a": round(means[worst][0], 3),
        "worst_bond_relaxed_a": round(means[worst][1], 3),
        "bonds_within": bool(abs(kinds[worst]) <= BOND_LIMIT),
        "single_bonds_within_share": round(float(np.mean(single <= BOND_LIMIT)), 3),
        "mean_bond_percent": round(float(single.mean()), 2),
        "kinds": "; ".join(f"{k} {v:+.1f}" for k, v in sorted(kinds.items())),
        "n_steps": found.n_steps,
        "converged": found.converged,
        "energy_per_atom": round(found.energy_per_atom, 4),
        "seconds": round(seconds, 3),
        "settle_seconds": round(settle_seconds, 3),
        "settle_steps": settled.n_steps,
        "settle_energy_per_atom": round(settled.energy_per_atom, 4),
        "notes": " | ".join(found.notes),
    }


def pair_means(crystal, bonds, old, new) -> dict[str, float]:
    """Deviation of the mean length of the bonds between each two elements [%]."""
    import gemmi

    sums: dict[str, list[tuple[float, float]]] = {}
    for row, (a, b) in enumerate(crystal.numbers[bonds[:, :2]].tolist()):
        if 1 not in (a, b):
            key = "-".join(sorted(gemmi.Element(z).name for z in (a, b)))
            sums.setdefault(key, []).append((float(old[row]), float(new[row])))
    means = {key: np.mean(values, axis=0) for key, values in sums.items()}
    return {key: (float(old), float(new)) for key, (old, new) in means.items()}


def summary(cases: list[dict[str, object]], *, lengths: str) -> dict[str, object]:
    """One row of figures."""
    mine = [c for c in cases if c["lengths"] == lengths]
    cells = np.array([[abs(float(str(c[f"{x}_percent"]))) for x in "abc"] for c in mine])
    kinds = np.array([abs(float(str(c["worst_bond_percent"]))) for c in mine])
    return {
        "lengths": lengths,
        "n_structures": len(mine),
        "n_cells_within_4_percent": sum(bool(c["cell_within"]) for c in mine),
        "n_bonds_within_3_percent": sum(bool(c["bonds_within"]) for c in mine),
        "cell_median_percent": round(float(np.median(cells)), 2),
        "cell_max_percent": round(float(cells.max()), 2),
        "bond_kind_median_percent": round(float(np.median(kinds)), 2),
        "bond_kind_max_percent": round(float(kinds.max()), 2),
        "n_converged": sum(bool(c["converged"]) for c in mine),
        "seconds_median": round(float(np.median([float(str(c["seconds"])) for c in mine])), 3),
        "seconds_max": round(max(float(str(c["seconds"])) for c in mine), 3),
    }


def write(path: Path, rows: list[dict[str, object]]) -> None:
    """Write rows."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Relax all with both sets of lengths and write both tables."""
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        paths = unpacked(Path(folder))
        for measured in (True, False):
            for name, source, member in STRUCTURES:
                case = relaxed_case(name, paths[source, member], measured=measured)
                cases.append(case | {"source": f"{source}/{member}"})
                print(
                    case["name"], case["n_atoms"], case["space_group"],
                    [case[f"{x}_percent"] for x in "abc"], case["largest_angle_change_deg"],
                    case["kinds"], case["n_steps"], case["seconds"], case["notes"],
                    flush=True,
                )  # fmt: skip
    names = "\n".join(f"{source}/{member}" for _, source, member in STRUCTURES)
    facts = run_facts() | {
        "seed": SEED,
        "data_sha256": hashlib.sha256(names.encode()).hexdigest()[:16],
    }
    rows = [facts | summary(cases, lengths=kind) for kind in ("measured", "UFF4MOF")]
    write(RESULTS / "relax_famous.csv", rows)
    write(RESULTS / "relax_famous_cases.csv", cases)
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
