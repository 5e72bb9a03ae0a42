"""The frozen list of held-out frameworks: 300 with one kind of linker, 50 with two.

    python benchmarks/science/solve_held_out_list.py --structures FOLDER --choose
    python benchmarks/science/solve_held_out_list.py --structures FOLDER

All of QMOF and CoRE MOF 2019 in an order that a seed gives; a framework is taken if it is endless
in two or three directions, has one metal and one (or two) kinds of linker whose SMILES are known,
at most 500 atoms in its primitive cell, and a bond graph that no framework before it has, whatever
the metal. Nothing else is asked: bound solvent, counter-ions, rods and odd nodes stay in.
Without --choose the frameworks stay those of the list, and only what is said of them is made again.
Writes benchmarks/science/solve_held_out_list.csv.
"""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from collections import Counter
from pathlib import Path

import gemmi
import numpy as np

from porescope.crystal.elements import is_metal
from porescope.crystal.graph import net_hash
from porescope.errors import PorescopeError
from porescope.io.cif import read_cif
from porescope.reticular.taking_apart.framework import take_apart
from porescope.workflows.judge import primitive_by_translations

LIST = Path(__file__).with_suffix(".csv")
SEED = 20262
MOST_ATOMS = 500
WANTED = {1: 300, 2: 50}
SOURCES = {"qmof": "qmof", "core-mof-2019": "core_mof_2019"}


def files(structures: Path) -> list[tuple[str, Path]]:
    """Source and file of each structure, in random order."""
    found = [
        (source, path)
        for source, folder in SOURCES.items()
        for path in sorted((structures / folder).rglob("*.cif"))
    ]
    order = np.random.default_rng(SEED).permutation(len(found))
    return [found[i] for i in order]


def described(source: str, path: Path) -> dict[str, object] | str:
    """The row of a framework, or why it is not taken."""
    try:
        crystal = read_cif(path)
        if not crystal.n_atoms or crystal.n_atoms > 8 * MOST_ATOMS:
            return "too many atoms"
        small = primitive_by_translations(crystal, tolerance=0.05)
        if small.n_atoms > MOST_ATOMS:
            return "too many atoms"
        taken = take_apart(small)
    except PorescopeError as error:
        return f"cannot be read or taken apart: {type(error).__name__}"
    if taken.dimension < 2:
        return "a molecule or a chain"
    pieces = taken.assembly
    blocks = [pieces.blocks[int(k)] for k in pieces.kinds]
    nodes = [b for b in blocks if b.kind == "node"]
    linkers = [b for b in blocks if b.kind == "linker"]
    metals = {int(z) for b in nodes for z in b.numbers if is_metal()[z]}
    if len(metals) != 1:
        return f"{'no' if not metals else 'several'} metals"
    smiles = sorted({b.smiles for b in linkers})
    if not linkers or len(smiles) > 2:
        return "no linker" if not linkers else "three and more kinds of linker"
    if not all(smiles):
        return "a linker without SMILES"
    return {
        "id": path.stem,
        "source": source,
        "kinds": len(smiles),
        "metal": gemmi.Element(metals.pop()).name,
        "linkers": " ".join(smiles),
        "caps": " ".join(sorted({b.smiles or "?" for b in blocks if b.kind == "cap"})),
        "guests": sum(b.kind == "guest" for b in blocks),
        "nodes": " ".join(sorted({b.formula for b in nodes})),
        "net": taken.net_name,
        "dimension": taken.dimension,
        "interpenetration": taken.interpenetration,
        "atoms": small.n_atoms,
        "net_alike": net_hash(small, metals_alike=True),
    }


def chosen(structures: Path) -> list[dict[str, object]]:
    """A new list."""
    rows: list[dict[str, object]] = []
    left = dict(WANTED)
    reasons: Counter[str] = Counter()
    seen: set[str] = set()
    for source, path in files(structures):
        row = described(source, path)
        if isinstance(row, str):
            reasons[row] += 1
            continue
        kinds = int(str(row["kinds"]))
        if str(row["net_alike"]) in seen:
            reasons["same bond graph as one before"] += 1
        elif not left[kinds]:
            reasons[f"enough with {kinds}"] += 1
        else:
            left[kinds] -= 1
            seen.add(str(row["net_alike"]))
            rows.append(row)
        if not any(left.values()):
            break
    print(len(rows), "taken;", dict(reasons.most_common()))
    return sorted(rows, key=lambda row: int(str(row["kinds"])))


def again(structures: Path) -> list[dict[str, object]]:
    """The same frameworks; where one can no longer be described, its row stays as it was."""
    with LIST.open(newline="", encoding="utf-8") as stream:
        old: list[dict[str, object]] = list(csv.DictReader(stream))
    paths = {(source, path.stem): path for source, path in files(structures)}
    rows = []
    for row in old:
        key = (str(row["source"]), str(row["id"]))
        new = described(key[0], paths[key])
        if isinstance(new, str) or str(new["kinds"]) != row["kinds"]:
            print(key[1], new if isinstance(new, str) else f"now {new['kinds']} kinds of linker")
            new = row
        rows.append(new)
    return rows


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", type=Path, required=True)
    parser.add_argument("--choose", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = (chosen if options.choose else again)(options.structures)
    with LIST.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
