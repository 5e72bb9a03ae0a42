"""Frames, activations and layers of X(3)mat, against e3nn and what rotations demand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
o3 = pytest.importorskip("e3nn.o3")

from porescope.models.property_x3mat.config import X3matConfig  # noqa: E402
from porescope.models.property_x3mat.layers import (  # noqa: E402
    DegreeLinear,
    DegreeNorm,
    FrameConvolution,
    SphereActivation,
    segment_softmax,
)
from porescope.models.property_x3mat.sphere import (  # noqa: E402
    Frames,
    grid_matrices,
    kept_components,
)


def whole_matrix(l_max: int, alpha: float, beta: float, gamma: float):
    """e3nn's rotation of all components."""
    angles = torch.tensor([alpha]), torch.tensor([beta]), torch.tensor([gamma])
    return torch.block_diag(*(o3.wigner_D(l, *angles)[0] for l in range(l_max + 1)))


@pytest.mark.parametrize("l_max", [1, 2, 4])
def test_frames_are_those_of_e3nn(l_max: int) -> None:
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(20, 3, generator=generator)
    directions[0] = torch.tensor([0.0, 2.0, 0.0])
    directions[1] = torch.tensor([0.0, -1.0, 0.0])
    alpha, beta = o3.xyz_to_angles(torch.nn.functional.normalize(directions, dim=1))
    frames = Frames(l_max=l_max, m_max=l_max)
    made = frames(directions)
    for one, a, b in zip(made, alpha.tolist(), beta.tolist(), strict=True):
        expected = whole_matrix(l_max, a, b, 0.0).T[frames.kept]
        torch.testing.assert_close(one, expected, rtol=0.0, atol=3e-5)


def test_spherical_harmonics_have_one_component_in_their_frame() -> None:
    directions = torch.randn(9, 3, generator=torch.Generator().manual_seed(1))
    frames = Frames(l_max=3, m_max=3)
    harmonics = o3.spherical_harmonics([0, 1, 2, 3], directions, True, normalization="component")
    seen = torch.einsum("ekc,ec->ek", frames(directions), harmonics)
    expected = torch.zeros(9, 16)
    expected[:, :4] = torch.tensor([1.0, 3.0, 5.0, 7.0]).sqrt()  # m = 0 of each degree
    torch.testing.assert_close(seen, expected, rtol=0.0, atol=1e-4)


def test_the_grid_gives_back_what_it_was_given() -> None:
    for points in (5, 6, 9):
        forth, back = grid_matrices(l_max=2, points=points)
        torch.testing.assert_close(back @ forth, torch.eye(9), rtol=0.0, atol=1e-5)


@pytest.mark.parametrize("m_max", [0, 1, 3])
def test_convolutions_commute_with_turns_about_the_edge(m_max: int) -> None:
    torch.manual_seed(0)
    layer = FrameConvolution(4, 5, l_max=3, m_max=m_max, n_extra=2)
    kept = kept_components(l_max=3, m_max=m_max)
    turn = whole_matrix(3, 0.0, 0.0, 0.7)[kept][:, kept]
    x = torch.randn(6, len(kept), 4)
    with torch.no_grad():
        made, extra = layer(x)
        turned, same = layer(torch.einsum("kj,ejc->ekc", turn, x))
    torch.testing.assert_close(extra, same, rtol=0.0, atol=1e-5)
    expected = torch.einsum("kj,ejc->ekc", turn, made)
    torch.testing.assert_close(turned, expected, rtol=0.0, atol=1e-5)


@pytest.mark.parametrize("what", ["linear", "norm", "activation"])
def test_layers_commute_with_rotations(what: str) -> None:
    torch.manual_seed(1)
    x = torch.randn(6, 9, 4)
    rotation = whole_matrix(2, 0.3, 1.1, -0.5)
    if what == "linear":
        layer = DegreeLinear(4, 7, l_max=2)
        made, again = layer(x), layer(torch.einsum("kj,njc->nkc", rotation, x))
        near = 1e-5
    elif what == "norm":
        layer = DegreeNorm(4, l_max=2)
        made, again = layer(x), layer(torch.einsum("kj,njc->nkc", rotation, x))
        near = 1e-5
    else:
        # SiLU has components of all degrees, of which a grid sees some as lower ones.
        layer = SphereActivation(l_max=2, m_max=None, points=14)
        made = layer(x, x[:, 0])
        again = layer(torch.einsum("kj,njc->nkc", rotation, x), x[:, 0])
        near = 2e-3
    expected = torch.einsum("kj,njc->nkc", rotation, made)
    torch.testing.assert_close(again, expected, rtol=0.0, atol=near)


def test_weights_of_a_receiver_sum_to_one() -> None:
    logits = torch.randn(7, 2, generator=torch.Generator().manual_seed(2)) * 30.0
    receiver = torch.tensor([0, 0, 2, 2, 2, 3, 3])
    made = segment_softmax(logits, receiver=receiver, n_atoms=5)
    sums = torch.zeros(5, 2).index_add(0, receiver, made)
    expected = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0])[:, None].expand(5, 2)
    torch.testing.assert_close(sums, expected)
    torch.testing.assert_close(made[:2], logits[:2].softmax(dim=0))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"radius": 0.0}, "radius must be a length"),
        ({"m_max": 3}, "order must lie between"),
        ({"grid": 4}, "grid of at least 5"),
        ({"train_windows": 0}, "at least one window"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict, match: str) -> None:
    from porescope.errors import ConfigError

    with pytest.raises(ConfigError, match=match):
        X3matConfig(**changes)
