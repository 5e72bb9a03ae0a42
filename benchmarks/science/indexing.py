"""Indexing: is the right cell among the answers, and how long does it take.

    python benchmarks/science/indexing.py [--part mcmaille simulated measured random] [--n 60]

Four parts. *mcmaille*: the 29 test inputs of McMaille (positions only; its result files and the
literature give the cells). *simulated*: peak positions of known frameworks from their structure
files, with errors of 0.015°, overlapping and weak lines lost, a tenth of the rest missing and one
foreign line (needs ``--structures``). *measured*: patterns read, peaks found and indexed without
any help. *random*: lists of random lines, where every convincing cell is a false one.

A hit is the same lattice after Niggli reduction, within 1 % (measured patterns: 2 %, other
temperatures and compositions than the reference) and 1°; super- and sublattices of index up to 4
are counted apart. Seconds are processor time of one thread.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import re
import subprocess
import time
import warnings
from pathlib import Path

import gemmi
import numpy as np
import spglib

from porescope.crystal.lattice import lattice_from_parameters, parameters_from_lattice
from porescope.crystal.symmetry import find_symmetry
from porescope.diffraction.indexing import index, pool
from porescope.diffraction.indexing.candidate import CellCandidate, IndexingConfig, primitive_cell
from porescope.diffraction.indexing.index import index_peaks, index_two_theta
from porescope.diffraction.indexing.reduce import derivative_index, same_lattice
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.peaks import find_peaks
from porescope.diffraction.radiation import Radiation, radiation_from_name
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import PorescopeError
from porescope.io.cif import read_cif
from porescope.io.patterns.reader import read_pattern

RESULTS = Path(__file__).parents[1] / "results"
SEED = 20261121

# Cells of the McMaille cases: refined values of its own result files, centring from the
# literature of each compound.
MCMAILLE = {
    "al2o3": ("R", 4.7592, 4.7592, 12.9946, 90, 90, 120),
    "cim": ("P", 10.6968, 18.8160, 6.8231, 90, 111.285, 90),
    "dicvol1": ("P", 13.3923, 13.8091, 14.0481, 90, 91.540, 90),
    "dicvol2": ("P", 6.9151, 9.0013, 8.7456, 98.957, 81.289, 77.646),
    "nac": ("I", 10.2532, 10.2532, 10.2532, 90, 90, 90),
    "test1": ("P", 10.0270, 11.0284, 3.4202, 90, 90, 90),
    "test2": ("P", 11.1890, 11.1890, 9.4805, 90, 90, 90),
    "test3": ("C", 9.2353, 11.0318, 11.3348, 90, 90, 90),
    "test4": ("P", 9.1896, 12.4755, 6.2427, 90, 106.927, 90),
    "test5": ("C", 10.2228, 6.4965, 8.8060, 90, 94.695, 90),
    "test6": ("P", 5.1166, 8.0095, 7.0357, 120.565, 73.946, 66.830),
    "test7": ("F", 23.9536, 23.9536, 23.9536, 90, 90, 90),
    "test8": ("P", 5.0702, 5.8567, 5.0306, 90, 91.503, 90),
    "test9": ("P", 8.7901, 7.0834, 18.8632, 71.059, 62.862, 85.905),
    "y2o3": ("I", 10.5983, 10.5983, 10.5983, 90, 90, 90),
}

# Measured patterns whose cell is not in a CIF beside them: file, wavelength, cell.
_CIMETIDINE = ("P", 10.3942, 18.8190, 6.8250, 90, 106.437, 90)
MEASURED: dict[str, tuple[str, float | str, tuple]] = {
    "other/3-aminoquinoline": ("Quinoli.gda", 1.148407, ("P", 7.748, 7.650, 12.736, 90, 90, 90)),
    "other/DASH_cimetidine": ("Tutorial_03.xye", 1.5285, _CIMETIDINE),
    # Hydrochlorothiazide, P2₁ (Dupont & Dideberg 1972, 10.1107/S0567740872006338).
    "other/DASH_hydrochlorothiazide": (
        "Tutorial_01.xye", 1.1294, ("P", 7.419, 8.521, 10.003, 90, 111.72, 90),
    ),
    "other/cimetidine_FOX": ("cime.dat", 1.52904, _CIMETIDINE),
    "other/conograph_cimetidine_CuKa": (
        "Cimetidine-CuKa_pks.histogramIgor", "CuKa", _CIMETIDINE,
    ),
    "other/conograph_cimetidine_SR": (
        "Cimetidine-SR_pks.histogramIgor", "from .inp.xml", _CIMETIDINE,
    ),
    "other/sucrose": ("11bmb_8716.fxye", 0.413259, ("P", 10.8081, 8.6627, 7.7143, 90, 102.982, 90)),
    "other/NAC_11BM": ("11BM_NAC.fxye", 0.413909, ("I", 10.2512, 10.2512, 10.2512, 90, 90, 90)),
}  # fmt: skip


def shared_folder() -> Path:
    """The folder of real data beside the checkout."""
    return Path(__file__).resolve().parents[3] / "shared" / "data"


def truth_lattice(cell: tuple) -> np.ndarray:
    """Primitive cell of (centring, a, b, c, alpha, beta, gamma)."""
    return primitive_cell(lattice_from_parameters(*map(float, cell[1:])), cell[0])


def read_mcmaille(path: Path) -> tuple[float, np.ndarray]:
    """Wavelength and positions [°] of a McMaille input; search ranges and intensities unused."""
    rows = [r for r in path.read_text(errors="replace").splitlines() if not r.startswith("!")]
    wavelength, _, grid = (float(x) for x in rows[1].split()[:3])
    body = rows[2:]
    if grid in (0.0, 1.0, 2.0):
        # Symmetry codes, tolerance, ranges; then optional steps and numbers of events.
        body = body[3:]
        while len(body[0].split()) == 2 and not 1.0 <= float(body[0].split()[0]) < 1000.0:
            body = body[1:]
    values = [r.replace(",", ".").split() for r in body]
    return wavelength, np.array([float(v[0]) for v in values if len(v) >= 2])


def score(
    candidates: tuple[CellCandidate, ...],
    truth: np.ndarray,
    seconds: float,
    length_tolerance: float = 0.01,
) -> dict:
    """Ranks of the true lattice and of the first derivative one, with what was found first."""
    rank = derivative = 0
    for i, cell in enumerate(candidates, start=1):
        if not rank and same_lattice(
            cell.primitive_lattice, truth, length_tolerance=length_tolerance
        ):
            rank = i
        elif not derivative and derivative_index(cell.primitive_lattice, truth) > 1:
            derivative = i
    out: dict = {"rank": rank, "derivative_rank": derivative, "seconds": round(seconds, 2)}
    out["rank_by_m"] = out["rank_by_f"] = 0
    if rank:
        # What the classical figures of merit would have made of the same candidates.
        true = candidates[rank - 1]
        out["rank_by_m"] = 1 + sum(c.m_n > true.m_n for c in candidates)
        out["rank_by_f"] = 1 + sum(c.f_n > true.f_n for c in candidates)
    if candidates:
        shown = candidates[rank - 1] if rank else candidates[0]
        out |= {
            "lattice_system": shown.lattice_system,
            "centring": shown.centring,
            "found_cell": " ".join(f"{x:.4f}" for x in shown.parameters),
            "m_n": round(shown.m_n, 2),
            "f_n": round(shown.f_n, 2),
            "evidence": round(shown.evidence, 2),
            "n_indexed": shown.n_indexed,
            "n_lines": shown.n_lines,
            "zero_shift_deg": round(shown.zero_shift_deg, 4),
            "status": shown.status,
            "method": shown.method,
        }
    return out


def timed(function, *args, **options) -> tuple[tuple[CellCandidate, ...], float]:
    """Candidates and seconds of processor time."""
    start = time.process_time()
    candidates = function(*args, **options)
    return candidates, time.process_time() - start


def run_mcmaille(config: IndexingConfig) -> list[dict]:
    """The 29 inputs."""
    rows = []
    for path in sorted((shared_folder() / "reference" / "indexing").glob("*.dat")):
        stem = path.stem.lower()
        cell = MCMAILLE[stem if stem in MCMAILLE else stem.removesuffix("b")]
        wavelength, positions = read_mcmaille(path)
        found, seconds = timed(index_two_theta, positions, wavelength=wavelength, config=config)
        rows.append({"part": "mcmaille", "case": path.stem, "true_cell": _text(cell)})
        rows[-1] |= score(found, truth_lattice(cell), seconds)
        report(rows[-1])
    return rows


def peaks_of_structure(path: Path, rng: np.random.Generator, *, error_deg: float = 0.015):
    """True conventional cell, its centring, and observed positions and intensities."""
    crystal = find_symmetry(read_cif(path), symprec=0.05)
    cell = (crystal.lattice, crystal.frac, crystal.numbers)
    standard = spglib.get_symmetry_dataset(cell, symprec=0.05)
    radiation = radiation_from_name("CuKa1")
    wavelength = radiation.wavelength
    top = 50.0 if crystal.volume < 20_000.0 else 25.0
    d_min = wavelength / (2.0 * np.sin(np.deg2rad(top / 2.0)))
    refl = reflections_of(crystal, d_min=d_min, radiation=radiation)
    two_theta = np.rad2deg(2.0 * np.arcsin(wavelength / (2.0 * refl.d)))
    strength = refl.multiplicity * refl.f_squared
    strength = strength * lorentz_polarisation(two_theta, radiation=radiation)
    keep = two_theta > 2.5
    two_theta, strength = two_theta[keep], strength[keep]
    order = np.argsort(two_theta)
    two_theta, strength = two_theta[order], strength[order]
    groups = np.concatenate([[0], np.cumsum(np.diff(two_theta) > 0.07)])
    total = np.bincount(groups, strength)
    centre = np.bincount(groups, strength * two_theta) / np.maximum(total, 1e-30)
    strong = (total > 0.005 * total.max()) & (rng.random(len(total)) > 0.1)
    centre = centre[strong] + rng.normal(0.0, error_deg, np.count_nonzero(strong))
    total = total[strong]
    foreign = rng.uniform(5.0, centre[min(30, len(centre)) - 1])
    centre, total = np.append(centre, foreign), np.append(total, 0.05 * total.max())
    order = np.argsort(centre)[:40]
    return standard, centre[order], total[order], wavelength


def structure_files(cache: Path, n: int, rng: np.random.Generator) -> list[Path]:
    """A third each of metal-organic frameworks (computed, measured) and zeolites, and big cubes."""
    out: list[Path] = []
    for name in ("qmof/qmof", "core_mof_2019/core_mof_2019", "zeolites_iza/zeolites_iza/iza"):
        files = sorted((cache / name).glob("*.cif"))
        out += [files[i] for i in rng.choice(len(files), n // 3, replace=False)]
    for path in sorted((cache / "named_frameworks_raspa2").rglob("*.cif")):
        text = path.read_text(errors="replace")
        edges = re.findall(r"_cell_length_[abc]\s+([\d.]+)", text)
        if len(edges) == 3 and len({float(e) for e in edges}) == 1 and float(edges[0]) > 23.0:
            out.append(path)
    return out


def run_simulated(config: IndexingConfig, n: int, cache: Path) -> list[dict]:
    """Positions computed from structures."""
    rng = np.random.default_rng(SEED)
    rows = []
    for path in structure_files(cache, n, rng):
        row = {"part": "simulated", "case": path.stem}
        try:
            standard, positions, strength, wavelength = peaks_of_structure(path, rng)
            found, seconds = timed(
                index_two_theta, positions, wavelength=wavelength, intensity=strength, config=config
            )
        except PorescopeError as error:
            rows.append(row | {"status": f"not used: {error}"[:120]})
            continue
        centring, lattice = standard.international[0], np.array(standard.std_lattice)
        truth = primitive_cell(lattice, centring)
        cell = (centring, *parameters_from_lattice(lattice))
        rows.append(row | {"true_cell": _text(cell)} | score(found, truth, seconds))
        report(rows[-1])
    return rows


def measured_cases() -> list[tuple[str, Path, float | str, list[tuple]]]:
    """Name, pattern, wavelength and the cells of the phases of each measured pattern."""
    folder = shared_folder() / "measured"
    out: list[tuple[str, Path, float | str, list[tuple]]] = []
    for meta in sorted(folder.glob("*/*/meta.json")):
        name = str(meta.parent.relative_to(folder))
        if name in MEASURED:
            file, wavelength, cell = MEASURED[name]
            if isinstance(wavelength, str) and "xml" in wavelength:
                text = next(meta.parent.glob("*SR.inp.xml")).read_text()
                wavelength = float(re.search(r"<WaveLength>\s*([\d.]+)", text).group(1))
            out.append((name, meta.parent / file, wavelength, [cell]))
            continue
        cells, wavelength = _cif_cells(meta.parent)
        pattern = next(
            iter(sorted(meta.parent.glob("*.rasx")) or sorted(meta.parent.glob("*.xy"))), None
        )
        stated = json.loads(meta.read_text()).get("wavelength_A")
        if isinstance(stated, (int, float)):
            wavelength = float(stated)
        elif isinstance(stated, str) and stated.startswith("1.54"):
            wavelength = "CuKa"
        if cells and pattern is not None and wavelength is not None:
            out.append((name, pattern, wavelength, cells))
    return out


def _cif_cells(folder: Path) -> tuple[list[tuple], float | None]:
    """Cells with their centring, and the wavelength, of all CIF files of a folder."""
    cells, wavelength = [], None
    for path in sorted(folder.glob("*.cif")):
        try:
            document = gemmi.cif.read(str(path))
        except ValueError:
            continue
        for block in document:
            found = [
                block.find_value(f"_cell_{x}")
                for x in (
                    "length_a",
                    "length_b",
                    "length_c",
                    "angle_alpha",
                    "angle_beta",
                    "angle_gamma",
                )
            ]
            for tag in ("_diffrn_radiation_wavelength", "_pd_proc_wavelength"):
                for value in block.find_values(tag):
                    number = re.search(r"\d\.\d{3,}", value)
                    if wavelength is None and number:
                        wavelength = float(number.group())
            if not all(found):
                continue
            numbers = [gemmi.cif.as_number(x) for x in found]
            if not np.all(np.isfinite(numbers)):
                continue
            symbol = next(
                (
                    block.find_value(tag)
                    for tag in ("_space_group_name_H-M_alt", "_symmetry_space_group_name_H-M")
                    if block.find_value(tag)
                ),
                "P 1",
            )
            letter = gemmi.cif.as_string(symbol).strip()[:1]
            letter = "I" if "ZIF-8" in str(path) else letter
            cell = (letter if letter in "PABCIFR" else "P", *numbers)
            if all(not np.allclose(cell[1:], other[1:]) for other in cells):
                cells.append(cell)
    return cells, wavelength


def run_measured(config: IndexingConfig) -> list[dict]:
    """Patterns as they come from the instrument."""
    rows = []
    for name, path, wavelength, cells in measured_cases():
        row = {"part": "measured", "case": name, "true_cell": " | ".join(map(_text, cells))}
        try:
            if isinstance(wavelength, str):
                radiation = radiation_from_name(wavelength)
            else:
                kind = "neutron" if "neutron" in name else "xray"
                radiation = Radiation(kind=kind, wavelengths=(wavelength,))
            peaks = find_peaks(read_pattern(path, radiation=radiation))
            found, seconds = timed(index_peaks, peaks, config=config)
        except PorescopeError as error:
            rows.append(row | {"status": f"not indexed: {error}"[:160]})
            report(rows[-1])
            continue
        scores = [score(found, truth_lattice(cell), seconds, 0.02) for cell in cells]
        rows.append(row | min(scores, key=lambda s: (s["rank"] or 99, s["derivative_rank"] or 99)))
        report(rows[-1])
    return rows


def run_random(config: IndexingConfig, n: int) -> list[dict]:
    """Random lines, dense like those of a lattice: how good do false cells get."""
    rng = np.random.default_rng(SEED + 1)
    rows = []
    for i in range(n):
        # Uniform in s^1.5, as the lines of a triclinic lattice are, up to a random angle.
        s_top = (2.0 * np.sin(np.deg2rad(rng.uniform(12.0, 40.0) / 2.0)) / 1.5406) ** 2
        s = s_top * np.sort(rng.random(25)) ** (2.0 / 3.0)
        s = s[np.concatenate([[True], np.diff(s) > 0.002 * s_top])]
        positions = np.rad2deg(2.0 * np.arcsin(np.sqrt(s) * 1.5406 / 2.0))
        found, seconds = timed(index_two_theta, positions, wavelength=1.5406, config=config)
        rows.append({"part": "random", "case": f"random_{i:03d}"})
        rows[-1] |= score(found, np.eye(3), seconds)
        report(rows[-1])
    return rows


def _text(cell: tuple) -> str:
    return " ".join([cell[0], *(f"{float(x):.4f}" for x in cell[1:])])


def report(row: dict) -> None:
    """One line on the screen."""
    print(
        f"{row['part']:9s} {row['case'][:34]:34s} rank {row.get('rank', '-'):>2} "
        f"derived {row.get('derivative_rank', '-'):>2} M {row.get('m_n', 0):>7} "
        f"ev {row.get('evidence', 0):>6} {row.get('seconds', 0):>6} s  "
        f"{row.get('n_indexed', '')}/{row.get('n_lines', '')} z {row.get('zero_shift_deg', '')} "
        f"{row.get('centring', '')} {row.get('found_cell', row.get('status', ''))} "
        f"[{row.get('true_cell', '')}]",
        flush=True,
    )


def summarise(rows: list[dict]) -> list[dict]:
    """Share of hits and times, by part."""
    out = []
    for part in dict.fromkeys(row["part"] for row in rows):
        used = [row for row in rows if row["part"] == part and row.get("rank", "") != ""]
        ranks, derived, by_m, seconds = (
            np.array([float(row[name]) for row in used])
            for name in ("rank", "derivative_rank", "rank_by_m", "seconds")
        )
        first_convinces = [row.get("status") == "convincing" for row in used]
        out.append(
            {
                "part": part,
                "cases": len(used),
                "top_1": int(np.sum(ranks == 1)),
                "top_1_by_m_n": int(np.sum(by_m == 1)),
                "top_20": int(np.sum((ranks >= 1) & (ranks <= 20))),
                "derivative_only": int(np.sum((ranks == 0) & (derived > 0))),
                "convincing": int(np.sum(first_convinces)),
                "median_seconds": round(float(np.median(seconds)), 2),
                "max_seconds": round(float(np.max(seconds)), 2),
            }
        )
    return out


def write(path: Path, part: str, rows: list[dict]) -> None:
    """Put the rows of one part in the place of its old ones."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    for row in rows:
        row |= {"commit": commit, "seed": SEED, "machine": f"{platform.machine()}, one thread"}
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        with path.open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["part"] != part] + rows
    fields = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(rows)


def fill_table(rows: list[dict]) -> None:
    """Write the summary between the marks of the page on indexing."""
    page = Path(__file__).parents[2] / "docs" / "indexing.md"
    lines = summarise(rows)
    names = list(lines[0])
    table = [
        "| " + " | ".join(n.replace("_", " ") for n in names) + " |",
        "|---" * len(names) + "|",
    ]
    table += ["| " + " | ".join(str(line[n]) for n in names) + " |" for line in lines]
    before, rest = page.read_text().split("<!-- table indexing -->")
    after = rest.split("<!-- end table -->")[1]
    mark = "<!-- table indexing -->\n" + "\n".join(table) + "\n<!-- end table -->"
    page.write_text(before + mark + after)


def main() -> None:
    """Run the parts asked for and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parts = ["mcmaille", "simulated", "measured", "random"]
    parser.add_argument("--part", nargs="+", default=parts, choices=parts)
    parser.add_argument("--n", type=int, default=60, help="structures, and random lists")
    parser.add_argument("--structures", type=Path, help="folder of the unpacked archives")
    parser.add_argument("--max-seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=RESULTS / "indexing.csv")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    config = IndexingConfig(max_seconds=options.max_seconds)
    # Limits count processor time, so that a busy machine does not cut a search short.
    pool.perf_counter = index.perf_counter = time.process_time
    # Compile and load the kernels before anything is timed.
    index_two_theta(np.linspace(10.0, 40.0, 20) ** 1.01, wavelength=1.5406, config=config)
    runs = {
        "mcmaille": lambda: run_mcmaille(config),
        "simulated": lambda: run_simulated(config, options.n, options.structures),
        "measured": lambda: run_measured(config),
        "random": lambda: run_random(config, options.n),
    }
    for part in options.part:
        if part == "simulated" and options.structures is None:
            print("simulated: left out, give --structures")
            continue
        write(options.out, part, runs[part]())
    with options.out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    fill_table(rows)
    for line in summarise(rows):
        print(line)


if __name__ == "__main__":
    main()
