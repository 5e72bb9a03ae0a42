"""What the learned space says of the cards of a search; none of it is needed to solve.

Importing this module needs no torch. Where torch or the weights are missing there is no learned
query, and a search goes on as if the space did not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import gemmi
import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.datasets.cards import PowderCard
from porescope.datasets.library import Library
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError, ParseError
from porescope.models.shipped import DEFAULT, weights_file

Progress = Callable[[str, float], None]
"""Called with what is being done and the share that is finished, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LearnedQuery:
    """Similarities of one pattern to the cards of a library."""

    numbers: Int[np.ndarray, "cards"]
    """Numbers of the embedded cards, rising."""
    similarity: Float[np.ndarray, "cards"]
    """Cosine of the angle between the embeddings of pattern and card, -1 to 1."""
    of_card: Callable[[PowderCard], float]
    """Similarity of a card that is in no library."""
    weights: str
    """Preset and short hash of the weights."""

    def of_numbers(self, numbers: Int[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        """Similarities of some cards, NaN for those that are not embedded."""
        place = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        known = self.numbers[place] == numbers
        return np.where(known, self.similarity[place], np.nan)

    def nearest_rows(
        self,
        numbers: Int[np.ndarray, "cards"],
        *,
        framework_codes: Int[np.ndarray, "cards"],
        n: int,
        allowed: Bool[np.ndarray, "cards"] | None = None,
    ) -> Int[np.ndarray, "rows"]:
        """Rows of a table with the nearest cards, one of each framework, the nearest first.

        Parameters
        ----------
        numbers:
            Numbers of the table's cards.
        framework_codes:
            Cards with equal codes are the same framework.
        n:
            Most rows.
        allowed:
            Cards that may be named; all by default.
        """
        score = self.of_numbers(numbers)
        good = np.isfinite(score) if allowed is None else np.isfinite(score) & allowed
        rows = np.flatnonzero(good)
        rows = rows[np.argsort(-score[rows], kind="stable")]
        _, first = np.unique(framework_codes[rows], return_index=True)
        return rows[np.sort(first)[:n]]


def is_ready(weights: str | Path = DEFAULT) -> bool:
    """Whether this installation has what the learned space needs.

    Parameters
    ----------
    weights:
        Name of shipped weights, or a checkpoint.
    """
    try:
        weights_file(weights)
    except ConfigError:
        return False
    return all(find_spec(name) is not None for name in ("torch", "safetensors"))


def learned_query(
    library: Library,
    peaks: PeakList,
    *,
    radiation: Radiation,
    elements: Sequence[str] | None = None,
    weights: str | Path = DEFAULT,
    progress: Progress | None = None,
) -> tuple[LearnedQuery | None, str]:
    """Compare a pattern with a library in the learned space, where that is possible.

    Parameters
    ----------
    library:
        The library; it is embedded where it was not yet.
    peaks:
        Observed peaks.
    radiation:
        What they were measured with; the model knows X-rays alone.
    elements:
        All elements of the framework but hydrogen, where the user named them.
    weights:
        Name of shipped weights, or a checkpoint.
    progress:
        Called while the library is embedded.

    Returns
    -------
    :
        The similarities, or ``None``; and why there are none although all is installed.
    """
    if radiation.kind != "xray" or not is_ready(weights):
        return None, ""
    from porescope.workflows.library_space import open_space

    try:
        space = open_space(library, weights=weights_file(weights), progress=progress)
    except (ConfigError, ParseError) as error:
        return None, f"The learned space was not used: {error}"
    told = None
    if elements:
        told = sorted({gemmi.Element(symbol).atomic_number for symbol in elements})
    query = space.index.embed_peaks(peaks, radiation=radiation, elements=told)
    order = np.argsort(space.index.numbers, kind="stable")
    found = space.index.similarities(query[None])[0]
    return (
        LearnedQuery(
            numbers=space.index.numbers[order],
            similarity=found[order],
            of_card=lambda card: float(query @ space.index.embed_card(card)),
            weights=f"{space.card.preset} {space.digest}",
        ),
        "",
    )
