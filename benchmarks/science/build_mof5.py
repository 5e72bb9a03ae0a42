"""MOF-5 from its metal and its linker in one command, beside the measured structure.

    python benchmarks/science/build_mof5.py --structures FOLDER

FOLDER holds the archives or what is in them. Pores of both are by the own grid, which a reference
test holds to the values of Zeo++. Writes ``benchmarks/results/build_mof5.csv``.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from porescope.apps.cli.main import run
from porescope.datasets.archives.reading import read_archive
from porescope.io.cif import read_cif
from porescope.workflows.pores import pore_geometry
from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results" / "build_mof5.csv"
LINKER = "OC(=O)c1ccc(cc1)C(=O)O"
MEASURED = "IRMOF-1"
PORES = (
    "largest_included_diameter",
    "largest_free_diameter",
    "density",
    "accessible_area_m2_per_g",
)


def main() -> None:
    """Build, compare, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--structures", type=Path, required=True)
    structures = parser.parse_args().structures
    (item,) = read_archive(structures, "raspa2", ids={MEASURED}, arrays=False)
    assert item.crystal is not None
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "built"
        code = run(["build", "--metal", "Zn", "--linker", LINKER, "--out", str(out)])
        assert code == 0, f"build ended with {code}"
        seconds = time.perf_counter() - begin
        rows = json.loads((out / "built.json").read_text(encoding="utf-8"))["frameworks"]
        rank, row = next(
            (place, one) for place, one in enumerate(rows, start=1) if one["net"] == "pcu"
        )
        crystal = read_cif(out / row["file"])
    built = pore_geometry(crystal, engine="grid")
    known = pore_geometry(item.crystal, engine="grid")
    found: dict[str, object] = {
        "rank": rank,
        "net": row["net"],
        "formula": row["formula"],
        "space_group": row["space_group"],
        "a_angstrom": f"{row['cell']['a_a']:.3f}",
        "a_measured": f"{item.crystal.parameters[0]:.3f}",
    }
    for name in PORES:
        ours, theirs = getattr(built, name), getattr(known, name)
        found |= {name: f"{ours:.5g}", f"{name}_measured": f"{theirs:.5g}"}
        found[f"{name}_percent"] = f"{100.0 * (ours / theirs - 1.0):+.2f}"
    found |= {"seconds": f"{seconds:.1f}", **run_facts()}
    with RESULTS.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(found), lineterminator="\n")
        writer.writeheader()
        writer.writerow(found)
    print(found)


if __name__ == "__main__":
    main()
