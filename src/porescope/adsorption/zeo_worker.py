"""The child process that runs Zeo++: jobs come as JSON lines, answers leave as JSON lines.

    python -m porescope.adsorption.zeo_worker

Zeo++ may end its process, and prints as it works; here neither harms the caller.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

_NUMBER = re.compile(r"([A-Za-z_0-9^/]+):\s*(-?[0-9.][0-9.eE+-]*|-?nan|-?inf)")
_COUNT = re.compile(r"Number_of_(channels|pockets):\s*(\d+)")


def cif_text(job: dict[str, Any]) -> str:
    """The structure as a CIF in P1 whose labels are plain elements."""
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = ["data_job"]
    lines += [f"_cell_{name} {value:.8f}" for name, value in zip(names, job["cell"], strict=True)]
    lines += ["_symmetry_space_group_name_H-M 'P 1'", "_symmetry_Int_Tables_number 1"]
    lines += ["loop_", "_symmetry_equiv_pos_as_xyz", "'x,y,z'", "loop_"]
    lines += ["_atom_site_label", "_atom_site_type_symbol"]
    lines += [f"_atom_site_fract_{axis}" for axis in "xyz"]
    for symbol, (x, y, z) in zip(job["symbols"], job["frac"], strict=True):
        lines.append(f"{symbol} {symbol} {x:.8f} {y:.8f} {z:.8f}")
    return "\n".join(lines) + "\n"


def numbers_from_text(text: str) -> dict[str, float]:
    """Named numbers of the answer of Zeo++ on surface or volume, with the counts of pores."""
    found = {name: float(value) for name, value in _NUMBER.findall(text)}
    found |= {f"n_{name}": float(value) for name, value in _COUNT.findall(text)}
    return found


def diameters_from_text(text: str) -> list[float]:
    """Largest included, free, and included along the free path [Å] of a ``.res`` file."""
    return [float(value) for value in text.split()[-3:]]


def run(job: dict[str, Any], *, folder: Path) -> dict[str, Any]:
    """Measure one structure."""
    zeo: Any = importlib.import_module("pyzeo")
    structure, radii, result = folder / "job.cif", folder / "job.rad", folder / "job.res"
    structure.write_text(cif_text(job))
    radii.write_text("".join(f"{symbol} {radius:.6f}\n" for symbol, radius in job["radii"].items()))

    def atoms() -> Any:
        return zeo.AtomNetwork.read_from_CIF(str(structure), rad_flag=True, rad_file=str(radii))

    network = atoms()
    n_atoms = int(network.no_atoms)
    if job["accuracy"]:
        zeo.high_accuracy_atomnet(network, job["accuracy"])
    result.unlink(missing_ok=True)
    network.calculate_free_sphere_parameters(str(result))
    answer: dict[str, Any] = {
        "n_atoms": n_atoms,
        "diameters": diameters_from_text(result.read_text()),
    }
    high, probe = bool(job["accuracy"]), job["probe_radius"]
    for name, call, samples in (
        ("surface", zeo.surface_area, job["surface_samples"]),
        ("volume", zeo.volume, job["volume_samples"]),
    ):
        found = call(atoms(), probe, probe, samples, high_accuracy=high)
        text = found[0] if isinstance(found, tuple) else found
        answer[name] = numbers_from_text(text.decode())
    return answer


def main() -> None:
    """Answer jobs until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    with tempfile.TemporaryDirectory(prefix="porescope-zeo-") as folder:
        for line in sys.stdin:
            answer = run(json.loads(line), folder=Path(folder))
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
