"""How far a prediction can be trusted: scaled standard deviations, and a flag for the unlike.

Both come from the validation side: each target's stated deviation is multiplied so that as many
validation errors lie within one as do for a normal distribution, and a crystal is out of the domain
where its features lie farther from those of the training side than nearly all of that side do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from porescope.errors import ConfigError, ParseError

WITHIN_ONE = 0.6827
"""Share of a normal distribution within one standard deviation."""
FARTHEST_SHARE = 0.99
"""Share of the training side that lies within the domain."""
LEAST_EXAMPLES = 10
"""Examples below which nothing can be calibrated."""
_LEAST_DEVIATION = 1e-9
_RIDGE = 1e-3  # of the mean variance, added to each, so that few examples suffice


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Domain:
    """Where the features of the training side lie."""

    centre: Float[np.ndarray, "features"]
    """Their mean."""
    whitening: Float[np.ndarray, "features features"]
    """Turns a difference from it into one whose length is the Mahalanobis distance."""
    farthest: float
    """Distance within which :data:`FARTHEST_SHARE` of the training side lie."""

    def distance(self, features: Float[np.ndarray, "n features"]) -> Float[np.ndarray, "n"]:
        """Distance over the farthest one: above 1 is out of the domain."""
        away = np.linalg.norm((features - self.centre) @ self.whitening, axis=1)
        return away / self.farthest


def domain_of(features: Float[np.ndarray, "n features"]) -> Domain:
    """The domain of a training side.

    Raises
    ------
    ConfigError
        If there are fewer than ten examples.
    """
    _need_examples(len(features))
    centre = features.mean(axis=0)
    covariance = np.cov((features - centre).T).reshape(features.shape[1], -1)
    values, vectors = np.linalg.eigh(covariance)
    typical = max(float(np.trace(covariance)) / len(values), 1e-12)
    values = np.maximum(values, 0.0) + _RIDGE * typical
    whitening = vectors / np.sqrt(values)
    away = np.linalg.norm((features - centre) @ whitening, axis=1)
    farthest = max(float(np.quantile(away, FARTHEST_SHARE)), 1e-9)
    return Domain(centre=centre, whitening=whitening, farthest=farthest)


def deviation_factors(
    error: Float[np.ndarray, "n targets"], *, deviation: Float[np.ndarray, "n targets"]
) -> Float[np.ndarray, "targets"]:
    """By what stated deviations are to be multiplied so that they cover what they should.

    Parameters
    ----------
    error:
        Errors on the validation side; NaN where the truth is unknown.
    deviation:
        Stated standard deviations there.

    Raises
    ------
    ConfigError
        If a target has fewer than ten known errors.
    """
    ratio = np.abs(error) / np.maximum(deviation, _LEAST_DEVIATION)
    factors = []
    for column in ratio.T:
        known = column[np.isfinite(column)]
        _need_examples(len(known))
        factors.append(float(np.quantile(known, WITHIN_ONE)))
    return np.array(factors)


def _need_examples(n: int) -> None:
    if n < LEAST_EXAMPLES:
        raise ConfigError(
            f"at least {LEAST_EXAMPLES} examples are needed to calibrate, and there are {n}; give "
            "a larger validation side"
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Calibration:
    """What the validation side taught about a model or an ensemble."""

    factors: Float[np.ndarray, "targets"]
    """Factors of the stated deviations."""
    domain: Domain
    """Where the training side lies."""

    def is_outside(self, features: Float[np.ndarray, "n features"]) -> Bool[np.ndarray, "n"]:
        """Which crystals are unlike the training side."""
        return self.domain.distance(features) > 1.0


def save_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration (.npz)."""
    domain = calibration.domain
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            factors=calibration.factors,
            centre=domain.centre,
            whitening=domain.whitening,
            farthest=np.array(domain.farthest),
        )


def load_calibration(path: Path) -> Calibration:
    """Read a calibration.

    Raises
    ------
    ParseError
        If the file is none.
    """
    if not path.is_file():
        raise ParseError("no such file; expected a calibration (.npz)", path=path)
    try:
        with np.load(path, allow_pickle=False) as held:
            domain = Domain(
                centre=held["centre"],
                whitening=held["whitening"],
                farthest=float(held["farthest"]),
            )
            return Calibration(factors=held["factors"], domain=domain)
    except (ValueError, KeyError, OSError) as error:
        raise ParseError(
            f"expected a calibration and cannot read it ({error}); calibrate again", path=path
        ) from error
