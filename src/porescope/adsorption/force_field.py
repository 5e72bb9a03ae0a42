"""Lennard-Jones force fields: parameters of atom types, mixing rule, cutoff and truncation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from porescope.errors import ConfigError

Mixing = Literal["lorentz-berthelot", "geometric"]
Truncation = Literal["truncated", "shifted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtomType:
    """One kind of framework atom and its Lennard-Jones parameters."""

    name: str
    """Name of the type, unique in its field."""
    number: int
    """Atomic number of the atoms that it stands for."""
    neighbours: tuple[str, ...] = ()
    """Elements that must be bonded to the atom, each as often as it is named; () is any."""
    epsilon_k: float
    """Depth of the well over Boltzmann's constant [K]; NaN where only pairs are known."""
    sigma: float
    """Distance at which the energy is zero [Å]; NaN where only pairs are known."""
    source: str
    """Where the numbers come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairType:
    """Parameters of one pair of types that the mixing rule does not give."""

    first: str
    """A type of framework atom, or of bead."""
    second: str
    """A type of bead of a gas."""
    epsilon_k: float
    """Depth of the well over Boltzmann's constant [K]."""
    sigma: float
    """Distance at which the energy is zero [Å]."""
    source: str
    """Where the numbers come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceField:
    """A table of atom types with the rules that turn it into pair energies.

    Every result carries :meth:`describe`, so that the cutoff, its treatment and the mixing rule
    are never silent.
    """

    name: str
    """Name under which it is called."""
    citation: str
    """Where it was published."""
    types: tuple[AtomType, ...]
    """Framework atoms; of two types that fit an atom, the one that asks for more neighbours."""
    pairs: tuple[PairType, ...] = ()
    """Pairs that override the mixing rule."""
    mixing: Mixing = "lorentz-berthelot"
    """Lorentz-Berthelot: mean sigma, geometric epsilon; geometric: both geometric."""
    cutoff: float = 12.8
    """Distance beyond which the pair energy is zero [Å]."""
    truncation: Truncation = "truncated"
    """Whether the energy at the cutoff is subtracted inside it."""
    tail_correction: bool = False
    """Whether the energy beyond the cutoff is added for uniform density."""
    gas_models: tuple[tuple[str, str], ...] = ()
    """Gas and name of the model of it that the field was made for, where there is one."""

    def with_options(
        self,
        *,
        cutoff: float | None = None,
        truncation: Truncation | None = None,
        tail_correction: bool | None = None,
    ) -> ForceField:
        """The same parameters with another treatment of long distances."""
        chosen = replace(
            self,
            cutoff=self.cutoff if cutoff is None else cutoff,
            truncation=self.truncation if truncation is None else truncation,
            tail_correction=self.tail_correction if tail_correction is None else tail_correction,
        )
        if not 5.0 <= chosen.cutoff <= 40.0:
            raise ConfigError(f"expected a cutoff between 5 and 40 Å, got {chosen.cutoff:g}")
        if chosen.truncation == "shifted" and chosen.tail_correction:
            raise ConfigError(
                "a shifted potential has no tail correction: choose truncation='truncated', "
                "or leave the tail correction out"
            )
        return chosen

    def mixed(
        self, first: tuple[str, float, float], second: tuple[str, float, float]
    ) -> tuple[float, float]:
        """Parameters of a pair of types.

        Parameters
        ----------
        first, second:
            Name, epsilon [K] and sigma [Å] of each.

        Returns
        -------
        :
            Epsilon [K] and sigma [Å] of the pair: the field's own row where it has one for the
            two names, else the mixing rule.
        """
        for pair in self.pairs:
            if {pair.first, pair.second} == {first[0], second[0]}:
                return pair.epsilon_k, pair.sigma
        if first[1] == 0.0 or second[1] == 0.0:
            return 0.0, 1.0
        epsilon = float(np.sqrt(first[1] * second[1]))
        if np.isnan(epsilon):
            raise ConfigError(
                f"the force field {self.name} has no parameters for {first[0]} with {second[0]}"
                f"{self._models_in_words()}; choose one of its gas models, or another field"
            )
        if self.mixing == "geometric":
            return epsilon, float(np.sqrt(first[2] * second[2]))
        return epsilon, 0.5 * (first[2] + second[2])

    def _models_in_words(self) -> str:
        models = ", ".join(f"{gas} ({model})" for gas, model in self.gas_models)
        return f"; it is made for {models}" if models else ""

    def describe(self) -> str:
        """Name, mixing rule, cutoff and its treatment in one line."""
        rule = {"lorentz-berthelot": "Lorentz-Berthelot mixing", "geometric": "geometric mixing"}
        tail = "with tail correction" if self.tail_correction else "no tail correction"
        return f"{self.name}, {rule[self.mixing]}, {self.truncation} at {self.cutoff:g} Å, {tail}"
