"""From a crystal to values, what each place contributes, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.models.property.calibration import Calibration
from porescope.models.property.network import SitesNetwork
from porescope.models.property.places import PlacePool
from porescope.models.property.quotient import quotient_of, symmetric
from porescope.models.property_inputs import PropertyBatch
from porescope.models.property_model import PropertyOutput

_POINTS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SitesPrediction:
    """Values of one crystal, in the units of the labels."""

    values: Float[np.ndarray, "targets"]
    """Mean over the ensemble."""
    deviation: Float[np.ndarray, "targets"] | None
    """Standard deviation; None for a single model that states none."""
    places: Float[np.ndarray, "places 3"]
    """Cartesian coordinates of the places [Å]."""
    weight: Float[np.ndarray, "places"]
    """Share of the crystal that each stands for."""
    contributions: Float[np.ndarray, "places targets"]
    """What each place contributes; their weighted mean is ``values``."""
    distance: float | None = None
    """Distance from the training side over that of its outermost hundredth; above 1 the crystal is
    unlike what was learned from. None without a calibration."""

    @property
    def is_outside(self) -> bool:
        """Whether the crystal is known to be unlike what was learned from."""
        return self.distance is not None and self.distance > 1.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ContributionGrid:
    """Contributions on a regular grid over the cell."""

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    values: Float[np.ndarray, "na nb nc targets"]
    """Contributions in the units of the labels at the points (i/na, j/nb, k/nc)."""


@torch.inference_mode()
def predict_sites(
    models: Sequence[SitesNetwork], crystal: Crystal, *, calibration: Calibration | None = None
) -> SitesPrediction:
    """Values of a crystal by one model or an ensemble of one configuration.

    The variance is the mean of the members' stated variances, where they state any, and the
    variance of their values; a calibration multiplies its root.

    Parameters
    ----------
    models:
        The members, in evaluation mode.
    crystal:
        The crystal.
    calibration:
        What the validation side taught.

    Raises
    ------
    ConfigError
        If there is no model, or the crystal cannot be read.
    """
    if not models:
        raise ConfigError("at least one model is needed to predict, and there is none")
    batch = models[0].prepare(crystal)
    outputs = [_run(model, batch) for model in models]
    each = np.stack([_numbers(m.values(o)[0]) for m, o in zip(models, outputs, strict=True)])
    parts = [_in_units(m, o) for m, o in zip(models, outputs, strict=True)]
    assert batch.probes is not None
    distance = None
    if calibration is not None:
        distance = float(calibration.domain.distance(embeddings([models[0]], batch))[0])
    return SitesPrediction(
        values=each.mean(axis=0),
        deviation=_deviation(models, outputs, each, calibration),
        places=_numbers(batch.probes.place),
        weight=_numbers(batch.probes.weight),
        contributions=np.mean(parts, axis=0),
        distance=distance,
    )


def _run(model: SitesNetwork, batch: PropertyBatch) -> PropertyOutput:
    return model(batch.to(model.shift.device))


def _numbers(tensor: torch.Tensor) -> np.ndarray:
    return tensor.double().cpu().numpy()


def _in_units(model: SitesNetwork, output: PropertyOutput) -> np.ndarray:
    """Contributions in the units of the labels."""
    assert output.contributions is not None
    return _numbers(output.contributions * model.scale + model.shift)


def _deviation(
    models: Sequence[SitesNetwork],
    outputs: Sequence[PropertyOutput],
    each: Float[np.ndarray, "members targets"],
    calibration: Calibration | None,
) -> Float[np.ndarray, "targets"] | None:
    stated = [
        _numbers(torch.exp(output.log_variance[0]) * model.scale.square())
        for model, output in zip(models, outputs, strict=True)
        if output.log_variance is not None
    ]
    if not stated and len(models) == 1:
        return None
    variance = each.var(axis=0)
    if stated:
        variance = variance + np.mean(stated, axis=0)
    factors = 1.0 if calibration is None else calibration.factors
    return np.sqrt(variance) * factors


@torch.inference_mode()
def embeddings(
    models: Sequence[SitesNetwork], batch: PropertyBatch
) -> Float[np.ndarray, "crystals features"]:
    """Features of the crystals by the first model, by which the unlike are told."""
    return _numbers(models[0].embedding(batch.to(models[0].shift.device)))


@torch.inference_mode()
def contribution_grid(
    model: SitesNetwork, crystal: Crystal, *, spacing: float = 0.5
) -> ContributionGrid:
    """Contributions on an even grid over the cell; one of each set of equal points is computed.

    Parameters
    ----------
    model:
        A model of points with mean pooling, in evaluation mode.
    crystal:
        The crystal.
    spacing:
        Largest distance between points along an axis [Å].

    Raises
    ------
    ConfigError
        If the model's places are atoms, or the share of a place depends on the others.
    """
    if model.config.places != "points" or model.config.pooling != "mean":
        raise ConfigError(
            "a map over the cell needs a model whose places are points and pooled by their mean; "
            "use predict_sites for the contributions of atoms"
        )
    quotient = symmetric(quotient_of(crystal))
    grid = model.grid_of(quotient, spacing=spacing)
    said = []
    for start in range(0, len(grid.pool), _POINTS_AT_ONCE):
        rows = np.arange(start, min(start + _POINTS_AT_ONCE, len(grid.pool)))
        part = grid.pool.taken(rows, np.full(len(rows), 1.0 / len(rows)))
        said.append(_in_units(model, _run(model, model.batch_of(quotient, part))))
    values = np.concatenate(said)[grid.point_of]
    return ContributionGrid(
        lattice=quotient.crystal.lattice, values=values.reshape(*grid.shape, -1)
    )


@torch.inference_mode()
def atom_values(model: SitesNetwork, crystal: Crystal) -> Float[np.ndarray, "atoms targets"]:
    """What the model gives each atom of the cell, such as its charge, in the labels' units.

    Raises
    ------
    ConfigError
        If the model's places are points.
    """
    if model.config.places != "atoms":
        raise ConfigError("this model reads points; take one whose places are atoms")
    quotient = quotient_of(crystal)
    pool: PlacePool = model.pool_of(quotient)
    output = _run(model, model.batch_of(quotient, pool))
    assert output.atoms is not None
    shift = 0.0 if model.config.neutral else model.shift
    return _numbers(output.atoms * model.scale + shift)[quotient.orbit]
