"""Message passing between all atoms of a cell."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from porescope.nn.cspnet import CspNet, pairs_of  # noqa: E402


def _net(**settings) -> CspNet:
    torch.manual_seed(1)
    return CspNet(**{"width": 24, "layers": 2, "frequencies": 5, **settings}).eval()


def _atoms(counts: list[int], *, seed: int = 0):
    rng = np.random.default_rng(seed)
    n = sum(counts)
    lattice = np.eye(3) * 6.0 + rng.uniform(-1.0, 1.0, (len(counts), 3, 3))
    return (
        torch.from_numpy(rng.integers(1, 40, size=n)),
        torch.from_numpy(rng.random((n, 3))).float(),
        torch.from_numpy(np.repeat(np.arange(len(counts)), counts)),
        torch.from_numpy(lattice).float(),
    )


def _plainly(net: CspNet, numbers, frac, lattice):
    """One crystal as the paper writes it: one linear layer over all that belongs to a pair."""
    frequency = torch.arange(len(net.waves), dtype=torch.float32)
    away = frac[None, :, :] - frac[:, None, :]
    angle = (2.0 * torch.pi * away[..., None] * frequency).flatten(2)
    wave = torch.cat([angle.sin(), angle.cos()], dim=2)
    n = len(numbers)
    gram = (lattice @ lattice.T).flatten().expand(n, n, 9)
    atoms = net.elements(numbers - 1)
    for layer in net.layers:
        weight = torch.cat(
            [
                layer.to_atom.weight,
                layer.from_atom.weight,
                layer.cell.weight,
                layer.sines.weight,
                layer.cosines.weight,
            ],
            dim=1,
        )
        normed = layer.norm(atoms)
        to, source = normed[:, None, :].expand(n, n, -1), normed[None, :, :].expand(n, n, -1)
        inputs = torch.cat([to, source, gram, wave], dim=2)
        hidden = torch.nn.functional.silu(inputs @ weight.T + layer.cell.bias)
        message = torch.nn.functional.silu(layer.message(hidden)).mean(dim=1)
        atoms = atoms + layer.update(torch.cat([normed, message], dim=1))
    return net.out(net.norm(atoms).mean(dim=0))


def test_the_parts_of_the_first_layer_are_one_layer() -> None:
    net = _net()
    numbers, frac, batch, lattice = _atoms([7])
    with torch.no_grad():
        made = net(numbers, frac, batch, lattice)[0]
        plain = _plainly(net, numbers, frac, lattice[0])
    torch.testing.assert_close(made, plain, rtol=1e-4, atol=1e-5)


def test_pieces_of_the_pairs_change_nothing_not_even_gradients() -> None:
    inputs = _atoms([5, 9, 1])
    slopes = []
    for pairs_at_once in (4, 1000):
        net = _net(pairs_at_once=pairs_at_once)
        net(*inputs).square().sum().backward()
        slopes.append([p.grad.clone() for p in net.parameters()])
    for ours, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_crystals_of_a_batch_do_not_see_each_other() -> None:
    net = _net()
    numbers, frac, batch, lattice = _atoms([4, 6])
    with torch.no_grad():
        both = net(numbers, frac, batch, lattice)
        second = net(numbers[4:], frac[4:], batch[4:] - 1, lattice[1:])
    torch.testing.assert_close(both[1:], second, rtol=1e-4, atol=1e-5)


def test_translations_of_the_lattice_and_of_the_origin_change_nothing() -> None:
    net = _net()
    numbers, frac, batch, lattice = _atoms([6])
    moved = frac + torch.tensor([0.3, -0.2, 0.9])
    moved[2] += torch.tensor([1.0, -1.0, 0.0])
    with torch.no_grad():
        torch.testing.assert_close(
            net(numbers, frac, batch, lattice),
            net(numbers, moved, batch, lattice),
            rtol=1e-4,
            atol=1e-5,
        )


def test_the_size_of_the_cell_is_seen() -> None:
    net = _net()
    numbers, frac, batch, lattice = _atoms([6])
    with torch.no_grad():
        small, large = (net(numbers, frac, batch, f * lattice) for f in (1.0, 1.02))
    assert (small - large).norm() > 1e-3 * small.norm()


def test_atoms_of_no_known_element_start_as_zeros() -> None:
    net = _net(n_elements=10)
    numbers, frac, batch, lattice = _atoms([6])
    with torch.no_grad():
        unknown = [net(numbers * 0 + z, frac, batch, lattice) for z in (0, 11, 118)]
    assert torch.isfinite(unknown[0]).all()
    assert torch.equal(unknown[0], unknown[1])
    assert torch.equal(unknown[0], unknown[2])


def test_pairs_stay_within_crystals() -> None:
    pairs = pairs_of(torch.tensor([2, 0, 3])).T.tolist()
    assert pairs == [[0, 1], [2, 3], [2, 4], [3, 4]]
    assert pairs_of(torch.tensor([1, 1])).shape == (2, 0)
