"""Random frameworks relaxed in the force field, against the structures they start from.

    python benchmarks/science/relax_random.py

Frameworks of QMOF and CoRE MOF 2019 drawn by seed, those of at most 300 atoms without partial
occupancies, relaxed without symmetry from the archive's own coordinates with bonds found from
distances.

Writes benchmarks/results/relax_random.csv and relax_random_cases.csv.
"""

from __future__ import annotations

import sys
import tarfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.rows import run_facts  # noqa: E402
from benchmarks.science.relax_famous import RESULTS, shared, write  # noqa: E402

SEED = 20261121
N_DRAWN = 200
MOST_ATOMS = 300
ARCHIVES = ("qmof", "core_mof_2019")


def texts(archive: str) -> dict[str, str]:
    """CIFs of a random sample of an archive."""
    with tarfile.open(shared() / "structures" / f"{archive}.tar.xz") as tar:
        found = {}
        for member in tar:
            if member.isfile() and member.name.endswith(".cif"):
                stream = tar.extractfile(member)
                assert stream is not None
                found[Path(member.name).stem] = stream.read()
    names = sorted(found)
    chosen = np.random.default_rng(SEED).permutation(len(names))[:N_DRAWN]
    return {names[i]: found[names[i]].decode("utf-8", "replace") for i in sorted(chosen)}


def relaxed_case(archive: str, name: str, text: str) -> dict[str, object] | None:
    """One framework; nothing where it is too large or disordered."""
    from porescope.crystal.bonds import bonds_of
    from porescope.errors import PorescopeError
    from porescope.io.cif import crystal_from_cif_text
    from porescope.reticular.force_field.bond_graph import bond_graph, bond_rows
    from porescope.reticular.relax import RelaxSettings, relax

    case: dict[str, object] = {"archive": archive, "name": name}
    try:
        crystal = crystal_from_cif_text(text)
        if crystal.n_atoms > MOST_ATOMS or bool(np.any(crystal.occupancy < 0.99)):
            return None
        bonds = bond_rows(bonds_of(crystal))
        begin = time.process_time()
        found = relax(crystal, bonds, settings=RelaxSettings(fixed_symmetry=False))
        seconds = time.process_time() - begin
    except PorescopeError as error:
        return case | {"status": f"failed: {error}"}
    old = np.linalg.norm(bond_graph(crystal, bonds).vectors, axis=1)
    new = np.linalg.norm(bond_graph(found.crystal, bonds).vectors, axis=1)
    heavy = np.all(crystal.numbers[bonds[:, :2]] != 1, axis=1)
    change = 100.0 * np.abs(new[heavy] / old[heavy] - 1.0)
    edges = 100.0 * (found.crystal.parameters[:3] / crystal.parameters[:3] - 1.0)
    return case | {
        "status": "converged" if found.converged else "not converged",
        "n_atoms": crystal.n_atoms,
        "n_steps": found.n_steps,
        "bond_percent": round(float(change.mean()), 3) if len(change) else "",
        "edge_percent": round(float(np.abs(edges).max()), 3),
        "volume_percent": round(100.0 * (found.crystal.volume / crystal.volume - 1.0), 3),
        "seconds": round(seconds, 3),
        "notes": " | ".join(found.notes),
    }


def summary(archive: str, cases: list[dict[str, object]]) -> dict[str, object]:
    """One row of figures."""
    done = [c for c in cases if not str(c["status"]).startswith("failed")]

    def column(name: str) -> np.ndarray:
        return np.array([float(str(c[name])) for c in done if c[name] != ""])

    return {
        "archive": archive,
        "n_structures": len(cases),
        "n_failed": len(cases) - len(done),
        "n_converged": sum(c["status"] == "converged" for c in done),
        "bond_median_percent": round(float(np.median(column("bond_percent"))), 2),
        "edge_median_percent": round(float(np.median(column("edge_percent"))), 2),
        "edges_within_4_percent": round(float(np.mean(column("edge_percent") <= 4.0)), 3),
        "volume_median_percent": round(float(np.median(column("volume_percent"))), 2),
        "seconds_median": round(float(np.median(column("seconds"))), 3),
        "seconds_p95": round(float(np.quantile(column("seconds"), 0.95)), 3),
        "seconds_max": round(float(column("seconds").max()), 3),
        "n_with_notes": sum(bool(c["notes"]) for c in done),
    }


def main() -> None:
    """Relax both samples and write both tables."""
    rows, cases = [], []
    facts = run_facts() | {"seed": SEED}
    for archive in ARCHIVES:
        mine = [relaxed_case(archive, name, text) for name, text in texts(archive).items()]
        kept = [case for case in mine if case is not None]
        rows.append(facts | summary(archive, kept))
        cases += kept
        print(rows[-1], flush=True)
    write(RESULTS / "relax_random.csv", rows)
    write(RESULTS / "relax_random_cases.csv", cases)


if __name__ == "__main__":
    main()
