"""The blocks of the best assembled candidates, fitted to the pattern."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from porescope.crystal.lattice import niggli_lattice
from porescope.crystal.structure import Crystal
from porescope.datasets.cards import PowderCard, centring_vectors
from porescope.errors import PorescopeError
from porescope.reticular.assembly import Assembly
from porescope.workflows.candidate_fits import FitTask
from porescope.workflows.proposal_fit import fit_proposal, in_cell
from porescope.workflows.proposal_space import fitted_proposal
from porescope.workflows.propose import Proposal

MOST_ATOMS = 400
"""Assemblies with more atoms are left as they are."""
_log = logging.getLogger(__name__)


def crystal_with_fitted_blocks(
    proposal: Proposal,
    card: PowderCard,
    *,
    lattice: Float[np.ndarray, "3 3"],
    task: FitTask,
) -> Crystal:
    """An assembled framework in its fitted cell, its blocks moved where the pattern asks for it.

    Parameters
    ----------
    proposal:
        The framework.
    card:
        Its card.
    lattice:
        The fitted cell in the setting of the card [Å].
    task:
        The pattern.
    """
    plain = fitted_proposal(card, lattice, proposal.crystal)
    start = assembly_in_cell(proposal.assembly, card, lattice=lattice)
    if start is None or start.n_atoms > MOST_ATOMS:
        return plain
    try:
        fitted = fit_proposal(start, task=task)
    except PorescopeError as error:
        _log.info("blocks of %s were not fitted: %s", proposal.id, error)
        return plain
    if not fitted.accepted:
        return plain
    return replace(fitted.crystal, name=proposal.crystal.name)


def assembly_in_cell(
    assembly: Assembly, card: PowderCard, *, lattice: Float[np.ndarray, "3 3"]
) -> Assembly | None:
    """An assembly with the strain that a fit of its card found.

    Parameters
    ----------
    assembly:
        As it was assembled.
    card:
        Made of it: in the conventional cell.
    lattice:
        The card's cell after the fit [Å].

    Returns
    -------
    :
        The strained assembly; ``None`` where the card's primitive cell is another one, as where
        symmetry made the cell smaller.
    """
    _, own = niggli_lattice(assembly.lattice)
    centring = centring_vectors(card.space_group_symbol[:1])
    _, theirs = niggli_lattice(centring @ card.lattice)
    to_own = np.linalg.inv(own.astype(np.float64)) @ theirs @ centring
    unstrained = to_own @ card.lattice
    before, after = _metric(assembly.lattice), _metric(unstrained)
    if not np.allclose(before, after, rtol=0.02, atol=0.02 * float(before.max())):
        return None
    left, _, right = np.linalg.svd((to_own @ lattice).T @ assembly.lattice)
    return in_cell(assembly, to_own @ lattice @ (left @ right))


def _metric(lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    return lattice @ lattice.T
