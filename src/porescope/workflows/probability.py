"""Calibrated probability of each candidate, with "none of these" as one of the outcomes.

A conditional logit: every candidate has a utility that is linear in its evidence, "none of these"
has one that is linear in properties of the pattern, and the probabilities are their softmax.
McFadden, in Frontiers in Econometrics (Academic Press, 1974) 105-142. The weights are the maximum
likelihood estimate on corrupted patterns, half of them with the true framework removed from the
library; ``benchmarks/science/identify_corrupted.py --calibrate`` makes them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.errors import ConfigError, ParseError

SHIPPED_MODEL = Path(__file__).parent / "data" / "probability.json"
"""Weights that come with the package."""
SHIPPED_LEARNED_MODEL = SHIPPED_MODEL.with_name("probability_learned.json")
"""Weights that know the learned similarity too; made for one version of the space's weights."""
SCHEMA = 1
"""Version of the file of weights."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ProbabilityModel:
    """Weights of the conditional logit."""

    candidate_features: tuple[str, ...]
    """Names of the candidates' features."""
    candidate_weights: Float[np.ndarray, "features"]
    """One weight each."""
    none_features: tuple[str, ...]
    """Names of the pattern's features; the first is the constant 1."""
    none_weights: Float[np.ndarray, "none_features"]
    """One weight each."""
    card: dict[str, str]
    """Training data, seed, date, version."""

    def probabilities(
        self,
        candidates: Float[np.ndarray, "candidates features"],
        *,
        pattern: Float[np.ndarray, "none_features"],
        log_prior: Float[np.ndarray, "candidates"] | None = None,
    ) -> tuple[Float[np.ndarray, "candidates"], float]:
        """Probability of every candidate and of "none of these"; they sum to 1.

        Parameters
        ----------
        candidates:
            Features of the candidates.
        pattern:
            Features of the pattern.
        log_prior:
            Logarithms of prior odds against an ordinary framework; 0 by default.
        """
        utility = candidates @ self.candidate_weights
        if log_prior is not None:
            utility = utility + log_prior
        utility = np.append(utility, float(pattern @ self.none_weights))
        weight = np.exp(utility - utility.max())
        weight /= weight.sum()
        return weight[:-1], float(weight[-1])


def load_model(path: Path = SHIPPED_MODEL) -> ProbabilityModel:
    """Read weights.

    Raises
    ------
    ParseError
        Where the file is no file of weights, or of a newer version.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] > SCHEMA:
            raise ParseError(
                f"schema {data['schema']} is newer than {SCHEMA}; update porescope", path=path
            )
        return ProbabilityModel(
            candidate_features=tuple(data["candidate_features"]),
            candidate_weights=np.asarray(data["candidate_weights"], dtype=np.float64),
            none_features=tuple(data["none_features"]),
            none_weights=np.asarray(data["none_weights"], dtype=np.float64),
            card=dict(data["card"]),
        )
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ParseError(f"expected weights of the probability: {error}", path=path) from error


def shipped_model(*, learned: str = "") -> ProbabilityModel:
    """The weights that fit what is known of the candidates.

    Parameters
    ----------
    learned:
        Preset and hash of the learned space's weights, or empty where it was not used. Weights of
        the probability that were made for others of these are not used.
    """
    if learned and SHIPPED_LEARNED_MODEL.is_file():
        model = load_model(SHIPPED_LEARNED_MODEL)
        if model.card.get("learned") == learned:
            return model
    return load_model()


def save_model(model: ProbabilityModel, path: Path) -> None:
    """Write weights as JSON, to a temporary name first."""
    data = {"schema": SCHEMA, **asdict(model)}
    for key in ("candidate_weights", "none_weights"):
        data[key] = [round(float(x), 6) for x in data[key]]
    part = path.with_suffix(".part")
    part.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LabelledCase:
    """One pattern with a known answer."""

    candidates: Float[np.ndarray, "candidates features"]
    """Evidence of the candidates."""
    pattern: Float[np.ndarray, "none_features"]
    """Features of the pattern."""
    right: np.ndarray
    """Which candidates are the right framework; none of them if it is not in the list."""


def fit_model(
    cases: Sequence[LabelledCase],
    *,
    candidate_features: tuple[str, ...],
    none_features: tuple[str, ...],
    card: dict[str, str],
    signs: Sequence[int] = (),
    ridge: float = 1e-3,
) -> ProbabilityModel:
    """Maximum-likelihood weights.

    Parameters
    ----------
    cases:
        Patterns with known answers.
    candidate_features, none_features:
        Names, in the order of the columns.
    card:
        What stands beside the weights.
    signs:
        For each candidate feature: 1 keeps its weight positive, -1 negative, 0 leaves it free.
        Features hang together, and a weight of the wrong sign would fail on patterns that are
        unlike those of the calibration. All free by default.
    ridge:
        Penalty on the squared weights of standardised features.

    Raises
    ------
    ConfigError
        Where there are no cases.
    """
    from scipy.optimize import minimize

    if not cases:
        raise ConfigError("the calibration needs labelled cases, got none")
    stacked = np.concatenate([case.candidates for case in cases])
    scale = np.maximum(stacked.std(axis=0), 1e-9)
    mean = stacked.mean(axis=0)
    contexts = np.array([case.pattern for case in cases])
    context_scale = np.maximum(np.abs(contexts).max(axis=0), 1e-9)
    n = len(mean)
    scaled = [(case.candidates - mean) / scale for case in cases]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total = ridge * len(cases) * float(weights @ weights)
        gradient = 2.0 * ridge * len(cases) * weights
        for x, context, case in zip(scaled, contexts / context_scale, cases, strict=True):
            utility = np.append(x @ weights[:n], context @ weights[n:])
            top = utility.max()
            weight = np.exp(utility - top)
            p = weight / weight.sum()
            good = np.append(case.right, not case.right.any())
            p_right = p[good].sum()
            total -= np.log(max(p_right, 1e-12))
            share = np.where(good, p, 0.0) / max(p_right, 1e-12)
            slope = p - share
            gradient[:n] += slope[:-1] @ x
            gradient[n:] += slope[-1] * context
        return total, gradient

    ranges = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}
    bounds = [ranges[sign] for sign in (signs or [0] * n)]
    bounds += [ranges[0]] * contexts.shape[1]
    start = np.zeros(n + contexts.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    weights = found.x[:n] / scale
    none = found.x[n:] / context_scale
    # the candidates' common offset moves into the constant of "none of these"
    none[0] += float(weights @ mean)
    return ProbabilityModel(
        candidate_features=candidate_features,
        candidate_weights=weights,
        none_features=none_features,
        none_weights=none,
        card=card,
    )
