"""The gases that come with the package, and gases made from their models."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float

from porescope.adsorption.gas import Bead, Gas
from porescope.adsorption.gas_conformers import conformers
from porescope.adsorption.gas_text import GasModel, gas_model_from_text
from porescope.adsorption.text_tables import packaged_texts, plain
from porescope.errors import ConfigError

ROOM_TEMPERATURE = 298.15
"""Temperature at which shapes are drawn where none is given [K]."""


@cache
def _models() -> dict[str, tuple[GasModel, ...]]:
    """Models of each gas, its default one first."""
    found: dict[str, list[GasModel]] = {}
    for model in map(gas_model_from_text, packaged_texts("gases")):
        found.setdefault(model.gas, []).append(model)
    return {
        gas: tuple(sorted(models, key=lambda each: not each.is_default))
        for gas, models in found.items()
    }


def gas_names() -> tuple[str, ...]:
    """Names of the packaged gases."""
    return tuple(_models())


def model_names(name: str) -> tuple[str, ...]:
    """Names of the models of a packaged gas, its default first."""
    return tuple(each.model for each in models_of(name))


def gas_named(name: str, *, model: str | None = None, temperature: float | None = None) -> Gas:
    """A packaged gas.

    Parameters
    ----------
    name:
        Its formula or name; case does not matter.
    model:
        Name of the model; by default the gas's first one.
    temperature:
        Temperature at which the shapes of a flexible molecule are drawn [K]; room temperature by
        default.

    Raises
    ------
    ConfigError
        Where the gas or the model is unknown, with those that there are.
    """
    models = models_of(name)
    if model is None:
        return gas_from_model(models[0], temperature=temperature)
    for each in models:
        if plain(each.model) == plain(model):
            return gas_from_model(each, temperature=temperature)
    raise ConfigError(
        f"there is no model {model!r} of {models[0].gas}; known ones: "
        f"{', '.join(each.model for each in models)}"
    )


def models_of(name: str) -> tuple[GasModel, ...]:
    """Models of a packaged gas, its default first."""
    for known, models in _models().items():
        if plain(known) == plain(name):
            return models
    raise ConfigError(
        f"there is no gas {name!r}; known ones: {', '.join(gas_names())}. "
        "A gas of your own can be given as a file"
    )


def gas_from_model(model: GasModel, *, temperature: float | None = None) -> Gas:
    """A gas with its shapes about the centre of mass.

    Parameters
    ----------
    model:
        Beads and shape, as read from a table.
    temperature:
        Temperature at which the shapes of a flexible molecule are drawn [K]; room temperature by
        default.
    """
    if model.positions is not None:
        shapes, drawn_at = model.positions[None], None
    else:
        drawn_at = ROOM_TEMPERATURE if temperature is None else temperature
        shapes = conformers(model, temperature=drawn_at)
    return Gas(
        name=model.gas,
        model=model.model,
        beads=model.beads,
        conformers=centred(shapes, beads=model.beads),
        conformer_temperature=drawn_at,
        critical_temperature=model.critical_temperature,
        critical_pressure_pa=model.critical_pressure_pa,
        acentric_factor=model.acentric_factor,
        source=model.source,
    )


def centred(
    shapes: Float[np.ndarray, "shapes beads 3"], *, beads: tuple[Bead, ...]
) -> Float[np.ndarray, "shapes beads 3"]:
    """Shapes moved so that the centre of mass is the origin [Å]."""
    masses = np.array([bead.mass for bead in beads])
    return shapes - np.einsum("b,sbx->sx", masses / masses.sum(), shapes)[:, None, :]
