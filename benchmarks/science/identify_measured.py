"""Identification of the measured patterns: one row a pattern, failures included.

    python benchmarks/science/identify_measured.py --shared ../shared

The right answer of a porous pattern is its framework: any library entry whose net, whatever the
metal, and whose volume per atom are those of the named reference. Patterns of substances that are
not porous are right when the first answer is "none of these".
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from pathlib import Path

from porescope.datasets.library import Library
from porescope.diffraction.radiation import Radiation, radiation_from_name
from porescope.errors import PorescopeError
from porescope.workflows.identify import SearchSpace
from porescope.workflows.solve import SolveConfig, solve_pattern

sys.path.insert(0, str(Path(__file__).parents[1]))
from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results" / "identify_measured.csv"

POROUS = (
    # folder, file, radiation that the file lacks, elements, names that are right
    ("ZIF-8", "JO_KL_16_ZF_3_60deg.rasx", "", ("Zn", "C", "H", "N"), ("ZIF-8",)),
    ("ZIF-8_Cl", "1860457_pdcif_original.cif", "", ("Zn", "C", "H", "N", "Cl"), ("ZIF-8",)),
    ("ZIF-67", "pattern.xy", "CuKa", ("Co", "C", "H", "N"), ("ZIF-67", "ZIF-8")),
    ("analcime", "pattern.xy", "CuKa", ("Na", "Al", "Si", "O", "H"), ("ANA",)),
    ("chabazite", "pattern.xy", "CuKa", ("Ca", "Al", "Si", "O", "H"), ("CHA",)),
    ("Zn-MOF-74_neutron", "1517474.cif", "", ("Zn", "C", "H", "O"), ("Zn-MOF-74", "MOF-74")),
)


def other_patterns(folder: Path) -> list[tuple[Path, Radiation | None]]:
    """One file of each substance that is not porous."""
    names = {
        "NAC_11BM": ("11BM_NAC.fxye", 0.413909),
        "sucrose": ("11bmb_8716.fxye", 0.413259),
        "3-aminoquinoline": ("Quinoli.gda", 1.148407),
        "DASH_cimetidine": ("Tutorial_03.xye", None),
        "DASH_hydrochlorothiazide": ("Tutorial_01.xye", None),
        "cimetidine_FOX": ("Cimetidine-powder.xml", None),
        "conograph_cimetidine_CuKa": ("Cimetidine-CuKa_pks.histogramIgor", 1.54056),
        "crystalyze_Ca2MnTeO6": ("Ca2_Mn_Te_O6_raw.xy", 1.54056),
        "crystalyze_LuOF": ("Lu_O_F_raw.xy", 1.54056),
    }
    found: list[tuple[Path, Radiation | None]] = []
    for path in sorted(folder.iterdir()):
        if path.name in names:
            file, wavelength = names[path.name]
            radiation = None if wavelength is None else Radiation(wavelengths=(wavelength,))
            found.append((path / file, radiation))
        elif path.name.startswith("iucr_"):
            found.append((next(path.glob("*.cif")), None))
    return found


def is_right(name: str, identifier: str, right: tuple[str, ...]) -> bool:
    """Whether a candidate's name is one of the right ones, with or without its metal."""
    words = {name, identifier, name.split(" ")[0], identifier.split("-")[0]}
    return bool(words & set(right))


def run(shared: Path, *, library: Path | None) -> list[dict[str, object]]:
    """All patterns, with and without elements."""
    opened = Library.open(None if library is None else [library])
    space = SearchSpace(library=opened, table=opened.peak_table())
    rows: list[dict[str, object]] = []
    measured = shared / "data" / "measured"
    for folder, file, lacking, elements, right in POROUS:
        radiation = radiation_from_name(lacking) if lacking else None
        for given in ((), elements):
            rows.append(
                solve_one(
                    measured / "porous" / folder / file,
                    name=folder,
                    config=SolveConfig(radiation=radiation, elements=given, max_phases=3),
                    space=space,
                    right=right,
                )
            )
    for path, radiation in other_patterns(measured / "other"):
        rows.append(
            solve_one(
                path,
                name=path.parent.name,
                config=SolveConfig(radiation=radiation),
                space=space,
                right=(),
            )
        )
    return rows


def solve_one(
    path: Path, *, name: str, config: SolveConfig, space: SearchSpace, right: tuple[str, ...]
) -> dict[str, object]:
    """One row."""
    row: dict[str, object] = {
        "pattern": name,
        "file": path.name,
        "elements": " ".join(config.elements) or "none given",
        "expected": " or ".join(right) or "none of these",
    }
    started = time.perf_counter()
    try:
        result = solve_pattern(path, config=config, library=space)
    except PorescopeError as error:
        return row | {"right": False, "answer": f"error: {error}"}
    best = result.candidates[0]
    group = [c for c in result.candidates if c.group == best.group]
    ranks = [c.rank for c in result.candidates if is_right(c.name, c.id, right)]
    if right:
        ok = any(is_right(c.name, c.id, right) for c in [best, *group])
    else:
        ok = result.none_of_these > best.probability
    return row | {
        "right": ok,
        "answer": best.name if right or not ok else "none of these",
        "id": best.id,
        "rank_of_right": min(ranks, default=0),
        "probability": round(sum(c.probability for c in group), 4),
        "none_of_these": round(result.none_of_these, 4),
        "rwp": round(best.rwp, 4),
        "rwp_le_bail": round(best.rwp_le_bail, 4),
        "peaks_explained": round(best.peaks_explained, 3),
        "largest_strain_percent": round(max(map(abs, best.strain_percent)), 2),
        "further_phases": ", ".join(p.name for p in result.phases),
        "seconds": round(time.perf_counter() - started, 2),
    }


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--library", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = run(options.shared, library=options.library)
    facts = run_facts()
    fields = [*dict.fromkeys(k for row in rows for k in row), *facts]
    with RESULTS.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=fields)
        writer.writeheader()
        writer.writerows(row | facts for row in rows)
    for row in rows:
        print({k: v for k, v in row.items() if k not in ("file", "expected")})
    porous = [r for r in rows if r["expected"] != "none of these"]
    print(f"porous: {sum(bool(r['right']) for r in porous)} of {len(porous)} right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
