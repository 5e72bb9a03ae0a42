"""Batches of crystals: joined, moved, and refused where something is missing."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from porescope.errors import ConfigError  # noqa: E402
from porescope.models.property_inputs import (  # noqa: E402
    AtomGraphs,
    Probes,
    PropertyBatch,
    Windows,
    joined,
    require_property_inputs,
)


def _one(n_atoms: int, n_places: int, *, energy: bool = True) -> PropertyBatch:
    atoms, places = torch.arange(n_atoms), torch.arange(n_places)
    graphs = AtomGraphs(
        numbers=atoms + 1,
        crystal=torch.zeros(n_atoms, dtype=torch.int64),
        lattice=torch.eye(3)[None],
        frac=torch.rand(n_atoms, 3),
        edge_index=torch.stack([atoms, atoms.flip(0)]),
        edge_vector=torch.rand(n_atoms, 3),
        n_atoms=torch.tensor([n_atoms]),
    )
    probes = Probes(
        place=torch.rand(n_places, 3),
        crystal=torch.zeros(n_places, dtype=torch.int64),
        weight=torch.full((n_places,), 1.0 / n_places),
        edge_index=torch.stack([places, places % n_atoms]),
        edge_vector=torch.rand(n_places, 3),
        n_probes=torch.tensor([n_places]),
        energy=torch.rand(n_places) if energy else None,
    )
    windows = Windows(
        place=torch.rand(n_places, 3),
        crystal=torch.zeros(n_places, dtype=torch.int64),
        weight=torch.full((n_places,), 1.0 / n_places),
        n_windows=torch.tensor([n_places]),
        numbers=atoms + 1,
        window=atoms % n_places,
        offset=torch.rand(n_atoms, 3),
    )
    return PropertyBatch(
        targets=torch.full((1, 2), float(n_atoms)),
        graphs=graphs,
        probes=probes,
        windows=windows,
        voxels=torch.rand(1, 1, 2, 2, 2),
        tokens=torch.ones(1, n_atoms, dtype=torch.int64),
        features=torch.rand(1, 4),
    )


def test_indices_point_to_the_same_things_after_joining() -> None:
    parts = [_one(3, 2), _one(5, 4), _one(1, 1)]
    whole = joined(parts)
    assert len(whole) == 3
    assert whole.graphs is not None
    assert whole.probes is not None
    assert whole.windows is not None
    assert whole.tokens is not None
    assert len(whole.graphs) == len(whole.probes) == len(whole.windows) == 3
    for index in whole.graphs.edge_index:
        assert torch.equal(whole.graphs.crystal[index], whole.graphs.crystal)
    probe, atom = whole.probes.edge_index
    assert torch.equal(whole.probes.crystal[probe], whole.graphs.crystal[atom])
    wanted = torch.cat([p.graphs.numbers[p.probes.edge_index[1]] for p in parts])  # type: ignore
    assert torch.equal(whole.graphs.numbers[atom], wanted)
    assert torch.equal(whole.windows.window, torch.tensor([0, 1, 0, 2, 3, 4, 5, 2, 6]))
    assert torch.equal(whole.tokens.sum(dim=1), torch.tensor([3, 5, 1]))
    assert torch.equal(whole.targets[:, 0], torch.tensor([3.0, 5.0, 1.0]))
    assert torch.equal(whole.to("cpu").probes.energy, whole.probes.energy)  # type: ignore


def test_what_one_lacks_the_whole_lacks() -> None:
    whole = joined([_one(3, 2), _one(3, 2, energy=False)])
    assert whole.probes is not None
    assert whole.probes.energy is None
    only = PropertyBatch(targets=torch.zeros(1, 2), features=torch.zeros(1, 4))
    mixed = joined([_one(3, 2), only])
    assert mixed.graphs is None
    assert mixed.features is not None
    assert joined([only]) is only
    with pytest.raises(ConfigError, match="at least one batch"):
        joined([])


def test_missing_inputs_are_named() -> None:
    only = PropertyBatch(targets=torch.zeros(1, 2), features=torch.zeros(1, 4))
    require_property_inputs(only, needs=frozenset({"features"}))
    with pytest.raises(ConfigError, match="needs graphs and voxels of each crystal"):
        require_property_inputs(only, needs=frozenset({"voxels", "graphs"}))
