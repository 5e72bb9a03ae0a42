"""Properties from features of whole crystals: what a learned network has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float, Int

from porescope.datasets.property_set import PropertySet
from porescope.datasets.property_splits import PropertySides
from porescope.errors import ConfigError, MissingExtraError
from porescope.training.property_metrics import property_metrics
from porescope.workflows.property_features import FEATURE_KINDS, FeatureKind, FeatureTable

Baseline = Literal[
    "mean", "composition", "geometry", "histogram1d", "histogram2d", "homology", "all_features"
]
"""What can be compared with; ``all_features`` sees all tables at once."""
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
SETTINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ridge", {}),
    ("trees", {"max_features": 0.33}),
    ("boosting", {"learning_rate": 0.1, "max_leaf_nodes": 16}),
    ("boosting", {"learning_rate": 0.1, "loss": "absolute_error", "min_samples_leaf": 5}),
)
"""The budget: each baseline tries these, for every target by itself, and keeps the best."""
_ALPHAS = (0.1, 1.0, 10.0, 100.0, 1000.0)  # of the ridge, chosen by leaving one out
CROSS_VALIDATED = 1000
"""Up to so many training structures the settings are compared by five-fold cross-validation, with
more on the validation side."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaselineResult:
    """What a baseline came to on the test side."""

    name: Baseline
    predicted: Float[np.ndarray, "test targets"]
    """Values of the test side in the units of the labels."""
    metrics: Mapping[str, Mapping[str, float]]
    """Errors by target."""
    chosen: Mapping[str, str]
    """The settings that were kept, by target."""


def baseline_named(name: str) -> Baseline:
    """The baseline of a name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    for known in BASELINES:
        if known == name:
            return known
    raise ConfigError(f"there is no baseline {name!r}; choose one of {', '.join(BASELINES)}")


def tables_needed(name: str) -> tuple[FeatureKind, ...]:
    """Feature tables that a baseline reads.

    Raises
    ------
    ConfigError
        If there is no such baseline.
    """
    if baseline_named(name) == "all_features":
        return ("composition", "geometry", "histogram2d", "homology")
    return tuple(kind for kind in FEATURE_KINDS if kind == name)


def require_packages(names: Sequence[Baseline]) -> None:
    """See that what the baselines need is installed.

    Raises
    ------
    MissingExtraError
        If it is not.
    """
    kinds = {kind for name in names for kind in tables_needed(name)}
    if kinds and find_spec("sklearn") is None:
        raise MissingExtraError("scikit-learn", extra="ml")
    if "homology" in kinds and find_spec("gudhi") is None:
        raise MissingExtraError("gudhi", extra="homology")


def run_baseline(
    data: PropertySet,
    *,
    name: Baseline,
    sides: PropertySides,
    tables: Mapping[FeatureKind, FeatureTable],
    seed: int = 0,
) -> BaselineResult:
    """Fit a baseline and ask it about the test side.

    The settings are chosen without the test side; the chosen ones are then fitted to training and
    validation side together. The mean is that of both too.

    Parameters
    ----------
    data:
        The set.
    name:
        Which baseline.
    sides:
        Its sides.
    tables:
        Features of the set, those of :func:`tables_needed` at least.
    seed:
        Seed of the trees.

    Raises
    ------
    ConfigError
        If a table is missing or is of another set.
    MissingExtraError
        If scikit-learn is not installed.
    """
    missing = [kind for kind in tables_needed(name) if kind not in tables]
    if missing:
        raise ConfigError(f"the baseline {name!r} needs the features {', '.join(missing)}")
    parts = [tables[kind].values for kind in tables_needed(name)]
    if any(len(part) != len(data) for part in parts):
        raise ConfigError("features and set must have the same structures; make the tables again")
    features = np.concatenate(parts, axis=1) if parts else np.zeros((len(data), 0))
    predicted = np.full((len(sides.test), len(data.targets)), np.nan)
    chosen: dict[str, str] = {}
    for column, target in enumerate(data.targets):
        values = data.values[:, column]
        if name == "mean":
            known = np.concatenate([sides.train, sides.validation])
            predicted[:, column] = np.nanmean(values[known])
            chosen[target.name] = "mean"
            continue
        train, validation = (
            side[np.isfinite(values[side])] for side in (sides.train, sides.validation)
        )
        predicted[:, column], chosen[target.name] = _best(
            features, values, train=train, validation=validation, asked=sides.test, seed=seed
        )
    truth = data.values[sides.test]
    return BaselineResult(
        name=name,
        predicted=predicted,
        metrics={
            target.name: property_metrics(predicted[:, column], truth[:, column])
            for column, target in enumerate(data.targets)
        },
        chosen=chosen,
    )


def _best(
    features: Float[np.ndarray, "structures features"],
    values: Float[np.ndarray, "structures"],
    *,
    train: Int[np.ndarray, "train"],
    validation: Int[np.ndarray, "validation"],
    asked: Int[np.ndarray, "asked"],
    seed: int,
) -> tuple[Float[np.ndarray, "asked"], str]:
    """Predictions of the settings with the least error where they were not fitted."""
    both = np.concatenate([train, validation])
    if len(train) <= CROSS_VALIDATED:
        order = np.random.default_rng([seed, 29]).permutation(both)
        folds = np.array_split(order, min(5, len(order)))
        pairs = [(np.setdiff1d(both, fold), fold) for fold in folds]
    else:
        pairs = [(train, validation)]
    errors = []
    for family, settings in SETTINGS:
        off = []
        for fitted, left in pairs:
            model = _regressor(family, settings, n_train=len(train), seed=seed)
            model.fit(features[fitted], values[fitted])
            off.append(np.abs(model.predict(features[left]) - values[left]))
        errors.append(float(np.concatenate(off).mean()))
    family, settings = SETTINGS[int(np.argmin(errors))]
    model = _regressor(family, settings, n_train=len(train), seed=seed)
    model.fit(features[both], values[both])
    return np.asarray(model.predict(features[asked])), _told(family, settings)


def _told(family: str, settings: Mapping[str, Any]) -> str:
    return " ".join([family, *(f"{key}={value}" for key, value in settings.items())])


def _regressor(family: str, settings: Mapping[str, Any], *, n_train: int, seed: int) -> Any:
    """A regressor that takes missing features."""
    try:
        from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError as error:  # pragma: no cover
        raise MissingExtraError("scikit-learn", extra="ml") from error
    if family == "boosting":
        rounds = 100 if n_train <= CROSS_VALIDATED else 300
        return HistGradientBoostingRegressor(random_state=seed, max_iter=rounds, **settings)
    filled = SimpleImputer(strategy="median", keep_empty_features=True)
    if family == "trees":
        return make_pipeline(
            filled, ExtraTreesRegressor(n_estimators=100, random_state=seed, **settings)
        )
    return make_pipeline(filled, StandardScaler(), RidgeCV(_ALPHAS, **settings))
