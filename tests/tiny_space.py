"""A library of a few crystals and weights that nobody trained, for tests of the learned space."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from porescope.crystal.structure import Crystal
from porescope.datasets.build import build_library, folder_entries
from porescope.datasets.store import CardStore, Source
from porescope.io.cif_write import write_cif

METALS = (29, 30, 40, 13)
N_CRYSTALS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TinySpace:
    """Where everything lies."""

    folder: Path
    library: Path
    cifs: Path
    shipped: Path
    """A folder like that of the shipped weights, with ``small`` in it."""

    @property
    def weights(self) -> Path:
        """The weights."""
        return self.shipped / "small.safetensors"


def own_crystal(seed: int) -> Crystal:
    """A crystal of five atoms, the metal by turns."""
    rng = np.random.default_rng(seed)
    return Crystal(
        lattice=np.diag(rng.uniform(8.0, 13.0, size=3)),
        frac=rng.uniform(size=(5, 3)),
        numbers=np.array([METALS[seed % 4], 8, 8, 6, 6]),
        occupancy=np.ones(5),
        u_iso=np.full(5, 0.02),
        name=f"own-{seed}",
    )


def make_library(file: Path, cifs: Path, *, seeds: range) -> None:
    """A library file of own crystals."""
    cifs.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        write_cif(own_crystal(seed), cifs / f"own-{seed}.cif")
    with CardStore(file, writable=True) as store:
        build_library(
            store,
            folder_entries(cifs),
            source=Source(name="own", root=str(cifs), licence="", doi=""),
            n_processes=1,
        )


def make_weights(file: Path, *, seed: int = 0) -> None:
    """Weights of the preset ``small``, drawn at random; both sides are one network."""
    import torch

    from porescope.models.checkpoint import Card, write_checkpoint
    from porescope.models.retrieval.config import RetrievalConfig
    from porescope.models.retrieval.network import RetrievalNetwork

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = RetrievalConfig(width=64, channels=(8, 8, 8, 8))
        model = RetrievalNetwork(config)
    with torch.no_grad():
        model.sides[1] = model.sides[0]
    card = Card(
        preset="small",
        preset_version=1,
        config=asdict(config),
        package_version="0",
        data_hash="",
        split="",
        metrics={},
        licence="",
        hardware="",
        created="",
    )
    write_checkpoint(file, model.state_dict(), card=card)


def make_space(folder: Path) -> TinySpace:
    """The library and the weights."""
    made = TinySpace(
        folder=folder,
        library=folder / "library.sqlite",
        cifs=folder / "cifs",
        shipped=folder / "weights",
    )
    make_library(made.library, made.cifs, seeds=range(N_CRYSTALS))
    make_weights(made.weights)
    return made
