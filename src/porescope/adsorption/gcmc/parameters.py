"""Pair parameters in the engine's terms: one row per type and a mixing rule, nothing else."""

from __future__ import annotations

import math

from porescope.adsorption.force_field import ForceField
from porescope.adsorption.gas import Bead
from porescope.errors import ConfigError

_AGREE = 1e-6


def own_parameters(
    field: ForceField, *, name: str, epsilon_k: float, sigma: float, beads: tuple[Bead, ...]
) -> tuple[float, float]:
    """Parameters of a framework type from which the mixing rule gives its pairs with all beads.

    Energies within the framework do not count, so where the field gives the pairs by rows of their
    own, parameters are chosen that mix to them.

    Parameters
    ----------
    field:
        Force field with its rule and its own rows.
    name, epsilon_k, sigma:
        The framework type; NaN where the field knows only its pairs.
    beads:
        All beads of all gases.

    Returns
    -------
    :
        Epsilon [K] and sigma [Å] for the engine.

    Raises
    ------
    ConfigError
        Where no parameters mix to all the pairs.
    """
    sites = {b.type: b for b in beads if b.epsilon_k > 0.0}
    if not sites:
        return 0.0, 1.0
    wanted = {
        b.type: field.mixed((name, epsilon_k, sigma), (b.type, b.epsilon_k, b.sigma))
        for b in sites.values()
    }
    chosen = epsilon_k, sigma
    if not all(_close(_mix(field, chosen, b), wanted[b.type]) for b in sites.values()):
        deepest = max(sites.values(), key=lambda b: b.epsilon_k)
        pair = wanted[deepest.type]
        chosen = _unmix(field, pair, deepest)
    for bead in sites.values():
        if not _close(_mix(field, chosen, bead), wanted[bead.type]):
            raise ConfigError(_not_expressible(field, f"{name} with {', '.join(sites)}"))
    return chosen


def check_guest_pairs(field: ForceField, *, beads: tuple[Bead, ...]) -> None:
    """Refuse a field whose pairs among beads the mixing rule does not give.

    Raises
    ------
    ConfigError
        With the pair.
    """
    for first in beads:
        for second in beads:
            wanted = field.mixed(
                (first.type, first.epsilon_k, first.sigma),
                (second.type, second.epsilon_k, second.sigma),
            )
            if wanted[0] == 0.0 and first.epsilon_k * second.epsilon_k == 0.0:
                continue
            if not _close(_mix(field, (first.epsilon_k, first.sigma), second), wanted):
                raise ConfigError(_not_expressible(field, f"{first.type} with {second.type}"))


def _mix(field: ForceField, own: tuple[float, float], bead: Bead) -> tuple[float, float]:
    epsilon = math.sqrt(own[0] * bead.epsilon_k)
    if field.mixing == "geometric":
        return epsilon, math.sqrt(max(0.0, own[1]) * bead.sigma)
    return epsilon, 0.5 * (own[1] + bead.sigma)


def _unmix(field: ForceField, pair: tuple[float, float], bead: Bead) -> tuple[float, float]:
    epsilon = pair[0] ** 2 / bead.epsilon_k
    if field.mixing == "geometric":
        return epsilon, pair[1] ** 2 / bead.sigma
    return epsilon, 2.0 * pair[1] - bead.sigma


def _close(first: tuple[float, float], second: tuple[float, float]) -> bool:
    if first[0] == second[0] == 0.0:
        return True
    return all(math.isclose(a, b, rel_tol=_AGREE) for a, b in zip(first, second, strict=True))


def _not_expressible(field: ForceField, pair: str) -> str:
    return (
        f"the force field {field.name} has pair parameters of {pair} that its mixing rule does not "
        "give, and the Python interface of RASPA3 takes only parameters of single types; write "
        "the input with porescope.io.raspa3_input.write_raspa3_input and run the program raspa3 "
        "(https://github.com/iRASPA/raspa3) in that folder, or choose another field"
    )
