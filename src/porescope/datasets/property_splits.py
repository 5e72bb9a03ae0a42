"""Which structures of a set are learned from, and which are asked about."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from jaxtyping import Int

from porescope.datasets.property_set import PropertySet
from porescope.datasets.splits import frozen_split, share_of
from porescope.errors import ConfigError

SCHEMES = ("framework", "4:1", "7:3", "5-fold")
"""Ways to split: ``framework`` keeps a framework on one side (frozen, or by formula for a table of
one's own); the others are random, as published."""
N_FOLDS = 5
_TEST_SHARE = {"4:1": 0.2, "7:3": 0.3}
_VALIDATION_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PropertySides:
    """Rows of a set by side."""

    name: str
    """Scheme with its seed or fold, such as ``4:1 seed 0``."""
    train: Int[np.ndarray, "train"]
    validation: Int[np.ndarray, "validation"]
    test: Int[np.ndarray, "test"]

    @property
    def digest(self) -> str:
        """Hash of the sides."""
        made = blake2b(digest_size=8)
        for side in (self.train, self.validation, self.test):
            made.update(np.asarray(side, dtype="<i8").tobytes() + b"|")
        return made.hexdigest()

    def fewer(self, n_train: int, *, seed: int = 0) -> PropertySides:
        """The same test side with a random part of the training side, for learning curves.

        Smaller parts of one seed lie within larger ones. The validation side shrinks with the
        training side, to no fewer than 20.

        Raises
        ------
        ConfigError
            If there are not as many.
        """
        if not 1 <= n_train <= len(self.train):
            raise ConfigError(
                f"between 1 and {len(self.train)} training structures can be taken, not {n_train}"
            )
        rng = np.random.default_rng([seed, 23])
        order = rng.permutation(len(self.train))[:n_train]
        share = n_train / len(self.train)
        n_validation = min(len(self.validation), max(20, round(share * len(self.validation))))
        chosen = rng.permutation(len(self.validation))[:n_validation]
        return PropertySides(
            name=f"{self.name}, {n_train} of the training side",
            train=np.sort(self.train[order]),
            validation=np.sort(self.validation[chosen]),
            test=self.test,
        )


def property_sides(
    data: PropertySet, scheme: str = "framework", *, seed: int = 0, fold: int = 0
) -> PropertySides:
    """Sides of a set.

    A tenth of what is not tested is for validation. Every structure is on one side alone; with
    ``framework`` duplicates of the frozen split are left out.

    Parameters
    ----------
    data:
        The set.
    scheme:
        One of :data:`SCHEMES`.
    seed:
        Draws random sides; ``framework`` has one frozen split whatever the seed.
    fold:
        Which of the five, from 0.

    Raises
    ------
    ConfigError
        If there is no such scheme or fold, or a side would be empty.
    """
    if scheme == "framework":
        made = _frozen(data) if data.split else _by_formula(data)
    elif scheme in _TEST_SHARE:
        order = np.random.default_rng([seed, 17]).permutation(len(data))
        n_test = round(_TEST_SHARE[scheme] * len(data))
        made = _cut(f"{scheme} seed {seed}", order[n_test:], order[:n_test])
    elif scheme == "5-fold":
        if not 0 <= fold < N_FOLDS:
            raise ConfigError(f"a fold from 0 to {N_FOLDS - 1} is needed, not {fold}")
        order = np.random.default_rng([seed, 19]).permutation(len(data))
        parts = np.array_split(order, N_FOLDS)
        rest = np.concatenate([part for i, part in enumerate(parts) if i != fold])
        made = _cut(f"5-fold seed {seed} fold {fold}", rest, parts[fold])
    else:
        raise ConfigError(f"there is no split {scheme!r}; choose one of {', '.join(SCHEMES)}")
    if not min(len(made.train), len(made.validation), len(made.test)):
        n_formulas = len(set(data.formulas))
        raise ConfigError(
            f"{len(data)} structures of {n_formulas} formulas leave a side of the split {scheme!r} "
            "empty, for one framework stands on one side; where all have few formulas, as zeolites "
            "do, choose the split '4:1' or '5-fold'"
            if scheme == "framework"
            else f"{len(data)} structures leave a side of the split {scheme!r} empty; give more"
        )
    return made


def _cut(name: str, rest: np.ndarray, test: np.ndarray) -> PropertySides:
    """Training and validation out of what is not tested; ``rest`` is in random order."""
    n_validation = max(1, round(_VALIDATION_SHARE * len(rest)))
    return PropertySides(
        name=name,
        train=np.sort(rest[n_validation:]),
        validation=np.sort(rest[:n_validation]),
        test=np.sort(test),
    )


def _frozen(data: PropertySet) -> PropertySides:
    split = frozen_split(data.split)
    sides = [split.sides.get(id, "") for id in data.ids]
    return _of_names("framework", sides)


def _by_formula(data: PropertySet) -> PropertySides:
    """One formula on one side: in the order of a hash, the first fifth of the structures is
    tested, the next tenth is for validation."""
    counts = Counter(data.formulas)
    side_of: dict[str, str] = {}
    before = 0
    for formula in sorted(counts, key=lambda formula: share_of([formula])):
        share = before / len(data)
        side_of[formula] = "test" if share < 0.2 else "validation" if share < 0.3 else "train"
        before += counts[formula]
    return _of_names("framework (by formula)", [side_of[formula] for formula in data.formulas])


def _of_names(name: str, sides: list[str]) -> PropertySides:
    told = np.array(sides)
    return PropertySides(
        name=name,
        train=np.flatnonzero(told == "train"),
        validation=np.flatnonzero(told == "validation"),
        test=np.flatnonzero(told == "test"),
    )
