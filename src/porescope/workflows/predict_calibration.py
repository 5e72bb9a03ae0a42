"""How far predictions of a trained model can be trusted, learned from the sides of its training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from porescope.datasets.property_set import PropertySet
from porescope.datasets.property_splits import PropertySides
from porescope.errors import ConfigError, PorescopeError
from porescope.models.property.calibration import (
    Calibration,
    deviation_factors,
    domain_of,
    save_calibration,
)
from porescope.models.property.network import SitesNetwork
from porescope.models.property.predict import embeddings, predict_sites
from porescope.workflows.predict_models import CALIBRATION, PropertyModels


def calibrate(
    models: PropertyModels,
    data: PropertySet,
    *,
    sides: PropertySides,
    most: int = 5000,
    progress: Callable[[float], None] | None = None,
) -> Calibration:
    """Factors of the stated deviations, and where the training side lies.

    Structures that the models cannot read are passed over. Models that state no deviation get
    factors of 1.

    Parameters
    ----------
    models:
        Members of the preset ``sites``, trained on the set.
    data:
        The set.
    sides:
        The sides of their training.
    most:
        At most as many structures of each side are looked at, evenly spread.
    progress:
        Called with the share that is done.

    Raises
    ------
    ConfigError
        If the models are of another preset or of other targets, or a side has fewer than ten
        structures.
    """
    members = [member for member in models.members if isinstance(member, SitesNetwork)]
    if len(members) < len(models.members):
        raise ConfigError(
            f"only models of preset 'sites' are calibrated, and these are of {models.preset!r}"
        )
    if [t.name for t in data.targets] != [t.name for t in models.targets]:
        raise ConfigError(
            f"the set {data.name} has the targets {', '.join(t.name for t in data.targets)}, and "
            f"the weights {', '.join(t.name for t in models.targets)}; give the set of the training"
        )
    train, validation = (
        side[np.unique(np.linspace(0, len(side) - 1, min(most, len(side))).astype(np.int64))]
        if len(side)
        else side
        for side in (sides.train, sides.validation)
    )
    features, errors, deviations = [], [], []
    n_rows = len(train) + len(validation)
    for place, row in enumerate([*train, *validation]):
        try:
            crystal = data.crystal(int(row))
            if place < len(train):
                features.append(embeddings(members[:1], members[0].prepare(crystal))[0])
            else:
                found = predict_sites(members, crystal)
                errors.append(found.values - data.values[int(row)])
                if found.deviation is not None:
                    deviations.append(found.deviation)
        except PorescopeError:
            continue
        finally:
            if progress is not None:
                progress((place + 1) / n_rows)
    n_features = members[0].config.width
    domain = domain_of(np.array(features, dtype=np.float64).reshape(-1, n_features))
    factors = np.ones(len(models.targets))
    if len(deviations):
        factors = deviation_factors(np.array(errors), deviation=np.array(deviations))
    return Calibration(factors=factors, domain=domain)


def write_calibration(folder: Path, calibration: Calibration) -> Path:
    """Write a calibration where it is found beside the weights of a folder."""
    path = folder / CALIBRATION
    save_calibration(path, calibration)
    return path
