"""Widom insertion of one spherical gas by RASPA3, in a process of its own.

Reads one JSON job a line from standard input and answers with one JSON line: the mean Rosenbluth
weight, its standard error and the seconds that RASPA3 took. Nothing of porescope is imported here:
gemmi and raspalib do not live in one process.
"""

import json
import os
import sys
import time
import warnings

os.environ["RASPALIB_QUIET"] = "1"
warnings.simplefilter("ignore")
import raspalib as raspa  # noqa: E402

STUDENT_T = {5: 2.776445}


def widom(job: dict) -> dict:
    """One run; half widths of RASPA's five blocks are turned back into a standard error."""
    atoms = [raspa.PseudoAtom(job["gas"]["name"], False, job["gas"]["mass"], 0.0, 0.0, 6)]
    atoms += [raspa.PseudoAtom(t["name"], True, t["mass"], 0.0, 0.0, 1) for t in job["types"]]
    parameters = [raspa.VDWParameters(job["gas"]["epsilon_k"], job["gas"]["sigma"])]
    parameters += [raspa.VDWParameters(t["epsilon_k"], t["sigma"]) for t in job["types"]]
    cutoff = job["cutoff"]
    started = time.process_time()
    field = raspa.ForceField(
        atoms,
        parameters,
        raspa.ForceField.MixingRule.LORENTZ_BERTHELOT,
        cutoff,
        cutoff,
        cutoff,
        job["shifted"],
        False,
        False,
    )
    sites = [
        raspa.Atom(position, 0.0, 1.0, 0, 1 + kind, 0, 0, 0)
        for position, kind in zip(job["frac"], job["type_index"], strict=True)
    ]
    a, b, c, alpha, beta, gamma = job["parameters"]
    degrees = 3.141592653589793 / 180.0
    box = (
        raspa.SimulationBox(a, b, c)
        if alpha == beta == gamma == 90.0
        else raspa.SimulationBox(a, b, c, alpha * degrees, beta * degrees, gamma * degrees)
    )
    framework = raspa.Framework(field, "framework", box, 1, sites, job["cells"])
    component = raspa.Component(
        field,
        job["gas"]["name"],
        190.0,
        4.6e6,
        0.01,
        [raspa.Atom([0.0, 0.0, 0.0], 0.0, 1.0, 0, 0, 0, 0, 0)],
        particle_probabilities=raspa.MCMoveProbabilities(widom_probability=1.0),
    )
    system = raspa.System(
        field, None, False, job["temperature"], None, 0.29, framework, [component], [[]], [0]
    )
    run = raspa.MonteCarlo(
        job["cycles"], 0, 0, systems=[system], random_seed=job["seed"], output_to_files=False
    )
    run.setup()
    run.initialize()
    run.equilibrate()
    run.production()
    run.tear_down()
    seconds = time.process_time() - started
    mean, half_width = run.systems[0].components[0].average_rosenbluth_weights.result()
    return {"mean": mean, "error": half_width / STUDENT_T[5], "seconds": seconds}


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        answers.write(json.dumps(widom(json.loads(line))) + "\n")
        answers.flush()
