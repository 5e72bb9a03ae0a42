"""Famous frameworks, solved from the metal and the linkers with the framework in no library.

    python benchmarks/science/solve_famous.py --structures FOLDER --shared ../shared

ZIF-8, its chlorinated form, ZIF-67 and Zn-MOF-74 (neutrons) have measured patterns. The others
have patterns simulated from structures of the archives, corrupted as in ``solve_held_out.py``,
with the same removal of the framework and all its twins from library and templates. COFs have no
metal. Writes benchmarks/results/solve_famous.csv, one row a framework.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from porescope.crystal.symmetry import find_symmetry
from porescope.datasets.library import SHIPPED
from porescope.diffraction.radiation import radiation_from_name
from porescope.errors import PorescopeError
from porescope.io.cif import read_cif
from porescope.io.patterns.reader import read_pattern
from porescope.workflows.identify_assembled import Pot

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from solve_held_out import (
    CORRUPTION_VERSION,
    RESULTS,
    RUNGS,
    SEED,
    Setup,
    Truth,
    corrupted,
    solved,
    start,
    truth_with,
)

from rows import run_facts

BDC = "O=C(O)c1ccc(C(=O)O)cc1"
BPDC = "O=C(O)c1ccc(-c2ccc(C(=O)O)cc2)cc1"
TPDC = "O=C(O)c1ccc(-c2ccc(-c3ccc(C(=O)O)cc3)cc2)cc1"
BTC = "O=C(O)c1cc(C(=O)O)cc(C(=O)O)c1"
DOBDC = "O=C(O)c1cc(O)c(C(=O)O)cc1O"
HPDC = "OC(=O)c1cc2CCc3cc(C(=O)O)cc4CCc(c1)c2c34"
CYCLOBUTANE_BDC = "O=C(O)c1ccc(C(=O)O)c2c1CC2"
TBAPY = (
    "O=C(O)c1ccc(-c2cc(-c3ccc(C(=O)O)cc3)c3ccc4c(-c5ccc(C(=O)O)cc5)cc(-c5ccc(C(=O)O)cc5)"
    "c5ccc2c3c45)cc1"
)
TCPP = (
    "O=C(O)c1ccc(cc1)-c1c2ccc(n2)c(-c2ccc(cc2)C(=O)O)c2ccc([nH]2)c(-c2ccc(cc2)C(=O)O)"
    "c2ccc(n2)c(-c2ccc(cc2)C(=O)O)c2ccc1[nH]2"
)
NAMED, CORE = "named_frameworks_raspa2/named/mofs/cif", "core_mof_2019/core_mof_2019"

SIMULATED: tuple[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    # name, folder, file, metals, linkers
    ("MOF-5", NAMED, "IRMOF-1.cif", ("Zn",), (BDC,)),
    ("IRMOF-6", NAMED, "IRMOF-6.cif", ("Zn",), (CYCLOBUTANE_BDC,)),
    ("IRMOF-10", NAMED, "IRMOF-10.cif", ("Zn",), (BPDC,)),
    ("IRMOF-12", NAMED, "IRMOF-12.cif", ("Zn",), (HPDC,)),
    ("HKUST-1", NAMED, "Cu-BTC.cif", ("Cu",), (BTC,)),
    ("UiO-66", CORE, "RUBTAK03_auto.cif", ("Zr",), (BDC,)),
    ("UiO-67", CORE, "WIZMAV02_auto.cif", ("Zr",), (BPDC,)),
    ("UiO-68", CORE, "ja507947d_si_001_auto.cif", ("Zr",), (TPDC,)),
    ("NU-1000", CORE, "ja4050828_auto.cif", ("Zr",), (TBAPY,)),
    # its porphyrin holds iron
    ("PCN-222", CORE, "BEDYEQ_clean.cif", ("Zr", "Fe"), (TCPP,)),
    ("MIL-53(Cr)", NAMED, "MIL-53(Cr)ht.cif", ("Cr",), (BDC,)),
    ("MIL-47", NAMED, "MIL-47.cif", ("V",), (BDC,)),
    ("Mg-MOF-74", NAMED, "Mg-DOBDC.cif", ("Mg",), (DOBDC,)),
    ("Co-MOF-74", NAMED, "Co-DOBDC.cif", ("Co",), (DOBDC,)),
    ("Ni-MOF-74", NAMED, "Ni-DOBDC.cif", ("Ni",), (DOBDC,)),
    ("Zn-MOF-74", NAMED, "Zn-DOBDC.cif", ("Zn",), (DOBDC,)),
    ("ZIF-8", NAMED, "ZIF-8.cif", ("Zn",), ("Cc1ncc[nH]1",)),
    ("ZIF-4", NAMED, "ZIF-4.cif", ("Zn",), ("c1c[nH]cn1",)),
    ("COF-1", NAMED, "COF-1.cif", (), ("OB(O)c1ccc(B(O)O)cc1",)),
    (
        "COF-5",
        NAMED,
        "COF-5.cif",
        (),
        ("OB(O)c1ccc(B(O)O)cc1", "Oc1cc2c3cc(O)c(O)cc3c3cc(O)c(O)cc3c2cc1O"),
    ),
    (
        "COF-102",
        NAMED,
        "COF-102.cif",
        (),
        ("OB(O)c1ccc(cc1)C(c1ccc(cc1)B(O)O)(c1ccc(cc1)B(O)O)c1ccc(cc1)B(O)O",),
    ),
    (
        "COF-300",
        NAMED,
        "COF-300.cif",
        (),
        ("O=Cc1ccc(C=O)cc1", "Nc1ccc(cc1)C(c1ccc(N)cc1)(c1ccc(N)cc1)c1ccc(N)cc1"),
    ),
)

MEASURED: tuple[tuple[str, str, str, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    # name, folder, file, radiation that the file lacks, structure, metals, linkers
    (
        "ZIF-8",
        "ZIF-8",
        "JO_KL_16_ZF_3_60deg.rasx",
        "",
        "structure_RASPA_ZIF-8.cif",
        ("Zn",),
        ("Cc1ncc[nH]1",),
    ),
    (
        "ZIF-8_Cl",
        "ZIF-8_Cl",
        "1860457_pdcif_original.cif",
        "",
        "structure.cif",
        ("Zn",),
        ("Clc1ncc[nH]1",),
    ),
    ("ZIF-67", "ZIF-67", "pattern.xy", "CuKa", "671073.cif", ("Co",), ("Cc1ncc[nH]1",)),
    (
        "Zn-MOF-74",
        "Zn-MOF-74_neutron",
        "1517474.cif",
        "",
        "structure.cif",
        ("Zn",),
        (DOBDC,),
    ),
)


def truths(structures: Path, shared: Path) -> list[tuple[str, str, Any]]:
    """Name, kind of pattern, and how to make the truth."""
    found: list[tuple[str, str, Any]] = []
    for name, folder, file, radiation, structure, metals, linkers in MEASURED:
        home = shared / "data" / "measured" / "porous" / folder

        def measured(
            home=home, file=file, radiation=radiation, structure=structure, pot=(metals, linkers)
        ) -> Truth:
            known = radiation_from_name(radiation) if radiation else None
            pattern = read_pattern(home / file, radiation=known)
            crystal = read_cif(home / structure)
            return truth_with(
                crystal, pattern, id=structure, pot=Pot(metals=pot[0], linkers=pot[1])
            )

        found.append((name, "measured", measured))
    for name, folder, file, metals, linkers in SIMULATED:
        path = structures / folder / file

        def simulated(path=path, pot=(metals, linkers)) -> Truth:
            crystal = find_symmetry(read_cif(path), symprec=0.05)
            digest = hashlib.sha256(path.name.encode()).hexdigest()
            pattern = corrupted(crystal, rng=np.random.default_rng([SEED, int(digest[:8], 16)]))
            cell = np.array(pattern.metadata["lattice"].split(), dtype=np.float64)
            return truth_with(
                crystal.with_lattice(cell.reshape(3, 3)),
                pattern,
                id=path.stem,
                pot=Pot(metals=pot[0], linkers=pot[1]),
            )

        found.append((name, "simulated", simulated))
    return found


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", type=Path, required=True)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--library", default=str(SHIPPED))
    parser.add_argument("--templates", default="")
    parser.add_argument("--blocks", action="store_true", help="fit rigid blocks of the first ten")
    parser.add_argument("--only", default="", help="names, with commas")
    options = parser.parse_args()
    start(
        Setup(
            structures=str(options.structures),
            library=options.library,
            templates=options.templates,
            seed=SEED,
            blocks=options.blocks,
            no_linker=True,
        )
    )
    rows: list[dict[str, Any]] = []
    for name, kind, make in truths(options.structures, options.shared):
        if options.only and name not in options.only.split(","):
            continue
        row: dict[str, Any] = {"name": name, "pattern_kind": kind}
        try:
            row |= solved(make())
            row["status"] = "ok"
        except (PorescopeError, ValueError, ArithmeticError, LookupError) as error:
            row |= {"status": repr(error)[:200], "failure": "error"}
        rows.append(row)
        said = ("name", "pattern_kind", "failure", "proposals", "rank_of_net", "solve_s", "status")
        print(*(row.get(k, "") for k in said), [k for k in RUNGS if row.get(f"{k}_1")], flush=True)
    facts = {
        "seed": SEED,
        "corruption": CORRUPTION_VERSION,
        "library_sha256": hashlib.sha256(Path(options.library).read_bytes()).hexdigest()[:16],
        **run_facts(),
    }
    fields = [*dict.fromkeys(k for row in rows for k in row), *facts]
    if not options.only:
        with (RESULTS / "solve_famous.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=fields)
            writer.writeheader()
            writer.writerows(row | facts for row in rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
