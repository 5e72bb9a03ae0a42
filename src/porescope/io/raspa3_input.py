"""Input folders of the program raspa3, for what its Python interface cannot express.

Format: manual of RASPA3, https://doi.org/10.1063/5.0226249 and https://github.com/iRASPA/raspa3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gemmi
import numpy as np

from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.gcmc.job import JobMoves
from porescope.adsorption.gcmc.plan import moves_for
from porescope.adsorption.gcmc.prepare import Spheres
from porescope.adsorption.gcmc.supercell import repeats_for_cutoff
from porescope.errors import ConfigError


def write_raspa3_input(
    folder: str | Path,
    *,
    framework: Framework,
    gases: Sequence[Gas],
    temperature: float,
    fugacities_pa: Sequence[float],
    cycles: int = 50_000,
    initialization_cycles: int = 20_000,
    repeats: tuple[int, int, int] | None = None,
    blocked: Spheres | Mapping[str, Spheres] = (),
) -> tuple[Path, ...]:
    """Write ``simulation.json``, ``force_field.json``, the framework and the molecules.

    Run ``raspa3`` in the folder. Pairs of the field that no mixing rule gives are written as
    binary interactions, so fields that :func:`porescope.workflows.isotherm.run_isotherm` refuses
    can be run in this way.

    Parameters
    ----------
    folder:
        Where the files go; made where it does not exist.
    framework:
        Framework with its force field and charges.
    gases:
        Rigid molecules.
    temperature:
        Temperature [K].
    fugacities_pa:
        Fugacity of each gas [Pa].
    cycles, initialization_cycles:
        Cycles of production, and before it.
    repeats:
        Cells along a, b and c; by default as few as the cutoff allows.
    blocked:
        Spheres that no molecule may enter, fractional centre and radius [Å], or such spheres by
        the name of the gas.

    Returns
    -------
    :
        The files.

    Raises
    ------
    ConfigError
        A gas is flexible, or the numbers of gases and fugacities differ.
    """
    if len(fugacities_pa) != len(gases):
        raise ConfigError(
            f"expected {len(gases)} fugacities, one for each gas, got {len(fugacities_pa)}"
        )
    for gas in gases:
        if gas.is_flexible:
            raise ConfigError(f"{gas.name} is flexible; only rigid molecules can be written")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    cells = repeats or repeats_for_cutoff(framework.crystal.lattice, cutoff=framework.field.cutoff)
    contents: dict[str, str] = {
        "force_field.json": _json(_force_field(framework, gases)),
        "framework.cif": _framework_cif(framework),
        "simulation.json": _json(
            _simulation(
                framework,
                gases,
                temperature=temperature,
                fugacities_pa=fugacities_pa,
                cycles=(cycles, initialization_cycles),
                repeats=cells,
            )
        ),
    }
    for gas in gases:
        spheres = blocked.get(gas.name, ()) if isinstance(blocked, Mapping) else blocked
        contents[f"{gas.name}.json"] = _json(_molecule(gas, spheres))
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in contents)


def _type_names(framework: Framework) -> dict[int, str]:
    """Names of the framework's types, distinct from those of all beads."""
    rows = sorted(set(framework.type_index.tolist()))
    return {row: f"{framework.field.types[row].name}_f" for row in rows}


def _force_field(framework: Framework, gases: Sequence[Gas]) -> dict[str, Any]:
    field, names = framework.field, _type_names(framework)
    beads = list({bead.type: bead for gas in gases for bead in gas.beads}.values())
    source = field.citation or field.name
    atoms: list[dict[str, Any]] = []
    own: list[dict[str, Any]] = []
    for row, name in names.items():
        kind = field.types[row]
        known = np.isfinite(kind.epsilon_k) and np.isfinite(kind.sigma)
        atoms.append(
            {
                "name": name,
                "framework": True,
                "print_to_output": True,
                "element": gemmi.Element(kind.number).name,
                "print_as": gemmi.Element(kind.number).name,
                "mass": float(gemmi.Element(kind.number).weight),
                "charge": 0.0,
            }
        )
        values = [kind.epsilon_k, kind.sigma] if known else [0.0, 1.0]
        own.append(_lennard_jones(values, kind.source or source) | {"name": name})
    for bead in beads:
        element = gemmi.Element(bead.number).name if bead.number else "X"
        atoms.append(
            {
                "name": bead.type,
                "framework": False,
                "print_to_output": True,
                "element": element,
                "print_as": element,
                "mass": bead.mass,
                "charge": bead.charge,
            }
        )
        own.append(
            _lennard_jones([bead.epsilon_k, bead.sigma if bead.epsilon_k > 0.0 else 1.0], source)
            | {"name": bead.type}
        )
    rule = {"lorentz-berthelot": "Lorentz-Berthelot", "geometric": "Jorgensen"}
    return {
        "MixingRule": rule[field.mixing],
        "TruncationMethod": field.truncation,
        "TailCorrections": field.tail_correction,
        "PseudoAtoms": atoms,
        "SelfInteractions": own,
        "BinaryInteractions": _binary(framework, beads, names),
    }


def _binary(
    framework: Framework, beads: Sequence[Any], names: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Pairs with beads that the field gives by rows of their own."""
    field = framework.field
    plain = replace(field, pairs=())
    rows = []
    sides = [(names[row], field.types[row]) for row in names]
    sides += [(bead.type, bead) for bead in beads]
    for index, (name, first) in enumerate(sides):
        for second in beads[max(0, index - len(names)) :]:
            one = (getattr(first, "name", name), first.epsilon_k, first.sigma)
            two = (second.type, second.epsilon_k, second.sigma)
            pair = field.mixed(one, two)
            known = bool(np.isfinite(first.epsilon_k))
            if known and plain.mixed(one, two) == pair:
                continue
            rows.append(_lennard_jones(list(pair), field.name) | {"names": [name, second.type]})
    return rows


def _lennard_jones(values: Sequence[float], source: str) -> dict[str, Any]:
    return {
        "type": "lennard-jones",
        "parameters": [float(value) for value in values],
        "source": source,
    }


def _framework_cif(framework: Framework) -> str:
    """The framework in P1; labels are the names of the types, by which the program finds them."""
    names, crystal = _type_names(framework), framework.crystal
    lines = ["data_framework", ""]
    tags = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    for tag, value in zip(tags, crystal.parameters.tolist(), strict=True):
        lines.append(f"_cell_{tag} {value:.8f}")
    lines += ["_space_group_name_H-M_alt 'P 1'", "_space_group_IT_number 1", "", "loop_"]
    columns = ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "charge")
    lines += [f"_atom_site_{column}" for column in columns]
    for atom, row in enumerate(framework.type_index.tolist()):
        symbol = gemmi.Element(int(crystal.numbers[atom])).name
        place = " ".join(f"{x:.8f}" for x in crystal.frac[atom].tolist())
        lines.append(f"{names[row]} {symbol} {place} {framework.charges[atom]:.6f}")
    return "\n".join(lines) + "\n"


def _simulation(
    framework: Framework,
    gases: Sequence[Gas],
    *,
    temperature: float,
    fugacities_pa: Sequence[float],
    cycles: tuple[int, int],
    repeats: tuple[int, int, int],
) -> dict[str, Any]:
    total = float(sum(fugacities_pa))
    moves = moves_for(gases)
    return {
        "SimulationType": "MonteCarlo",
        "NumberOfCycles": cycles[0],
        "NumberOfInitializationCycles": cycles[1],
        "PrintEvery": max(1, cycles[0] // 50),
        "Systems": [
            {
                "Type": "Framework",
                "Name": "framework",
                "NumberOfUnitCells": list(repeats),
                "CutOffVDW": framework.field.cutoff,
                "CutOffCoulomb": framework.field.cutoff,
                "ChargeMethod": "Ewald" if any(gas.is_charged for gas in gases) else "None",
                "ExternalTemperature": temperature,
                "ExternalPressure": total,
            }
        ],
        "Components": [
            {
                "Name": gas.name,
                # Fugacities are given, so the coefficients are one.
                "FugacityCoefficient": 1.0,
                "MolFraction": float(fugacity) / total,
                "CreateNumberOfMolecules": 0,
                **_probabilities(moves),
            }
            for gas, fugacity in zip(gases, fugacities_pa, strict=True)
        ],
    }


def _probabilities(moves: JobMoves) -> dict[str, float]:
    named = {
        "TranslationProbability": moves.translation,
        "RotationProbability": moves.rotation,
        "ReinsertionProbability": moves.reinsertion,
        "SwapProbability": moves.swap + moves.swap_biased,
    }
    return {name: value for name, value in named.items() if value > 0.0}


def _molecule(gas: Gas, spheres: Spheres) -> dict[str, Any]:
    content: dict[str, Any] = {
        "CriticalTemperature": gas.critical_temperature,
        "CriticalPressure": gas.critical_pressure_pa,
        "AcentricFactor": gas.acentric_factor,
        "Type": "rigid",
        "pseudoAtoms": [
            [bead.type, [float(x) for x in place]]
            for bead, place in zip(gas.beads, gas.positions, strict=True)
        ],
    }
    if spheres:
        content["BlockingPockets"] = [[float(value) for value in sphere] for sphere in spheres]
    return content


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
