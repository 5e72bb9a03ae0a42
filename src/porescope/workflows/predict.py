"""From a structure to a property, how far it can be trusted, and what each place contributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from porescope.crystal.structure import Crystal
from porescope.datasets.property_set import FULL_OCCUPANCY, Target
from porescope.errors import ConfigError, MissingExtraError
from porescope.io.cif import read_cif

try:
    import torch
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

from porescope.models.property.network import SitesNetwork
from porescope.models.property.predict import predict_sites
from porescope.models.property_inputs import PropertyBatch
from porescope.models.property_model import PropertyModel, PropertyOutput
from porescope.workflows.map_contributions import ContributionMap, contribution_map
from porescope.workflows.predict_models import PropertyModels, open_property_models

PlaceKind = Literal["points", "atoms", "windows", ""]
MOST_NUMBER = 118
"""Largest atomic number."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PropertyPrediction:
    """A property of one crystal, or several."""

    name: str
    """Name of the crystal."""
    crystal: Crystal
    """The crystal."""
    model: str
    """Name of the weights."""
    preset: str
    """Preset of the weights."""
    targets: tuple[Target, ...]
    """What was predicted."""
    values: Float[np.ndarray, "targets"]
    """Values in the targets' units."""
    deviations: Float[np.ndarray, "targets"]
    """Standard deviations; NaN where none is known."""
    deviation_from: Literal["model", "validation", ""]
    """Whether the models state the deviations, or they are the error on the validation side."""
    places_are: PlaceKind
    """What contributes; empty where the model does not say."""
    n_places: int
    """How many places were looked at, one of each set that symmetry makes equal."""
    weight: Float[np.ndarray, "places"]
    """Share of the crystal that each stands for."""
    contributions: Float[np.ndarray, "places targets"]
    """What each contributes; their weighted mean is the value."""
    distance: float | None
    """Distance from the training side over that of its outermost hundredth; None if not known."""
    map: ContributionMap | None = None
    """Contributions over the cell and per atom, where they were asked for."""
    of_atoms: bool = False
    """Whether what counts are the atoms' contributions, which add up to zero, as charges do."""

    @property
    def is_outside(self) -> bool | None:
        """Whether the crystal is unlike those learned from; None if that is not known."""
        return None if self.distance is None else self.distance > 1.0

    @property
    def domain_sentence(self) -> str:
        """How like the crystal is to those learned from, for people."""
        if self.distance is None:
            return (
                "Whether the structure is like those learned from is not known: these weights "
                "come without a calibration."
            )
        if self.distance > 1.0:
            return (
                "Out of domain: the structure is unlike those learned from "
                f"({self.distance:.1f} times as far from them as nearly all of them are from one "
                "another); take the value as a guess."
            )
        return "In domain: the structure is like those learned from."

    @property
    def deviation_sentence(self) -> str:
        """What the deviation is, for people."""
        return {
            "model": "The deviation is the model's own.",
            "validation": (
                "The deviation is the root mean square error on the validation side, the same for "
                "every structure."
            ),
            "": "No deviation is known for these weights.",
        }[self.deviation_from]


def predict(
    structure: str | Path | Crystal | Any,
    property: str | None = None,
    *,
    model: PropertyModels | str | Path | Sequence[str | Path] | None = None,
    with_map: bool = False,
    spacing: float | None = None,
) -> PropertyPrediction:
    """Predict a property of a crystal.

    Parameters
    ----------
    structure:
        A CIF, a crystal, a ``pymatgen.Structure`` or an ``ase.Atoms``.
    property:
        Name of shipped weights, such as ``band_gap``; with ``model``, one of its targets, by
        default all.
    model:
        Weights that were opened before, or their files; see
        :func:`porescope.workflows.predict_models.open_property_models`.
    with_map:
        Whether contributions over the cell and per atom are computed too, of the first target.
    spacing:
        Largest distance of the map's points along an axis [Å]; chosen by the size of the cell by
        default.

    Raises
    ------
    ParseError
        If the file holds no structure.
    ConfigError
        If the crystal is disordered, has unknown elements or no atoms; the property or the model
        is unknown; or the model has no map.
    """
    models = model if isinstance(model, PropertyModels) else _opened(property, model)
    crystal = crystal_of(structure)
    columns = columns_of(models, property)
    found = _predicted(models, crystal)
    made = None
    if with_map:
        made = contribution_map(models, crystal, column=columns[0], spacing=spacing)
    deviations, origin = found.deviation, "model"
    if deviations is None:
        deviations = models.validation_errors
        origin = "validation" if np.isfinite(deviations[columns]).any() else ""
    return PropertyPrediction(
        name=crystal.name,
        crystal=crystal,
        model=models.name,
        preset=models.preset,
        targets=tuple(models.targets[column] for column in columns),
        values=found.values[columns],
        deviations=deviations[columns],
        deviation_from=origin,
        places_are=found.places_are,
        n_places=len(found.weight),
        weight=found.weight,
        contributions=found.contributions[:, columns],
        distance=found.distance,
        map=made,
        of_atoms=all(isinstance(m, SitesNetwork) and m.config.neutral for m in models.members),
    )


def _opened(name: str | None, model: str | Path | Sequence[str | Path] | None) -> PropertyModels:
    return open_property_models(name if model is None else None, model=model)


def columns_of(models: PropertyModels, name: str | None) -> list[int]:
    """Outputs that are asked for: the target of a name, or all for that of the weights.

    Raises
    ------
    ConfigError
        If the weights have no such target.
    """
    if name is None or name == models.name:
        return list(range(len(models.targets)))
    return [models.column(name)]


def crystal_of(structure: str | Path | Crystal | Any) -> Crystal:
    """A crystal that a model can read, from whatever holds it.

    Raises
    ------
    ParseError
        If a file holds no structure.
    ConfigError
        If it is disordered, has unknown elements, or no atoms.
    """
    if isinstance(structure, Crystal):
        crystal = structure
    elif isinstance(structure, (str, Path)):
        crystal = read_cif(structure)
    elif hasattr(structure, "get_scaled_positions"):
        from porescope.crystal.interop import crystal_from_ase

        crystal = crystal_from_ase(structure)
    else:
        from porescope.crystal.interop import crystal_from_pymatgen

        crystal = crystal_from_pymatgen(structure)
    name = crystal.name or "the structure"
    if not crystal.n_atoms:
        raise ConfigError(f"{name} has no atoms; expected a complete structure")
    if np.any((crystal.numbers < 1) | (crystal.numbers > MOST_NUMBER)):
        raise ConfigError(f"{name} has atoms of no known element; name the elements of all sites")
    if np.any(crystal.occupancy < FULL_OCCUPANCY):
        n_partly = int(np.sum(crystal.occupancy < FULL_OCCUPANCY))
        raise ConfigError(
            f"{name} is disordered: {n_partly} of its {crystal.n_atoms} sites are partly occupied; "
            "keep one of the alternatives, each fully occupied"
        )
    return crystal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """What any of the presets says of a crystal."""

    values: Float[np.ndarray, "targets"]
    deviation: Float[np.ndarray, "targets"] | None
    places_are: PlaceKind
    weight: Float[np.ndarray, "places"]
    contributions: Float[np.ndarray, "places targets"]
    distance: float | None


def _predicted(models: PropertyModels, crystal: Crystal) -> _Found:
    sites = [member for member in models.members if isinstance(member, SitesNetwork)]
    if len(sites) == len(models.members):
        found = predict_sites(sites, crystal, calibration=models.calibration)
        return _Found(
            values=found.values,
            deviation=found.deviation,
            places_are=sites[0].config.places,
            weight=found.weight,
            contributions=found.contributions,
            distance=found.distance,
        )
    return _predicted_by_others(models, crystal)


@torch.inference_mode()
def _predicted_by_others(models: PropertyModels, crystal: Crystal) -> _Found:
    batch = models.members[0].prepare(crystal)
    outputs = [_run(member, batch) for member in models.members]
    each = np.stack([_values(m, o) for m, o in zip(models.members, outputs, strict=True)])
    weight, contributions = np.zeros(0), np.zeros((0, each.shape[1]))
    if batch.windows is not None and outputs[0].contributions is not None:
        weight = batch.windows.weight.double().cpu().numpy()
        parts = [
            (o.contributions * m.scale + m.shift).double().cpu().numpy()
            for m, o in zip(models.members, outputs, strict=True)
            if o.contributions is not None
        ]
        contributions = np.mean(parts, axis=0)
    return _Found(
        values=each.mean(axis=0),
        deviation=each.std(axis=0) if len(each) > 1 else None,
        places_are="windows" if len(weight) else "",
        weight=weight,
        contributions=contributions,
        distance=None,
    )


def _run(model: PropertyModel, batch: PropertyBatch) -> PropertyOutput:
    return model(batch.to(model.shift.device))


def _values(model: PropertyModel, output: PropertyOutput) -> Float[np.ndarray, "targets"]:
    return model.values(output)[0].double().cpu().numpy()
