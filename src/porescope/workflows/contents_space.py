"""The learned space of presets that read atoms or beads, which cards do not hold.

What they read of the library comes from a store of contents
(:mod:`porescope.datasets.retrieval_atoms`); only frameworks that are in it are compared. Their
embeddings are kept in the user's cache like those of :mod:`porescope.workflows.library_space`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from porescope.datasets.library import Library
from porescope.datasets.retrieval_contents import MoleculeGraph, graph_of_smiles
from porescope.datasets.retrieval_set import retrieval_set
from porescope.diffraction.prepare import PreparedPattern
from porescope.errors import ConfigError
from porescope.models.checkpoint import load_model
from porescope.models.inputs import (
    PROFILE_POINTS,
    PROFILE_START_DEG,
    PROFILE_STEP_DEG,
    LinkerGraphs,
    PatternInputs,
)
from porescope.models.retrieval.predict import batch_of_crystals, embed_crystals, pattern_inputs
from porescope.models.retrieval_model import RetrievalModel
from porescope.models.shipped import weights_file
from porescope.training.contents_inputs import contents_of_library
from porescope.training.peak_corruption import WAVELENGTH, ideal_lines
from porescope.workflows.library_space import LibrarySpace, Progress, cache_folder
from porescope.workflows.retrieval import RetrievalIndex, file_digest, library_digest

READ_FROM_CONTENTS = frozenset({"atoms", "beads"})
"""Inputs of a crystal that need a store of contents."""
ROWS = 64
"""Crystals embedded at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """What the chemist knows, as these presets read it."""

    metal: int = 0
    """Atomic number of the metal, 0 if not known."""
    linkers: tuple[str, ...] = ()
    """SMILES of the linkers."""


def open_contents_space(
    library: Library,
    *,
    weights: str | Path,
    contents: str | Path,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> LibrarySpace:
    """The part of a library whose contents are known, in the learned space.

    Parameters
    ----------
    library:
        The library.
    weights:
        Name of shipped weights, or a checkpoint, of a preset that reads atoms or beads.
    contents:
        Store of the contents.
    folder:
        Where embeddings are kept; the user's cache by default.
    progress:
        Called while the library is embedded.

    Raises
    ------
    ConfigError
        Where there is no such store, or it has none of the library's frameworks.
    """
    path, contents = weights_file(weights), Path(contents).expanduser()
    if not contents.is_file():
        raise ConfigError(f"there are no contents at {contents}; check --contents")
    model, card = load_model(path)
    digest = file_digest(path)
    facts = contents.stat()
    known = f"{library_digest(library)} {digest} {facts.st_size} {facts.st_mtime_ns}"
    name = f"contents-{hashlib.sha256(known.encode()).hexdigest()[:16]}.npz"
    kept = (cache_folder() if folder is None else folder) / name
    if not kept.is_file():
        _embed(model, library, contents=contents, out=kept, progress=progress)
    with np.load(kept, allow_pickle=False) as held:
        index = RetrievalIndex(
            model=model,
            embeddings=held["embeddings"],
            numbers=held["numbers"],
            frameworks=held["frameworks"],
        )
    return LibrarySpace(index=index, card=card, weights=path, digest=digest)


def _embed(
    model: RetrievalModel,
    library: Library,
    *,
    contents: Path,
    out: Path,
    progress: Progress | None,
) -> None:
    """Embed what is in the store, and keep it."""
    data = retrieval_set(library)
    packed = contents_of_library(
        contents,
        library=library,
        numbers=data.ids,
        needs=model.needs,
        most_atoms=getattr(model.config, "most_atoms", None),
    )
    rows = np.flatnonzero(packed.available(np.arange(len(data))))
    made = np.empty((len(rows), model.dimension), dtype=np.float32)
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        lines = ideal_lines(data, part)
        inputs = batch_of_crystals(
            lines.q,
            lines.log_intensity,
            mask=lines.mask,
            composition=data.composition[part],
            volume_per_atom=data.volume_per_atom[part],
        )
        inputs = packed.crystals(inputs, part)
        made[start : start + len(part)] = embed_crystals(model, inputs, chunk=16)
        if progress is not None:
            progress("embedding the library", (start + len(part)) / len(rows))
    _save(out, embeddings=made, numbers=data.ids[rows], frameworks=data.frameworks[rows])


def _save(
    path: Path, *, embeddings: np.ndarray, numbers: np.ndarray, frameworks: np.ndarray
) -> None:
    """Write arrays so that they are there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as stream:
        np.savez(stream, embeddings=embeddings, numbers=numbers, frameworks=frameworks)
    os.replace(partial, path)


def inputs_with_profile(
    prepared: PreparedPattern,
    *,
    ingredients: Ingredients,
    elements: Sequence[int] | None = None,
) -> PatternInputs:
    """What these presets read of one measured pattern.

    Parameters
    ----------
    prepared:
        The pattern without its background.
    ingredients:
        Metal and linkers.
    elements:
        Atomic numbers that the framework may have, or ``None``.

    Raises
    ------
    ConfigError
        Where a linker cannot be read, or the pattern shows nothing between 3° and 30° of Cu Kα.
    """
    assert prepared.pattern.radiation is not None
    inputs = pattern_inputs([prepared.peaks], [prepared.pattern.radiation], elements=[elements])
    graphs = []
    for smiles in ingredients.linkers:
        graph = graph_of_smiles(smiles)
        if graph is None:
            raise ConfigError(f"--linker {smiles!r} is no SMILES of a molecule")
        graphs.append(graph)
    return replace(
        inputs,
        profile=torch.from_numpy(profile_of(prepared)[None]),
        metal=torch.tensor([ingredients.metal]),
        linkers=_one_pot(graphs),
    )


def profile_grid_deg() -> Float[np.ndarray, "1351"]:
    """Angles of a profile's points, Cu Kα1 [°]."""
    return PROFILE_START_DEG + PROFILE_STEP_DEG * np.arange(PROFILE_POINTS)


def profile_of(prepared: PreparedPattern) -> Float[np.ndarray, "1351"]:
    """Intensities without background from 3° to 30° of Cu Kα1, maximum 1; 0 where unmeasured.

    Parameters
    ----------
    prepared:
        The pattern; one of another wavelength is drawn at the angles of Cu Kα1.

    Raises
    ------
    ConfigError
        Where there is nothing in the range.
    """
    assert prepared.pattern.radiation is not None
    ratio = prepared.pattern.radiation.wavelength / WAVELENGTH
    sine = ratio * np.sin(np.deg2rad(0.5 * profile_grid_deg()))
    angle = np.where(sine < 1.0, 2.0 * np.rad2deg(np.arcsin(np.minimum(sine, 1.0))), 181.0)
    net = np.interp(angle, prepared.two_theta_deg, prepared.net, left=0.0, right=0.0)
    net = np.maximum(net, 0.0)
    if net.max() <= 0.0:
        raise ConfigError(
            "the pattern shows nothing at the spacings that these weights read, 3° to 30° of Cu "
            "Kα; use the weights small"
        )
    return (net / net.max()).astype(np.float32)


def looked_at(
    space: LibrarySpace, inputs: PatternInputs, *, row: int
) -> Float[np.ndarray, "1351"] | None:
    """Where in its pattern the preset ``xrd2mof`` finds the likeness to a framework (Grad-CAM).

    Parameters
    ----------
    space:
        The library in the learned space.
    inputs:
        The pattern.
    row:
        Row of the framework.

    Returns
    -------
    :
        Weight of each point of the profile, the largest 1; ``None`` for other presets.
    """
    if space.card.preset != "xrd2mof":
        return None
    from porescope.models.retrieval_xrd2mof.network import Xrd2mofNetwork
    from porescope.models.retrieval_xrd2mof.predict import grad_cam

    model = space.index.model
    assert isinstance(model, Xrd2mofNetwork)
    towards = torch.from_numpy(np.array(space.index.embeddings[[row]], dtype=np.float32))
    return grad_cam(model, inputs, towards=towards)[0]


def _one_pot(graphs: Sequence[MoleculeGraph]) -> LinkerGraphs:
    """The linkers of one pattern as one batch."""
    starts = np.cumsum([0, *(len(graph.numbers) for graph in graphs)])
    bonds = [graph.bonds + start for graph, start in zip(graphs, starts, strict=False)]
    none = np.zeros((0, 2), dtype=np.int64)
    return LinkerGraphs(
        numbers=torch.from_numpy(np.concatenate([none[:, 0], *(g.numbers for g in graphs)])),
        bonds=torch.from_numpy(np.concatenate([none, *bonds])),
        orders=torch.from_numpy(
            np.concatenate([np.zeros(0), *(g.orders for g in graphs)]).astype(np.float32)
        ),
        batch=torch.zeros(int(starts[-1]), dtype=torch.int64),
        n_patterns=torch.tensor(1),
    )
