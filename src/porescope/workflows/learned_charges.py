"""Charges of a framework's atoms by a network that has learned them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, MissingExtraError

try:
    import torch  # noqa: F401
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

from porescope.models.property.network import SitesNetwork
from porescope.models.property.predict import atom_values
from porescope.workflows.predict_models import open_property_models

SHIPPED = "charges"
"""Name of the shipped weights."""


class LearnedCharges:
    """Gives a crystal's atoms their charges [e]; a charger for the adsorption bench.

    Parameters
    ----------
    weights:
        Weights of one's own; the shipped ones by default.

    Raises
    ------
    ConfigError
        If there are no such weights, or they give atoms no neutral values.
    """

    def __init__(self, weights: str | Path | None = None) -> None:
        models = open_property_models(None if weights is not None else SHIPPED, model=weights)
        members = [one for one in models.members if isinstance(one, SitesNetwork)]
        if len(members) < len(models.members) or not all(m.config.neutral for m in members):
            raise ConfigError(
                f"the weights {models.name} do not give charges; name weights that were trained "
                "on them"
            )
        self.members = members
        self.name = f"learned charges ({models.name})"

    def __call__(self, crystal: Crystal) -> Float[np.ndarray, "atoms"]:
        """Charges of the atoms [e]; they add up to zero.

        Raises
        ------
        ConfigError
            If the crystal is disordered or has unknown elements.
        """
        return np.mean([atom_values(member, crystal)[:, 0] for member in self.members], axis=0)


@lru_cache(maxsize=1)
def shipped_charges() -> LearnedCharges:
    """The charger of the shipped weights, loaded once."""
    return LearnedCharges()
