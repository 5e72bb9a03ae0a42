"""What a place contributes depends on nothing outside of its window, and turns with the crystal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from porescope.crystal.structure import Crystal  # noqa: E402
from porescope.models.property.config import SitesConfig, gas_settings  # noqa: E402
from porescope.models.property.network import SitesNetwork  # noqa: E402
from porescope.models.property.places import PlacePool, felt_pool  # noqa: E402
from porescope.models.property.quotient import without_symmetry  # noqa: E402

SMALL = {"width": 24, "channels": 6, "pairs": 6, "n_radial": 5}
MODELS = {
    "atoms": {**SMALL, "window": 8.0, "cutoffs": (4.0, 4.0)},
    "atoms, rest of the window": {**SMALL, "window": 8.0, "cutoffs": (3.0, 2.0)},
    "points": gas_settings(None, **{**SMALL, "dropout": 0.0}),
    "points, deep": gas_settings(None, **{**SMALL, "dropout": 0.0, "cutoffs": (2.2, 1.8)}),
    "points with a probe": gas_settings("CH4", **{**SMALL, "dropout": 0.0}),
}


def _frozen_gas(n: int = 60, edge: float = 24.0, seed: int = 0) -> Crystal:
    """Atoms at random in a large cell, none closer than 1.8 Å."""
    draw = np.random.default_rng(seed)
    places: list[np.ndarray] = []
    while len(places) < n:
        place = draw.random(3) * edge
        away = [np.linalg.norm((p - place + edge / 2) % edge - edge / 2) for p in places]
        if not away or min(away) > 1.8:
            places.append(place)
    return Crystal(
        lattice=np.eye(3) * edge,
        frac=np.array(places) / edge,
        numbers=draw.choice([6, 7, 8, 30], size=n),
        occupancy=np.ones(n),
        u_iso=np.full(n, np.nan),
    )


def _open_place(crystal: Crystal) -> np.ndarray:
    """A place whose nearest atom is neither so near that no probe fits nor far."""
    draw, edge = np.random.default_rng(9), float(crystal.lattice[0, 0])
    while True:
        place = draw.random(3) * edge
        away = np.linalg.norm((crystal.cart - place + edge / 2) % edge - edge / 2, axis=1)
        if 3.3 < away.min() < 3.5:
            return place


def _said(model: SitesNetwork, crystal: Crystal, place: np.ndarray, atom: int) -> torch.Tensor:
    """What one place says of a crystal."""
    quotient = without_symmetry(crystal)
    if model.config.places == "atoms":
        pool = model.pool_of(quotient)
    else:
        pool = PlacePool(cart=place[None], weight=np.ones(1))
        atom = 0
        if model.config.probe is not None:
            pool = felt_pool(
                quotient,
                pool,
                probe=model.config.probe,
                field="UFF",
                cap_k=1e6,
                window=model.config.window,
                merges=False,
            )
    batch = model.batch_of(quotient, pool)
    with torch.no_grad():
        return model.said(batch.graphs, batch.probes)[atom]


@pytest.mark.parametrize("kind", list(MODELS))
def test_nothing_outside_of_the_window_enters(kind: str) -> None:
    torch.manual_seed(1)
    model = SitesNetwork(SitesConfig(**MODELS[kind])).eval()
    window = model.config.window
    crystal = _frozen_gas()
    atom, edge = 0, float(crystal.lattice[0, 0])
    place = crystal.cart[atom] if model.config.places == "atoms" else _open_place(crystal)
    away = np.linalg.norm((crystal.cart - place + edge / 2) % edge - edge / 2, axis=1)
    here = _said(model, crystal, place, atom)
    outside = away > window
    nearest = int(np.argsort(away)[1 if model.config.places == "atoms" else 0])
    assert outside.sum() > 20
    draw = np.random.default_rng(5)
    numbers, frac = crystal.numbers.copy(), crystal.frac.copy()
    numbers[outside] = draw.choice([1, 16, 40], size=int(outside.sum()))
    beyond = away > window + 0.5
    frac[beyond] += draw.normal(size=(int(beyond.sum()), 3)) * 0.25 / np.sqrt(3.0) / edge
    other = _said(model, replace(crystal, numbers=numbers, frac=frac), place, atom)
    torch.testing.assert_close(here, other, rtol=1e-5, atol=1e-6)
    numbers = crystal.numbers.copy()
    numbers[nearest] = 9
    changed = _said(model, replace(crystal, numbers=numbers), place, atom)
    assert (here - changed).abs().max() > 1e-5


def test_a_contribution_fades_smoothly_as_an_atom_leaves_the_window() -> None:
    torch.manual_seed(1)
    model = SitesNetwork(SitesConfig(**MODELS["points, deep"])).eval()
    crystal = _frozen_gas(2, edge=30.0)
    said = []
    for away in np.linspace(5.5, 6.2, 36):
        places = np.array([[15.0, 15.0, 15.0], [15.0 + away, 15.0, 15.0]])
        made = replace(crystal, frac=places / 30.0)
        quotient = without_symmetry(made)
        batch = model.batch_of(quotient, PlacePool(cart=places[:1], weight=np.ones(1)))
        with torch.no_grad():
            said.append(float(model.said(batch.graphs, batch.probes)[0, 0, 0]))
    steps = np.abs(np.diff(said))
    assert steps.max() < 0.2 * max(np.ptp(said), 1e-9)
    assert said[-1] == pytest.approx(said[-2], abs=1e-6)


@pytest.mark.parametrize("kind", ["points", "points with a probe"])
def test_values_of_points_do_not_change_with_the_description(kind: str) -> None:
    torch.manual_seed(1)
    settings = MODELS[kind] | {"spacing": 1.0, "fine_spacing": 0.8, "n_points_predict": 5000}
    model = SitesNetwork(SitesConfig(**settings)).eval()
    lattice = np.array([[7.0, 0.2, -0.1], [1.1, 8.0, 0.3], [-0.7, 0.9, 7.4]])
    draw = np.random.default_rng(3)
    crystal = replace(_frozen_gas(7, edge=9.0), lattice=lattice)
    turn, _ = np.linalg.qr(draw.normal(size=(3, 3)))
    order = draw.permutation(7)
    with torch.no_grad():
        value = float(model(model.prepare(crystal)).mean)
        turned = float(model(model.prepare(replace(crystal, lattice=lattice @ turn))).mean)
        shuffled = replace(crystal, frac=crystal.frac[order], numbers=crystal.numbers[order])
        mixed = float(model(model.prepare(shuffled)).mean)
        moved = replace(crystal, frac=crystal.frac + np.array([0.03, 0.07, 0.02]))
        shifted = float(model(model.prepare(moved)).mean)
        fewer = float(model(model.prepare(crystal.without_symmetry().supercell((1, 1, 2)))).mean)
    empty = 0.0 if kind == "points" else float(model.closed.detach())
    size = abs(value - empty) + 1e-6
    assert abs(turned - value) < 1e-4 * size
    assert abs(mixed - value) < 1e-4 * size
    # The grid begins elsewhere in the crystal, or has another step.
    assert abs(shifted - value) < 0.1 * size
    assert abs(fewer - value) < 0.1 * size
