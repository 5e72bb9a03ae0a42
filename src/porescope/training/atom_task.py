"""Learn values of atoms, such as charges, from crystals that carry them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from porescope.crystal.structure import Crystal
from porescope.datasets.property_set import PropertySet
from porescope.models.property.loss import fit_atoms
from porescope.models.property.quotient import quotient_of
from porescope.models.property_inputs import PropertyBatch
from porescope.models.property_model import PropertyModel
from porescope.training.property_metrics import property_metrics
from porescope.training.property_task import Prepared, PropertyTask

_SCALED_BY = 500  # crystals whose atoms give the scale


def charges_of_orbits(crystal: Crystal) -> Float[np.ndarray, "unique"]:
    """Mean charge of the atoms that symmetry makes equal [e], as a network reads the crystal.

    Parameters
    ----------
    crystal:
        A crystal with charges.
    """
    assert crystal.charges is not None
    quotient = quotient_of(crystal)
    return np.bincount(quotient.orbit, weights=crystal.charges) / quotient.multiplicity


class _PreparedAtoms(Prepared):
    """Crystals with the values of their atoms."""

    def described(self, row: int, *, generator: np.random.Generator | None) -> PropertyBatch:
        """A row's batch of one crystal with the values of its atoms, made anew."""
        charges = torch.from_numpy(charges_of_orbits(self.crystal(row))[:, None]).float()
        return replace(super().described(row, generator=generator), atom_targets=charges)


class ChargeTask(PropertyTask):
    """Learn the charges of the crystals of a set; see :class:`PropertyTask`.

    The loss and the watched metric are mean absolute errors over the atoms that symmetry does not
    make equal.

    Parameters
    ----------
    data, sides, model, preset, config, seed:
        As for :class:`PropertyTask`; the crystals have charges, and the model's places are atoms.
    """

    prepares = _PreparedAtoms

    def shift_and_scale(
        self,
    ) -> tuple[Float[np.ndarray, "targets"], Float[np.ndarray, "targets"]]:
        """No shift, so that zero stays zero, and the spread of the charges of some crystals."""
        some = np.random.default_rng(self.seed).permutation(self.train_rows)[:_SCALED_BY]
        known = np.concatenate([_charges(self.data, int(row)) for row in some])
        return np.zeros(1, dtype=np.float32), np.array([known.std()], dtype=np.float32)

    def loss(self, model: nn.Module, batch: PropertyBatch) -> Tensor:
        """Mean absolute error of the atoms' charges in scaled units."""
        assert isinstance(model, PropertyModel)
        assert batch.atom_targets is not None
        return fit_atoms(model, model(batch), truth=batch.atom_targets).loss

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Errors of the charges on the validation side [e]."""
        assert isinstance(model, PropertyModel)
        name = self.data.targets[0].name
        seen = property_metrics(*self.charges(model, self.validation_rows))
        score = 1.0 - seen["mae"] / float(self.scale[0])
        return {"score": score} | {f"{name}_{key}": value for key, value in seen.items()}

    def charges(
        self, model: PropertyModel, rows: Int[np.ndarray, "rows"]
    ) -> tuple[Float[np.ndarray, "atoms"], Float[np.ndarray, "atoms"]]:
        """Charges that the model gives the unique atoms of some crystals, and theirs [e]."""
        device = next(model.parameters()).device
        found, truth = [], []
        with torch.no_grad():
            for start in range(0, len(rows), self.batch_size):
                batch = self.prepared.batch(rows[start : start + self.batch_size])
                output = model(batch.to(device))
                assert output.atoms is not None
                assert batch.atom_targets is not None
                found.append((output.atoms * model.scale)[:, 0].double().cpu().numpy())
                truth.append(batch.atom_targets[:, 0].double().numpy())
        return np.concatenate(found), np.concatenate(truth)


def _charges(data: PropertySet, row: int) -> Float[np.ndarray, "atoms"]:
    charges = data.crystal(row).charges
    assert charges is not None
    return charges
