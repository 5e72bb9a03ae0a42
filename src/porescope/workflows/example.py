"""The bundled example: a simulated, corrupted pattern of ZIF-8, labelled as such.

``python -m porescope.workflows.example`` makes it again, byte for byte.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from porescope.datasets.library import Library
from porescope.diffraction.corrupt import CorruptionConfig, corrupt_pattern
from porescope.errors import ConfigError
from porescope.io.patterns.write import write_pattern_xye
from porescope.workflows.candidate_fits import card_reflections, card_space_group

EXAMPLE = Path(__file__).parent / "data" / "example-zif-8-simulated.xye"
"""Pattern that ``porescope solve --example`` reads."""
SEED = 20061
"""Seed of the example's corruption."""


def example_pattern_path() -> Path:
    """File of the bundled example.

    Raises
    ------
    ConfigError
        Where the installation lacks it.
    """
    if not EXAMPLE.is_file():
        raise ConfigError("the bundled example is missing from this installation; reinstall it")
    return EXAMPLE


def write_example(path: Path = EXAMPLE) -> None:
    """Make the example from the shipped card of ZIF-8."""
    with Library.open() as library:
        card = library.cards(library.find("ZIF-8")[:1])[0]
    pattern = corrupt_pattern(
        card_reflections(card, lattice=card.lattice, kind="xray"),
        lattice=card.lattice,
        rng=np.random.default_rng(SEED),
        config=CorruptionConfig(
            peak_counts=(8000.0, 8000.0),
            fwhm_deg=(0.12, 0.12),
            march=(0.92, 1.08),
            guest_sigma=0.2,
            impurity_peaks=1,
        ),
        space_group=card_space_group(card),
    )
    title = "ZIF-8, simulated by porescope with its corruption model: not a measurement"
    write_pattern_xye(replace(pattern, name=title), path)


if __name__ == "__main__":
    write_example()
