"""Windows of a crystal, and what X(3)mat's network makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
o3 = pytest.importorskip("e3nn.o3")

from porescope.errors import ConfigError  # noqa: E402
from porescope.models.property_inputs import joined  # noqa: E402
from porescope.models.property_x3mat.config import X3matConfig  # noqa: E402
from porescope.models.property_x3mat.network import X3matNetwork, edges_within  # noqa: E402
from porescope.models.property_x3mat.predict import window_centres, windows_of  # noqa: E402
from property_toys import some_frameworks  # noqa: E402

SMALL = X3matConfig(layers=2, channels=8, hidden=8, heads=2, step=3.5, radius=4.5)


def _network(config: X3matConfig = SMALL) -> X3matNetwork:
    torch.manual_seed(3)
    network = X3matNetwork(config).eval()
    network.empty.data.fill_(0.4)
    return network


def test_centres_are_no_further_apart_than_the_step() -> None:
    (crystal,) = some_frameworks(1)
    centres, shape = window_centres(crystal, step=2.0)
    lengths = np.linalg.norm(crystal.lattice, axis=1)
    assert len(centres) == np.prod(shape)
    assert np.all(lengths / shape <= 2.0 + 1e-6)
    assert np.all(lengths / (np.array(shape) - 1) > 2.0)
    with pytest.raises(ConfigError, match="windows, more than"):
        window_centres(crystal, step=0.05)


def test_a_window_holds_the_atoms_within_its_radius() -> None:
    (crystal,) = some_frameworks(1)
    windows = windows_of(crystal, radius=5.0, step=3.0)
    assert float(windows.offset.norm(dim=1).max()) <= 5.0 + 1e-5
    assert float(windows.weight.sum()) == pytest.approx(1.0, abs=1e-5)
    # Each atom is in as many windows as centres lie about it: on average volume over volume.
    members = len(windows.numbers) / (len(windows.place) * crystal.n_atoms)
    assert members == pytest.approx(4.0 / 3.0 * np.pi * 125.0 / crystal.volume, rel=0.05)


def test_drawn_windows_are_some_of_all() -> None:
    (crystal,) = some_frameworks(1)
    whole = windows_of(crystal, radius=4.0, step=2.5)
    generator = np.random.default_rng(0)
    some = windows_of(crystal, radius=4.0, step=2.5, most=5, generator=generator)
    assert len(some.place) == 5
    assert float(some.weight.sum()) == pytest.approx(1.0, abs=1e-5)
    near = torch.cdist(some.place, whole.place).min(dim=1)
    assert float(near.values.max()) < 1e-4
    assert len(set(near.indices.tolist())) == 5
    other = windows_of(crystal, radius=4.0, step=2.5, most=5, generator=generator)
    even = windows_of(crystal, radius=4.0, step=2.5, most=9)
    assert torch.equal(even.place, whole.place[::3])
    assert not torch.equal(other.place, some.place)


def test_rotating_a_window_changes_nothing() -> None:
    network = _network()
    (crystal,) = some_frameworks(1)
    windows = network.prepare(crystal).windows
    assert windows is not None
    rotation = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(4)))[0]
    rotation = rotation * torch.linalg.det(rotation).sign()
    turned = replace(windows, offset=windows.offset @ rotation)
    with torch.no_grad():
        made, again = network.contributions(windows), network.contributions(turned)
    assert made.std() > 1e-4
    # Distances of edges at the limit of a window's neighbours are rounded.
    assert (made - again).abs().max() < 5e-3 * made.std()


def test_shapes_that_only_angles_tell_apart_differ() -> None:
    # Two pairs of atoms in a row or at a right angle: the same distances to the middle one.
    network = _network(replace(SMALL, cutoff=2.0, most_neighbours=2))
    row = torch.tensor([[0.0, 0.0, 0.0], [1.5, 0.0, 0.0], [-1.5, 0.0, 0.0]])
    bent = torch.tensor([[0.0, 0.0, 0.0], [1.5, 0.0, 0.0], [0.0, 1.5, 0.0]])
    numbers, window = torch.tensor([8, 6, 6]), torch.zeros(3, dtype=torch.int64)
    with torch.no_grad():
        one = network._of_windows(numbers, window, row, 1)
        two = network._of_windows(numbers, window, bent, 1)
    assert (one - two).abs().max() > 1e-5


def test_windows_do_not_see_one_another() -> None:
    network = _network()
    batch = joined([network.prepare(crystal) for crystal in some_frameworks(2)])
    assert batch.windows is not None
    moved = batch.windows.offset.clone()
    inside = batch.windows.window == 3
    moved[inside] *= 0.9
    with torch.no_grad():
        made = network.contributions(batch.windows)
        again = network.contributions(replace(batch.windows, offset=moved))
    changed = (made - again).abs().max(dim=1).values > 1e-6
    assert changed.nonzero().flatten().tolist() == [3]


def test_few_windows_at_once_are_as_many_at_once() -> None:
    (crystal,) = some_frameworks(1)
    network = _network()
    other = X3matNetwork(replace(SMALL, windows_at_once=5)).eval()
    other.load_state_dict(network.state_dict())
    windows = network.prepare(crystal).windows
    assert windows is not None
    made, again = network.contributions(windows), other.contributions(windows)
    torch.testing.assert_close(made, again, rtol=1e-4, atol=1e-5)
    made.sum().backward()
    again.sum().backward()
    for one, two in zip(network.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one.grad, two.grad, rtol=1e-3, atol=1e-4)


def test_an_empty_window_gives_what_all_have_in_common() -> None:
    network = _network(replace(SMALL, radius=0.6))
    (crystal,) = some_frameworks(1)
    windows = network.prepare(crystal).windows
    assert windows is not None
    counts = torch.bincount(windows.window, minlength=len(windows.place))
    with torch.no_grad():
        made = network.contributions(windows)
    assert (counts == 0).any()
    torch.testing.assert_close(made[counts == 0], torch.full_like(made[counts == 0], 0.4))


def test_edges_stay_in_their_window_and_keep_ties() -> None:
    # A square with its middle, and a pair in another window at the same place.
    square = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]]
    offset = torch.tensor([*square, [0.0, 0.0, 0.0], [0.5, 0.0, 0.0]])
    window = torch.tensor([0, 0, 0, 0, 0, 2, 2])
    edges = edges_within(offset, window, cutoff=3.0, most=1)
    assert torch.equal(window[edges[0]], window[edges[1]])
    assert sorted(edges[1][edges[0] == 0].tolist()) == [1, 2, 3, 4]
    assert edges[1][edges[0] == 3].tolist() == [0]
    assert edges[1][edges[0] == 5].tolist() == [6]
    assert not edges_within(offset, window, cutoff=0.2, most=3).numel()
