"""Grand canonical examples of RASPA2 and gRASPA run again through porescope.

    python benchmarks/science/raspa_examples.py [--limit N] [--only NAME,NAME]

Input and output come from the archives of published example runs; parameters, molecules and charges
are read from the examples' own files. RASPA2 averages over cycles whose length follows the number
of molecules, which makes its means low by up to one molecule in the box; gRASPA's runs have one
move a cycle and have no such bias. The row says which of our two means is compared: the plain one
over cycles, or the weighted one, which porescope returns.

Left out, because the Python interface of RASPA3 cannot express them: mobile cations (CO2 in NaX
and LTA4A), flexible frameworks, the Gibbs ensemble with a framework; because the output holds no
loading: argon in Mg-MOF-74; and the example of blocked pockets, whose centres are in ångström in a
file that RASPA reads as fractions.

Krypton and xenon come out on opposite sides of gRASPA's numbers, beyond the joint error. A mean
Boltzmann factor over the cell, with porescope's own energies and no Monte Carlo, supports ours: it
gives krypton, of which there is one molecule in the box, within a per cent of our run and seven per
cent below gRASPA's, whose run changes identities.

One row a case goes to benchmarks/results/raspa_examples.csv as it ends.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from adsorption_runs import (
    RESULTS,
    append_row,
    done_rows,
    sha256,
    shared_data,
    unpacked,
)

from porescope.adsorption.equation_of_state import bulk_phase
from porescope.adsorption.force_field import AtomType, ForceField
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.gases import gas_from_model
from porescope.adsorption.gcmc.child import GcmcChild
from porescope.adsorption.gcmc.plan import SamplingPlan
from porescope.adsorption.gcmc.prepare import job_from_framework, wanted_pairs
from porescope.adsorption.gcmc.sampling import averages, empty_state, sampled
from porescope.crystal.structure import Crystal
from porescope.io.cif import read_cif
from porescope.io.raspa_molecules import gas_model_from_raspa
from porescope.io.raspa_tables import read_mixing_rules, read_pseudo_atoms
from porescope.units import GAS_CONSTANT
from rows import run_facts

ROWS = RESULTS / "raspa_examples.csv"
CACHE = Path.home() / ".cache" / "porescope-benchmarks"
SEED = 11
RASPA2, GRASPA = "raspa2", "graspa"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One example with its conditions."""

    name: str
    program: str
    output: str
    cif: str
    tables: str
    """Folder of the force field; ``shared:`` names one of RASPA2's own."""
    gases: tuple[str, ...]
    """Molecule definitions; ``shared:`` names one of RASPA2's own."""
    temperature: float
    pressure_pa: float
    mole_fractions: tuple[float, ...] = (1.0,)
    coefficients: tuple[float, ...] | None = None
    """Fugacity coefficients; None is Peng-Robinson, as the programs do."""
    cutoff: float = 12.0
    repeats: tuple[int, int, int] | None = None
    cycles: int = 8000
    charges: str = "cif"
    """``cif``, ``table`` (by type) or ``none``."""
    truncation: str | None = None


_R2 = "examples/{}"
_G = "Examples/{}"
_MFI_CIF, _IRMOF_CIF = "named:zeolites/cif/MFI_SI.cif", "named:mofs/cif/IRMOF-1.cif"
_ZEOLITES = "shared:ExampleZeolitesForceField"
_IRMOF_FIELD = "shared:Dubbeldam2007FlexibleIRMOF-1"

CASES = (
    Case(
        name="CH4 in MFI, 300 K, 10 kPa",
        program=RASPA2,
        output=_R2.format("Basic/7_Adsorption_of_Methane_in_MFI/Output/*/*_10000.data"),
        cif=_MFI_CIF,
        tables=_ZEOLITES,
        gases=("shared:methane",),
        temperature=300.0,
        pressure_pa=1e4,
        cycles=40_000,
        charges="none",
    ),
    Case(
        name="CH4 in MFI, 300 K, 100 kPa",
        program=RASPA2,
        output=_R2.format("Basic/7_Adsorption_of_Methane_in_MFI/Output/*/*_100000.data"),
        cif=_MFI_CIF,
        tables=_ZEOLITES,
        gases=("shared:methane",),
        temperature=300.0,
        pressure_pa=1e5,
        cycles=20_000,
        charges="none",
    ),
    Case(
        name="CO2 in Cu-BTC, 323 K, 1 MPa",
        program=RASPA2,
        output=_R2.format("Basic/8_Adsorption_of_CO2_in_CU-BTC/Output/*/*.data"),
        cif="named:mofs/cif/Cu-BTC.cif",
        tables="shared:ExampleMOFsForceField",
        gases=("shared:CO2",),
        temperature=323.0,
        pressure_pa=1e6,
        coefficients=(1.0,),
        cycles=2500,
    ),
    Case(
        name="CO2 and CH4 in IRMOF-1, 300 K, 1 MPa",
        program=RASPA2,
        output=_R2.format(
            "Non-Basic/1_Adsorption_of_Binary_Mixture_CO2_CH4_in_IRMOF-1/Output/*/*.data"
        ),
        cif=_IRMOF_CIF,
        tables=_IRMOF_FIELD,
        gases=("shared:CO2", "shared:methane"),
        temperature=300.0,
        pressure_pa=1e6,
        mole_fractions=(0.25, 0.75),
        charges="table",
        cycles=5000,
    ),
    Case(
        name="CO2 in MFI, 353 K, 10 MPa",
        program=RASPA2,
        output=_R2.format("Advanced/9_CFCMC_CO2_in_MFI/Output/*/*.data"),
        cif=_MFI_CIF,
        tables=_ZEOLITES,
        gases=("shared:CO2",),
        temperature=353.0,
        pressure_pa=1e7,
        coefficients=(1.0,),
        cutoff=10.0,
        repeats=(2, 2, 2),
        charges="none",
        cycles=2000,
    ),
    Case(
        name="CO2 and N2 in DMOF, 300 K, 100 kPa",
        program=RASPA2,
        output=_R2.format("Advanced/10_CFCMC_N2_CO2_Binary_Mixture_in_DMOF/Output/*/*.data"),
        cif=_R2.format("Advanced/10_CFCMC_N2_CO2_Binary_Mixture_in_DMOF/DMOF.cif"),
        tables=_R2.format("Advanced/10_CFCMC_N2_CO2_Binary_Mixture_in_DMOF"),
        gases=("shared:CO2", "shared:N2"),
        temperature=300.0,
        pressure_pa=1e5,
        mole_fractions=(0.5, 0.5),
        coefficients=(1.0, 1.0),
        cutoff=10.0,
        cycles=5000,
    ),
    Case(
        name="CO2 in IRMOF-1, 298 K, 5 MPa",
        program=RASPA2,
        output=_R2.format("Auxiliary/7_UsingGrids/Output/*/*.data"),
        cif=_IRMOF_CIF,
        tables=_IRMOF_FIELD,
        gases=("shared:CO2",),
        temperature=298.0,
        pressure_pa=5e6,
        charges="table",
        cycles=2000,
    ),
    Case(
        name="CO2 in MFI, 298 K, 10 kPa",
        program=GRASPA,
        output=_G.format("CO2-MFI/298K-1e4Pa-result.txt"),
        cif=_G.format("CO2-MFI/MFI-2x2x2-P1.cif"),
        tables=_G.format("CO2-MFI"),
        gases=("CO2",),
        temperature=298.0,
        pressure_pa=1e4,
        coefficients=(1.0,),
        cutoff=12.8,
        repeats=(1, 1, 1),
        charges="table",
        cycles=5000,
    ),
    Case(
        name="Kr and Xe in a chromium MOF, 273 K, 100 kPa",
        program=GRASPA,
        output=_G.format("XeKr-Mixture/output.txt"),
        cif=_G.format("XeKr-Mixture/25.cif"),
        tables=_G.format("XeKr-Mixture"),
        gases=("Kr", "Xe"),
        temperature=273.0,
        pressure_pa=1e5,
        mole_fractions=(0.1, 0.9),
        coefficients=(0.9973953206, 0.9924222393),
        repeats=(2, 2, 2),
        charges="none",
        cycles=10_000,
    ),
    Case(
        name="CO2 in Mg-MOF-74, 313 K, 1 MPa",
        program=GRASPA,
        output=_G.format("CO2_MgMOF74_UFF/output.txt"),
        cif=_G.format("CO2_MgMOF74_UFF/CONTCAR_charged.cif"),
        tables=_G.format("CO2_MgMOF74_UFF"),
        gases=("CO2",),
        temperature=313.0,
        pressure_pa=1e6,
        coefficients=(1.0,),
        cutoff=14.0,
        repeats=(5, 3, 3),
        cycles=400,
    ),
    Case(
        name="CO2 and CH4 in Zn2(NDC)2(DPNI), 296 K, 500 kPa",
        program=GRASPA,
        output=_G.format("Bae-Mixture/output.txt"),
        cif=_G.format("Bae-Mixture/MATVAF_clean-Bae-PartialCharge-fixed-Original-N2-Charge.cif"),
        tables=_G.format("Bae-Mixture"),
        gases=("CO2", "methane"),
        temperature=296.0,
        pressure_pa=5e5,
        mole_fractions=(0.5, 0.5),
        coefficients=(0.9730021872, 0.9894689168),
        cutoff=12.8,
        repeats=(3, 3, 2),
        cycles=500,
    ),
)


def located(case: Case, name: str) -> Path:
    """A file or folder of an example, of RASPA2's own tables, or of the named frameworks."""
    if name.startswith("named:"):
        archive = shared_data() / "structures" / "named_frameworks_raspa2.tar.xz"
        return unpacked(archive, CACHE) / "named" / name.removeprefix("named:")
    archive = shared_data() / "reference" / f"{case.program}_outputs.tar.xz"
    folder = unpacked(archive, CACHE)
    found = sorted(p for top in (folder, *folder.iterdir()) for p in top.glob(name))
    if not found:
        raise SystemExit(f"{case.name}: there is no {name} in {archive.name}")
    return found[0]


def tables_of(case: Case) -> Path:
    """Folder of the force field."""
    if case.tables.startswith("shared:"):
        folder = shared_data() / "reference" / "forcefields_raspa2"
        return folder / case.tables.removeprefix("shared:")
    folder = located(case, case.tables)
    return _in_raspa2_format(folder) if case.program == GRASPA else folder


def _in_raspa2_format(folder: Path) -> Path:
    """gRASPA's tables with the columns and the word ``none`` that RASPA2 wants."""
    target = CACHE / "graspa_tables" / folder.name
    target.mkdir(parents=True, exist_ok=True)
    rules = (folder / "force_field_mixing_rules.def").read_text()
    rules = re.sub(r"lennard-jones\s+0(\.0)?\s+0(\.0)?\s*$", "none", rules, flags=re.MULTILINE)
    (target / "force_field_mixing_rules.def").write_text(rules)
    lines = []
    for line in (folder / "pseudo_atoms.def").read_text().splitlines():
        words = line.split()
        if not line.startswith("#") and len(words) == 8:
            line = " ".join([*words, "1.0", "1.0", "0", "0", "relative", "0"])
        lines.append(line)
    (target / "pseudo_atoms.def").write_text("\n".join(lines) + "\n")
    for path in folder.glob("*.def"):
        if path.name not in ("force_field_mixing_rules.def", "pseudo_atoms.def", "force_field.def"):
            text = re.sub(r"^0 (\S+)\s*$", r"0 \1 0 0 0", path.read_text(), flags=re.MULTILINE)
            (target / path.name).write_text(text)
    return target


def gas_of(case: Case, name: str) -> Gas:
    """Molecule of an example."""
    tables = tables_of(case)
    if name.startswith("shared:"):
        folder = shared_data() / "reference" / "molecules_raspa2" / "ExampleDefinitions"
        path = folder / f"{name.removeprefix('shared:')}.def"
    else:
        path = tables / f"{name}.def"
    return gas_from_model(gas_model_from_raspa(path, tables=tables), temperature=case.temperature)


def framework_of(case: Case) -> Framework:
    """Framework with types and charges by label, as RASPA does it."""
    tables = tables_of(case)
    crystal = read_cif(located(case, case.cif))
    rules = read_mixing_rules(tables / "force_field_mixing_rules.def")
    known = read_pseudo_atoms(tables / "pseudo_atoms.def")
    rows = {row.name: row for row in rules.rows}
    types: list[AtomType] = []
    index, charges = np.zeros(crystal.n_atoms, dtype=np.int64), np.zeros(crystal.n_atoms)
    place: dict[str, int] = {}
    for atom in range(crystal.n_atoms):
        name = _type_name(crystal, atom, rows)
        if name not in place:
            place[name] = len(types)
            types.append(
                AtomType(
                    name=name,
                    number=int(crystal.numbers[atom]),
                    epsilon_k=rows[name].epsilon_k,
                    sigma=rows[name].sigma,
                    source=rows[name].source,
                )
            )
        index[atom] = place[name]
        if case.charges == "table":
            charges[atom] = known[name].charge
    if case.charges == "cif":
        assert crystal.charges is not None
        charges = np.asarray(crystal.charges)
    field = ForceField(
        name=tables.name,
        citation="",
        types=tuple(types),
        mixing=rules.mixing,
        truncation=rules.truncation,
        tail_correction=rules.tail_correction,
    ).with_options(cutoff=case.cutoff)
    return Framework(
        crystal=crystal, field=field, type_index=index, charges=charges, charge_source=case.charges
    )


def _type_name(crystal: Crystal, atom: int, rows: dict[str, object]) -> str:
    label = crystal.labels[atom]
    letters = re.sub(r"[^A-Za-z].*", "", label)
    for name in (label, f"{letters}_", letters):
        if name in rows:
            return name
    raise SystemExit(f"there is no type for {label}")


def reference(case: Case) -> tuple[list[float], list[float], str]:
    """Loadings of the whole box and their errors [molecules], and the file's hash."""
    path = located(case, case.output)
    text = path.read_text(errors="replace")
    if case.program == RASPA2:
        cells = np.prod([int(n) for n in re.findall(r"Number of unitcells \[[abc]\]: (\d+)", text)])
        found = re.findall(
            r"Average loading absolute \[molecules/unit cell\]\s+(\S+) \+/-\s+(\S+)", text
        )
        return (
            [float(a) * float(cells) for a, _ in found],
            [float(b) * float(cells) for _, b in found],
            sha256(path),
        )
    part = text[text.index("BLOCK AVERAGES (LOADING: # MOLECULES)") :]
    part = part[: part.index("LOADING: mg/g")]
    means, errors = [], []
    for block in part.split("COMPONENT [")[2:]:
        value = re.search(r"Overall: Average: (\S+), ErrorBar: (\S+)", block)
        assert value is not None
        means.append(float(value[1]))
        errors.append(float(value[2]))
    return means, errors, sha256(path)


def run(case: Case) -> list[dict[str, object]]:
    """Sample one example; a row for each gas."""
    start = time.perf_counter()
    framework = framework_of(case)
    gases = [gas_of(case, name) for name in case.gases]
    means, errors, digest = reference(case)
    phase = bulk_phase(
        gases,
        temperature=case.temperature,
        pressure_pa=case.pressure_pa,
        mole_fractions=case.mole_fractions,
    )
    if case.coefficients is not None:
        phase = replace(phase, fugacity_coefficients=np.array(case.coefficients))
    job = job_from_framework(framework, gases=gases, repeats=case.repeats)
    plan = SamplingPlan(cycles=case.cycles)
    with GcmcChild(job, wanted_pairs=wanted_pairs(framework, gases)) as child:
        *_, state = sampled(
            child,
            gases=gases,
            temperature=case.temperature,
            fugacities_pa=[float(f) for f in phase.fugacities_pa],
            plan=plan,
            state=empty_state(gases),
            seed=SEED,
        )
    found = averages(state, temperature=case.temperature, plan=plan)
    rows = []
    for i, gas in enumerate(gases):
        weighted = case.program == GRASPA
        ours = found.molecules[i].mean if weighted else found.cycle_means[i]
        joint = float(np.hypot(found.molecules[i].error, errors[i]))
        rows.append(
            {
                "case": case.name,
                "gas": gas.name,
                "program": case.program,
                "molecules_in_box": round(ours, 3),
                "error": round(found.molecules[i].error, 3),
                "reference": round(means[i], 3),
                "reference_error": round(errors[i], 3),
                "deviation_percent": round(100.0 * (ours / means[i] - 1.0), 2),
                "within_joint_error": abs(ours - means[i]) <= joint,
                "deviation_over_joint_error": round((ours - means[i]) / joint, 2),
                "compared": "weighted" if weighted else "plain mean over cycles",
                "weighted_mean": round(found.molecules[i].mean, 3),
                "heat_kj_per_mol": round(found.heat_k[i].mean * 1e-3 * GAS_CONSTANT, 2),
                "heat_error": round(found.heat_k[i].error * 1e-3 * GAS_CONSTANT, 2),
                "equilibrated": found.equilibrated,
                "cycles": found.n_cycles,
                "cells": "x".join(map(str, job.repeats)),
                "field": framework.field.describe(),
                "seconds": round(time.perf_counter() - start, 1),
                "seed": SEED,
                "data_sha256": digest,
                **run_facts(),
            }
        )
    return rows


def main() -> None:
    """Run what has no row yet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--limit", type=int, default=None, help="most cases to run now")
    parser.add_argument("--only", default="", help="part of a name")
    options = parser.parse_args()
    done = {row["case"] for row in done_rows(ROWS)}
    left = [case for case in CASES if case.name not in done and options.only in case.name]
    for case in left[: options.limit]:
        for row in run(case):
            append_row(ROWS, row)
            print(
                f"{row['case']}: {row['gas']} {row['molecules_in_box']} ± {row['error']}, "
                f"{row['program']} {row['reference']} ± {row['reference_error']} "
                f"({row['deviation_percent']} %), {row['seconds']} s",
                flush=True,
            )
    rows = done_rows(ROWS)
    inside = sum(row["within_joint_error"] == "True" for row in rows)
    print(f"{inside} of {len(rows)} loadings within the joint error")


if __name__ == "__main__":
    main()
