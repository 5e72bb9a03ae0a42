"""The child process that runs RASPA3: a job comes as JSON lines, answers leave as JSON lines.

    python -m porescope.adsorption.gcmc.worker

The first line is the job; the answer ``echo`` says what the engine made of it. Each further line is
a stage; ``progress`` and at last ``stage`` answer it. The end of the input ends the process. The
library that reads crystals must not be imported here: both in one process crash.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import signal
import sys
import warnings
from typing import Any, TextIO

ENERGY_K = 1.2027242847
"""Kelvin in the engine's unit of energy, 10 J/mol."""

_PAIR = re.compile(
    r"^\s*(\w+)\s+-\s+(\w+)\s+Lennard-Jones\s+\S+:\s*([-+\d.eE]+) \[K\],\s*\S+:\s*([-+\d.eE]+)"
)
_NO_PAIR = re.compile(r"^\s*(\w+)\s+-\s+(\w+)\s+None\s*$")
_SHIFT = re.compile(r"^\s*shift:\s*([-+\d.eE]+) \[K\], tailcorrections: (\w+)")
_ATOM = re.compile(r"^\s*\d+: type\s+(\d+) position\s+(\S+)\s+(\S+)\s+(\S+), charge\s+(\S+)")


def pairs_from_text(text: str) -> list[list[Any]]:
    """Names, epsilon [K], sigma [Å], shift [K] and tail correction of each pair, as printed."""
    rows: list[list[Any]] = []
    for line in text.splitlines():
        if found := _PAIR.match(line):
            rows.append([found[1], found[2], float(found[3]), float(found[4]), 0.0, False])
        elif found := _NO_PAIR.match(line):
            rows.append([found[1], found[2], 0.0, 1.0, 0.0, False])
        elif (found := _SHIFT.match(line)) and rows:
            rows[-1][4:] = [float(found[1]), found[2] == "true"]
    return rows


def atoms_from_text(text: str) -> list[list[float]]:
    """Type, fractional position and charge of each atom of the cell, as printed."""
    return [
        [float(value) for value in found.groups()]
        for line in text.splitlines()
        if (found := _ATOM.match(line))
    ]


class Engine:
    """The objects of RASPA3 for one job."""

    def __init__(self, job: dict[str, Any]) -> None:
        # The package's own stubs do not match its classes.
        self.raspa: Any = importlib.import_module("raspalib")
        self.job = job
        self.force_field = self._force_field()
        self.framework = self._framework()
        self.system: Any = None
        self.last: tuple[Any, ...] | None = None

    def _force_field(self) -> Any:
        raspa, job = self.raspa, self.job
        atoms = [
            raspa.PseudoAtom(s["name"], s["is_framework"], s["mass"], s["charge"], 0.0, s["number"])
            for s in job["sites"]
        ]
        pairs = [raspa.VDWParameters(s["epsilon_k"], s["sigma"]) for s in job["sites"]]
        rules = raspa.ForceField.MixingRule
        rule = rules.JORGENSEN if job["mixing"] == "geometric" else rules.LORENTZ_BERTHELOT
        cutoff = job["cutoff"]
        return raspa.ForceField(
            atoms,
            pairs,
            rule,
            cutoff,
            cutoff,
            cutoff,
            job["shifted"],
            job["tail_correction"],
            job["charged"],
        )

    def _box(self, repeats: list[int]) -> Any:
        a, b, c, alpha, beta, gamma = self.job["cell"]
        lengths = [n * length for n, length in zip(repeats, (a, b, c), strict=True)]
        if all(abs(angle - 90.0) < 1e-9 for angle in (alpha, beta, gamma)):
            return self.raspa.SimulationBox(*lengths)
        # The engine takes angles in radians.
        return self.raspa.SimulationBox(*lengths, *map(math.radians, (alpha, beta, gamma)))

    def _framework(self) -> Any:
        given = self.job["framework"]
        if given is None:
            return None
        rows = zip(given["frac"], given["charges"], given["sites"], strict=True)
        atoms = [
            self.raspa.Atom(list(frac), charge, 1.0, 0, site, 0, 0, 0)
            for frac, charge, site in rows
        ]
        return self.raspa.Framework(
            self.force_field, "framework", self._box([1, 1, 1]), 1, atoms, self.job["repeats"]
        )

    def _components(self, stage: dict[str, Any]) -> list[Any]:
        total = sum(stage["fugacities_pa"])
        count = len(self.job["components"])
        made = []
        for index, gas in enumerate(self.job["components"]):
            beads = zip(gas["positions"], gas["sites"], strict=True)
            atoms = [
                self.raspa.Atom(
                    list(place), self.job["sites"][site]["charge"], 1.0, 0, site, index, 0, 0
                )
                for place, site in beads
            ]
            made.append(
                self.raspa.Component(
                    self.force_field,
                    f"gas{index}",
                    gas["critical_temperature"],
                    gas["critical_pressure_pa"],
                    gas["acentric_factor"],
                    atoms,
                    particle_probabilities=self._moves(stage["moves"]),
                    # The engine shares the pressure equally among the gases.
                    fugacity_coefficient=count * stage["fugacities_pa"][index] / total,
                    blocking_pockets=[tuple(sphere) for sphere in gas["blocked"]],
                )
            )
        return made

    def _moves(self, moves: dict[str, float]) -> Any:
        return self.raspa.MCMoveProbabilities(
            translation_probability=moves["translation"],
            rotation_probability=moves["rotation"],
            reinsertion_cbmc_probability=moves["reinsertion"],
            swap_probability=moves["swap"],
            swap_cbmc_probability=moves["swap_biased"],
            identity_change_probability=moves["identity"],
        )

    def _new_system(self, stage: dict[str, Any], positions: list[Any]) -> Any:
        return self.raspa.System(
            self.force_field,
            None if self.framework is not None else self._box(self.job["repeats"]),
            False,
            stage["temperature"],
            float(sum(stage["fugacities_pa"])),
            0.0,
            self.framework,
            self._components(stage),
            [[list(place) for place in places] for places in positions],
            [0 for _ in positions],
        )

    def echo(self) -> dict[str, Any]:
        """What the engine says of the structure that it has loaded."""
        answer: dict[str, Any] = {
            "kind": "echo",
            "engine": f"RASPA3 (raspalib {self.raspa.__version__})",
            "pairs": pairs_from_text(str(self.force_field)),
        }
        empty = self._new_system(
            {
                "temperature": 300.0,
                "fugacities_pa": [1.0 for _ in self.job["components"]],
                "moves": dict.fromkeys(
                    ("translation", "rotation", "reinsertion", "swap", "swap_biased", "identity"),
                    1.0,
                ),
            },
            [[] for _ in self.job["components"]],
        )
        answer["volume"] = empty.simulation_box.volume
        if self.framework is not None:
            text = str(self.framework)
            answer["atoms"] = atoms_from_text(text)
            answer["n_atoms_box"] = len(empty.atom_data)
            answer["mass"] = empty.framework_mass()
            found = re.search(r"net charge:\s*(\S+)", text)
            answer["charge"] = float(found[1]) if found else float("nan")
        return answer

    def positions(self) -> list[list[list[float]]]:
        """Positions of all beads of each gas."""
        counts = list(self.system.number_of_molecules_per_component)
        sizes = [len(gas["sites"]) for gas in self.job["components"]]
        beads = [n * size for n, size in zip(counts, sizes, strict=True)]
        atoms = self.system.atom_data
        start = len(atoms) - sum(beads)
        out = []
        for n in beads:
            out.append([[round(x, 6) for x in a.position] for a in atoms[start : start + n]])
            start += n
        return out

    def run(self, stage: dict[str, Any], answer: Any) -> dict[str, Any]:
        """Run the cycles of a stage; its result is the answer."""
        raspa, cycles = self.raspa, stage["cycles"]
        state = (stage["temperature"], stage["fugacities_pa"], stage["moves"])
        if stage["positions"] is not None or self.system is None or state != self.last:
            start = stage["positions"]
            if start is None:
                empty = [[] for _ in self.job["components"]]
                start = empty if self.system is None else self.positions()
            self.system = self._new_system(stage, start)
        self.last = state
        count = len(self.job["components"])
        self.system.set_property_number_of_molecules_evolution(
            raspa.PropertyNumberOfMoleculesEvolution(cycles, count, 1, None)
        )
        self.system.set_property_conserved_energy_evolution(
            raspa.PropertyConservedEnergyEvolution(cycles, 1, None)
        )
        control = raspa.MonteCarlo(
            cycles,
            0,
            0,
            print_every=cycles + 1,
            write_binary_restart_every=cycles + 1,
            systems=[self.system],
            random_seed=stage["seed"],
            output_to_files=False,
        )
        samples: list[Any] = []
        done = 0
        step = stage["sample_every"] or stage["report_every"]

        def after() -> None:
            nonlocal done
            self.system = control.systems[0]
            if stage["sample_every"] and done:
                samples.append(self.positions())
            loaded = list(self.system.number_of_molecules_per_component)
            answer({"kind": "progress", "done": min(done, cycles), "loaded": loaded})
            done += step

        control.setup()
        control.initialize()
        control.equilibrate()
        control.production(after, min(step, cycles))
        self.system = control.systems[0]
        control.tear_down()
        loadings = self.system.property_number_of_molecules_evolution.result
        energies = self.system.property_conserved_energy_evolution.result()
        return {
            "kind": "stage",
            "loadings": [list(map(int, series)) for series in loadings],
            "energies_k": [round(each.potential_energy(), 4) for each in energies],
            "last_energy_k": self.system.compute_total_energies().potential_energy() * ENERGY_K,
            "positions": self.positions(),
            "samples": samples,
        }


def serve(lines: TextIO, out: TextIO) -> None:
    """Answer the lines that come until they end."""

    def answer(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    engine = None
    for line in lines:
        if not line.strip():
            continue
        message = json.loads(line)
        if engine is None:
            engine = Engine(message)
            answer(engine.echo())
        else:
            answer(engine.run(message, answer))


def main() -> None:
    """Serve standard input; interrupts are for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["RASPALIB_QUIET"] = "1"
    warnings.simplefilter("ignore", RuntimeWarning)
    # The engine prints to standard output now and then: only answers may go there.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
