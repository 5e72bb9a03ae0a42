"""What every property model is: crystals in, values and what each place contributes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, MissingExtraError

try:
    import torch
    from jaxtyping import Float
    from torch import Tensor, nn
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

from porescope.models.property_inputs import PropertyBatch
from porescope.nn.small_numbers import small_numbers_kept

PROPERTY_INVARIANCES = frozenset({"order", "origin", "rotation", "cell", "supercell"})
"""What a crystal's description may change in without the crystal being another."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PropertyOutput:
    """What a model says of a batch, in the scaled units in which it is trained.

    A value in the units of the label is ``mean * scale + shift`` with the model's buffers.
    """

    mean: Float[Tensor, "crystals targets"]
    """Values."""
    log_variance: Float[Tensor, "crystals targets"] | None = None
    """Natural logarithm of their variance; None for a model that states none."""
    contributions: Float[Tensor, "places targets"] | None = None
    """What each probe point or window contributes; their weighted mean is ``mean``."""
    atoms: Float[Tensor, "atoms targets"] | None = None
    """Values of the atoms."""


class PropertyModel(nn.Module, ABC):
    """Values of crystals.

    A preset's network derives from this class, names the inputs it needs in ``needs``, describes
    a crystal in :meth:`described` and writes :meth:`forward`. Its configuration has the field
    ``n_targets`` besides its own.

    Parameters
    ----------
    config:
        The preset's frozen configuration.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    """Inputs without which it cannot run, of
    :data:`porescope.models.property_inputs.PROPERTY_OPTIONS`."""
    invariances: ClassVar[frozenset[str]] = PROPERTY_INVARIANCES
    """What its values do not change with; the contract tests hold it to these."""
    jitters: ClassVar[bool] = False
    """Whether :meth:`prepare` draws anything; what does not is prepared once and kept."""

    shift: Tensor
    scale: Tensor

    def __init__(self, config: Any) -> None:
        super().__init__()
        if config.n_targets < 1:
            raise ConfigError(f"at least one target is needed, not {config.n_targets}")
        self.config = config
        self.n_targets: int = config.n_targets
        self.register_buffer("shift", torch.zeros(config.n_targets))
        self.register_buffer("scale", torch.ones(config.n_targets))

    def prepare(
        self, crystal: Crystal, *, generator: np.random.Generator | None = None
    ) -> PropertyBatch:
        """A batch of one crystal, on the CPU, with every input in ``needs``.

        The one way to :meth:`described`: the smallest numbers are kept here, since searches for
        neighbours do not end where the processor takes them as zero, as it does in the threads of
        a training.

        Parameters
        ----------
        crystal:
            The crystal, its sites fully occupied.
        generator:
            Draws what changes from one epoch to the next (as the origin of the grid) while
            training; None for the one description that predictions are made from.

        Returns
        -------
        :
            The batch; its targets are NaN.
        """
        with small_numbers_kept():
            return self.described(crystal, generator=generator)

    @abstractmethod
    def described(
        self, crystal: Crystal, *, generator: np.random.Generator | None = None
    ) -> PropertyBatch:
        """What :meth:`prepare` returns; each preset writes this one, and nothing else calls it."""

    @abstractmethod
    def forward(self, batch: PropertyBatch) -> PropertyOutput:
        """Values of a batch in scaled units."""

    def set_scale(
        self, *, shift: Float[Tensor, "targets"], scale: Float[Tensor, "targets"]
    ) -> None:
        """Set what turns scaled values into those of the labels; they are kept with the weights.

        Raises
        ------
        ConfigError
            If a scale is not above 0.
        """
        if not bool((scale > 0.0).all()):
            raise ConfigError(f"scales must be above 0, not {scale.tolist()}")
        self.shift.copy_(shift)
        self.scale.copy_(scale)

    def values(self, output: PropertyOutput) -> Float[Tensor, "crystals targets"]:
        """Values in the units of the labels."""
        return output.mean * self.scale + self.shift

    def unknown(self, n_crystals: int = 1) -> Float[Tensor, "crystals targets"]:
        """Targets of crystals of which nothing is known."""
        return torch.full((n_crystals, self.n_targets), float("nan"))
