"""The state of a grand canonical run on disk, written whole or not at all."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np

from porescope.adsorption.gcmc.density import Counts
from porescope.adsorption.gcmc.sampling import PointState
from porescope.errors import ParseError

_VERSION = 1


def write_state(
    path: Path, state: PointState, *, fingerprint: str, counts: Counts = (), n_samples: int = 0
) -> None:
    """Write a state under a temporary name, then rename.

    Parameters
    ----------
    path:
        The file.
    state:
        How far the point is.
    fingerprint:
        Hash of everything that the run depends on.
    counts:
        Grid counts of the positions sampled so far.
    n_samples:
        Number of samples in them.
    """
    arrays: dict[str, np.ndarray] = {
        "version": np.array(_VERSION),
        "fingerprint": np.array(fingerprint),
        "rungs_done": np.array(state.rungs_done),
        "finished": np.array(state.finished),
        "molecules": state.molecules,
        "energy_k": state.energy_k,
        "n_gases": np.array(len(state.positions)),
        "n_samples": np.array(n_samples),
    }
    for index, places in enumerate(state.positions):
        arrays[f"positions_{index}"] = places
    for index, grid in enumerate(counts):
        arrays[f"counts_{index}"] = grid
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as handle:
        np.savez_compressed(handle, **arrays)  # pyright: ignore[reportArgumentType]
    os.replace(partial, path)


def read_state(path: Path, *, fingerprint: str) -> tuple[PointState, Counts, int] | None:
    """Read a state; None where there is none, or it belongs to another run.

    Raises
    ------
    ParseError
        The file is damaged, or of a later version.
    """
    if not path.is_file():
        return None
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ParseError(
            f"this is not a saved state of a run ({error}); delete it to start again", path=path
        ) from error
    if int(arrays.get("version", 0)) != _VERSION:
        raise ParseError(
            "this saved state is of another version of porescope; delete it to start again",
            path=path,
        )
    if str(arrays["fingerprint"]) != fingerprint:
        return None
    gases = range(int(arrays["n_gases"]))
    state = PointState(
        rungs_done=int(arrays["rungs_done"]),
        molecules=arrays["molecules"],
        energy_k=arrays["energy_k"],
        positions=tuple(arrays[f"positions_{index}"] for index in gases),
        finished=bool(arrays["finished"]),
    )
    counts = tuple(arrays[f"counts_{index}"] for index in gases if f"counts_{index}" in arrays)
    return state, counts, int(arrays["n_samples"])
