"""What the retrieval space reads of one crystal or one card, as it reads the library's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from porescope.crystal.space_group import P1
from porescope.crystal.structure import Crystal
from porescope.datasets.cards import PowderCard
from porescope.datasets.making import CardConfig, card_reflections, without_displacements
from porescope.datasets.retrieval_set import ELEMENT_SLOTS, composition_of
from porescope.diffraction.scattering import MAX_ATOMIC_NUMBER
from porescope.errors import ConfigError
from porescope.models.inputs import CrystalInputs
from porescope.models.retrieval.predict import batch_of_crystals
from porescope.training.peak_corruption import MAX_LINES


def lines_of_crystal(
    crystal: Crystal,
) -> tuple[Float[np.ndarray, "lines"], Float[np.ndarray, "lines"]]:
    """Q [1/Å] and strengths of a crystal's ideal lines, made as the library's cards are.

    Lines of equal spacing are one, so that the choice of the cell does not matter.

    Parameters
    ----------
    crystal:
        The structure.
    """
    hkl, strength, _ = card_reflections(without_displacements(crystal), config=CardConfig())
    q = 2.0 * np.pi * np.linalg.norm(hkl @ np.linalg.inv(crystal.lattice).T, axis=1)
    return q, strength


def inputs_of_crystal(crystal: Crystal) -> CrystalInputs:
    """What the encoder reads of a crystal."""
    q, strength = lines_of_crystal(crystal)
    numbers = np.where(
        (crystal.numbers > 0) & (crystal.numbers < ELEMENT_SLOTS), crystal.numbers, 0
    )
    amount = np.bincount(numbers, weights=crystal.occupancy, minlength=ELEMENT_SLOTS)
    return _inputs_of_lines(
        q,
        strength,
        composition=amount / amount.sum(),
        volume_per_atom=crystal.volume / float(amount.sum()),
        name=crystal.name,
    )


def inputs_of_card(card: PowderCard) -> CrystalInputs:
    """What the encoder reads of a card that is in no library."""
    return _inputs_of_lines(
        2.0 * np.pi / card.d,
        card.intensity_xray,
        composition=composition_of(card.formula),
        volume_per_atom=card.volume / card.n_atoms,
        name=card.title,
    )


def _inputs_of_lines(
    q: Float[np.ndarray, "lines"],
    strength: Float[np.ndarray, "lines"],
    *,
    composition: Float[np.ndarray, "101"],
    volume_per_atom: float,
    name: str,
) -> CrystalInputs:
    kept = np.argsort(-strength, kind="stable")[:MAX_LINES]
    kept = kept[strength[kept] > 1e-9 * strength.max(initial=0.0)]
    if not len(kept):
        raise ConfigError(f"the crystal {name!r} has no lines; check its atoms and cell")
    return batch_of_crystals(
        q[kept][None].astype(np.float32),
        np.log(strength[kept] / strength.max())[None].astype(np.float32),
        mask=np.ones((1, len(kept)), dtype=bool),
        composition=composition[None].astype(np.float32),
        volume_per_atom=np.array([volume_per_atom], dtype=np.float32),
    )


def known_part(crystal: Crystal) -> Crystal:
    """The crystal without atoms that no form factor is known of.

    Raises
    ------
    ConfigError
        Where nothing is left.
    """
    known = is_known(crystal)
    if known.all() and len(known):
        return crystal
    if not known.any():
        raise ConfigError(
            f"no atom of the crystal {crystal.name!r} is of a known element; check its symbols"
        )
    return replace(
        crystal,
        frac=crystal.frac[known],
        numbers=crystal.numbers[known],
        occupancy=crystal.occupancy[known],
        u_iso=crystal.u_iso[known],
        u_aniso=None,
        isotopes=None,
        charges=None,
        labels=(),
        space_group=P1,
        orbit=None,
    )


def is_known(crystal: Crystal) -> Bool[np.ndarray, "atoms"]:
    """Which atoms are of an element with a form factor."""
    return (crystal.numbers >= 1) & (crystal.numbers <= MAX_ATOMIC_NUMBER)
