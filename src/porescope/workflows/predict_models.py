"""Weights of properties: found by name or as files, one model or an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.datasets.property_set import Target
from porescope.errors import ConfigError, MissingExtraError
from porescope.models.registry import preset_named
from porescope.models.shipped import matching_names, property_folder, target_names

try:
    import torch
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

from porescope.models.checkpoint import Card, load_model, read_card
from porescope.models.property.calibration import Calibration, load_calibration
from porescope.models.property_model import PropertyModel

CALIBRATION = "calibration.npz"
"""Name of the calibration beside the weights of an ensemble."""
_BEST = "best.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PropertyModels:
    """One model or an ensemble of one configuration, ready to predict."""

    name: str
    """Name of the property, or of the file."""
    members: tuple[PropertyModel, ...]
    """The members, in evaluation mode."""
    card: Card
    """Card of the first member."""
    targets: tuple[Target, ...]
    """What they were trained on, in the order of their outputs."""
    calibration: Calibration | None
    """What the validation side taught, where it was kept."""

    @property
    def preset(self) -> str:
        """Name of the preset."""
        return self.card.preset

    @property
    def validation_errors(self) -> Float[np.ndarray, "targets"]:
        """Root mean square error on the validation side; NaN where the card has none."""
        found = [self.card.metrics.get(f"{target.name}_rmse", np.nan) for target in self.targets]
        return np.array(found, dtype=np.float64)

    def column(self, name: str) -> int:
        """The output of a target's name, with or without the unit at its end.

        Raises
        ------
        ConfigError
            If there is none, or several begin so.
        """
        found = matching_names(name, [target.name for target in self.targets])
        if len(found) == 1:
            return found[0]
        names = ", ".join(target.name for target in self.targets)
        what = "several targets begin" if found else "no target begins"
        raise ConfigError(f"{what} with {name!r} in the weights {self.name}; choose one of {names}")


def open_property_models(
    name: str | None = None,
    *,
    model: str | Path | Sequence[str | Path] | None = None,
    device: str = "cpu",
) -> PropertyModels:
    """Load the weights of a property.

    Parameters
    ----------
    name:
        Name of shipped weights, such as ``band_gap``, or of a target of shipped weights.
    model:
        A checkpoint, the folder of a training, a folder of the members of an ensemble, or several
        checkpoints; then nothing shipped is looked at.
    device:
        Where the models go.

    Raises
    ------
    ConfigError
        If there are no such weights; they are of another family of models; or the members of an
        ensemble differ.
    ParseError
        If a file is no checkpoint.
    """
    if model is None:
        folder = property_folder(name)
        return _loaded(_members(folder), title=folder.name, device=device)
    several = [model] if isinstance(model, (str, Path)) else list(model)
    files = [file for one in several for file in _members(Path(one).expanduser())]
    first = files[0]
    title = first.parent.name if first.name == _BEST or len(files) > 1 else first.stem
    return _loaded(files, title=title, device=device)


def _members(path: Path) -> list[Path]:
    """The checkpoints that a path stands for."""
    if path.is_dir():
        if (path / _BEST).is_file():
            return [path / _BEST]
        names = ("state.safetensors", "last.safetensors")
        found = sorted(one for one in path.glob("*.safetensors") if one.name not in names)
        if not found:
            raise ConfigError(f"expected weights (*.safetensors) in {path}, found none")
        return found
    for file in (
        path,
        path.with_name(path.name + ".safetensors"),
        path.with_suffix(".safetensors"),
    ):
        if file.is_file():
            return [file.with_suffix(".safetensors") if file.suffix == ".json" else file]
    raise ConfigError(
        f"there are no weights {path}; name a checkpoint (.safetensors) or its folder"
    )


def _targets(card: Card, *, n_targets: int) -> tuple[Target, ...]:
    names = target_names(card.training) or [f"target {place + 1}" for place in range(n_targets)]
    units = str(card.training.get("units", "")).split(", ")
    units += [""] * (len(names) - len(units))
    return tuple(
        Target(name=name, unit=unit) for name, unit in zip(names, units[: len(names)], strict=True)
    )


def _loaded(files: Sequence[Path], *, title: str, device: str) -> PropertyModels:
    cards = [read_card(file) for file in files]
    for file, card in zip(files, cards, strict=True):
        family = preset_named(card.preset).family
        if family != "property":
            raise ConfigError(
                f"{file.name} holds weights of preset {card.preset!r}, which is trained for "
                f"{family}; name weights of a property"
            )
        first = cards[0]
        if (card.preset, card.config, target_names(card.training)) != (
            first.preset,
            first.config,
            target_names(first.training),
        ):
            raise ConfigError(
                f"{file.name} and {files[0].name} differ in preset, settings or targets; the "
                "members of an ensemble must be alike"
            )
    members = tuple(load_model(file, device=torch.device(device))[0] for file in files)
    beside = [file.with_name(f"{file.stem}.{CALIBRATION}") for file in files[:1]]
    beside.append(files[0].with_name(CALIBRATION))
    kept = next((path for path in beside if path.is_file()), None)
    return PropertyModels(
        name=title,
        members=members,
        card=cards[0],
        targets=_targets(cards[0], n_targets=members[0].n_targets),
        calibration=None if kept is None else load_calibration(kept),
    )
