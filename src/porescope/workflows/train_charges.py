"""Train a network on the charges of atoms, and measure it on the test side beside baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.adsorption.charge_equilibration import eqeq_charges
from porescope.crystal.structure import Crystal
from porescope.datasets.property_set import PropertySet
from porescope.datasets.property_splits import PropertySides
from porescope.errors import MissingExtraError, PorescopeError

try:
    import torch
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

from porescope.models.checkpoint import load_model
from porescope.models.property.network import SitesNetwork
from porescope.models.property.predict import atom_values
from porescope.models.registry import build_model, config_from_dict, preset_named
from porescope.training.atom_task import ChargeTask
from porescope.training.config import TrainConfig
from porescope.training.loop import TrainProgress, TrainResult, train
from porescope.training.precision import chosen_device
from porescope.training.property_metrics import property_metrics
from porescope.training.property_task import PropertyTaskConfig
from porescope.workflows.train_property import fitted_to, settings_for

PRESET = "sites"
TRAINING = TrainConfig(epochs=5, learning_rate=2e-3, warmup_steps=200, weight_decay=0.01)
"""Settings of the training where nothing else is said."""
N_EQEQ = 200
"""Test structures of which EQeq charges are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeTraining:
    """What a training came to."""

    result: TrainResult
    """Where it stopped, and the best weights."""
    metrics: Mapping[str, Mapping[str, float]]
    """Errors over all atoms of the test side [e], by model: ``sites``, ``element`` (the mean
    charge of an element on the training side) and ``EQeq`` (over its own structures, with ``sites
    there`` beside it); empty for a paused training."""
    n_test: Mapping[str, int]
    """Structures that each was asked about."""
    n_parameters: int
    """Number of parameters."""


def train_charges(
    data: PropertySet,
    *,
    sides: PropertySides,
    out: Path,
    model_settings: Mapping[str, object] | None = None,
    config: TrainConfig = TRAINING,
    batch_size: int = 16,
    device: str = "auto",
    restart: bool = False,
    progress: Callable[[TrainProgress], None] | None = None,
) -> ChargeTraining:
    """Train the preset ``sites`` on charges, or go on where an earlier call stopped.

    Parameters
    ----------
    data:
        The set, such as that of :func:`porescope.datasets.property_set.charge_set`.
    sides:
        Its sides.
    out:
        Folder of the run.
    model_settings:
        Settings of the network other than those that charges have.
    config:
        Settings of the training.
    batch_size:
        Crystals in a batch.
    device:
        ``auto``, ``cpu`` or ``cuda``.
    restart:
        Forget an earlier run in the folder.
    progress:
        Called after every step.

    Raises
    ------
    ConfigError
        If a setting is unknown.
    """
    preset = preset_named(PRESET, family="property")
    settings = settings_for(preset, data.targets) | dict(model_settings or {})
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        model = build_model(preset, config=config_from_dict(preset, settings))
    assert isinstance(model, SitesNetwork)
    task = ChargeTask(
        data,
        sides=sides,
        model=model,
        preset=preset,
        config=PropertyTaskConfig(batch_size=batch_size, loss="absolute"),
        seed=config.seed,
    )
    config = fitted_to(config, n_steps=config.epochs * task.batches_per_epoch)
    where = chosen_device(device)
    result = train(
        model,
        task,
        preset=preset,
        out=out,
        config=config,
        device=where,
        restart=restart,
        progress=progress,
    )
    metrics: Mapping[str, Mapping[str, float]] = {}
    n_test: Mapping[str, int] = {}
    if result.status == "finished":
        best, _ = load_model(result.best, preset=PRESET, device=where)
        assert isinstance(best, SitesNetwork)
        metrics, n_test = _measured(best, data, sides=sides)
    n_parameters = sum(p.numel() for p in model.parameters())
    return ChargeTraining(result=result, metrics=metrics, n_test=n_test, n_parameters=n_parameters)


def _measured(
    model: SitesNetwork, data: PropertySet, *, sides: PropertySides
) -> tuple[dict[str, dict[str, float]], dict[str, int]]:
    """Errors over all atoms of the test side, by model, and how many structures it was."""
    means = element_means([data.crystal(int(row)) for row in sides.train])
    crystals = [data.crystal(int(row)) for row in sides.test]
    truth, learned, by_element = [], [], []
    for crystal in crystals:
        assert crystal.charges is not None
        truth.append(crystal.charges)
        learned.append(atom_values(model, replace(crystal, charges=None))[:, 0])
        said = means[crystal.numbers]
        by_element.append(said - said.mean())
    pairs: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {
        "sites": list(zip(learned, truth, strict=True)),
        "element": list(zip(by_element, truth, strict=True)),
    }
    step = max(1, len(crystals) // N_EQEQ)
    for place in range(0, len(crystals), step):
        try:
            made = eqeq_charges(crystals[place])
        except PorescopeError:
            continue
        pairs.setdefault("EQeq", []).append((made, truth[place]))
        pairs.setdefault("sites there", []).append((learned[place], truth[place]))
    metrics = {
        name: property_metrics(
            np.concatenate([said for said, _ in found]), np.concatenate([true for _, true in found])
        )
        for name, found in pairs.items()
    }
    return metrics, {name: len(found) for name, found in pairs.items()}


def element_means(crystals: list[Crystal]) -> Float[np.ndarray, "119"]:
    """Mean charge of each element [e], 0 for those that no crystal has.

    Parameters
    ----------
    crystals:
        Crystals with charges.
    """
    total, count = np.zeros(119), np.zeros(119)
    for crystal in crystals:
        assert crystal.charges is not None
        np.add.at(total, crystal.numbers, crystal.charges)
        np.add.at(count, crystal.numbers, 1.0)
    return total / np.maximum(count, 1.0)
