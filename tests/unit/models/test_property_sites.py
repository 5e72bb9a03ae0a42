"""The preset ``sites``: settings, unique atoms, places, predictions, calibration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from porescope.crystal.neighbours import neighbour_list  # noqa: E402
from porescope.crystal.structure import Crystal  # noqa: E402
from porescope.errors import ConfigError, ParseError  # noqa: E402
from porescope.models.property.calibration import (  # noqa: E402
    Calibration,
    deviation_factors,
    domain_of,
    load_calibration,
    save_calibration,
)
from porescope.models.property.config import (  # noqa: E402
    SitesConfig,
    gas_settings,
    settings_for,
)
from porescope.models.property.edges import edges_of_places  # noqa: E402
from porescope.models.property.features import groups_and_periods  # noqa: E402
from porescope.models.property.loss import fit_atoms  # noqa: E402
from porescope.models.property.network import SitesNetwork  # noqa: E402
from porescope.models.property.places import drawn, felt_pool, grid_over  # noqa: E402
from porescope.models.property.pooling import pooled  # noqa: E402
from porescope.models.property.predict import (  # noqa: E402
    atom_values,
    contribution_grid,
    embeddings,
    predict_sites,
)
from porescope.models.property.quotient import (  # noqa: E402
    graph_of,
    quotient_of,
    symmetric,
    without_symmetry,
)
from porescope.units import BOLTZMANN_EV  # noqa: E402


def _crystal(lattice: np.ndarray, frac: list[list[float]], numbers: list[int]) -> Crystal:
    n = len(numbers)
    return Crystal(
        lattice=lattice,
        frac=np.array(frac, dtype=float),
        numbers=np.array(numbers),
        occupancy=np.ones(n),
        u_iso=np.full(n, np.nan),
    )


@pytest.fixture(scope="module")
def cubic() -> Crystal:
    """An open cubic net: Zn at the corners, O and C along the edges."""
    frac = [[0.0, 0.0, 0.0]]
    numbers = [30]
    for axis in range(3):
        for number, at in ((8, 0.22), (8, 0.78), (6, 0.42), (6, 0.58)):
            place = [0.0, 0.0, 0.0]
            place[axis] = at
            frac.append(place)
            numbers.append(number)
    return _crystal(np.eye(3) * 9.0, frac, numbers)


@pytest.fixture(scope="module")
def skew() -> Crystal:
    """A small triclinic cell without symmetry."""
    lattice = np.array([[6.1, 0.3, -0.2], [1.4, 7.0, 0.5], [-0.8, 1.1, 5.6]])
    frac = [[0.1, 0.2, 0.3], [0.32, 0.21, 0.4], [0.7, 0.6, 0.1], [0.55, 0.83, 0.9]]
    return _crystal(lattice, frac, [30, 8, 6, 7])


def _network(**settings: object) -> SitesNetwork:
    torch.manual_seed(3)
    small = {"width": 24, "channels": 6, "pairs": 6}
    return SitesNetwork(SitesConfig(**{**small, **settings})).eval()  # type: ignore[arg-type]


def _gas(**settings: object) -> SitesNetwork:
    small = {"width": 24, "channels": 6, "pairs": 6, "dropout": 0.0, "fine_spacing": 0.8}
    return _network(**gas_settings("CH4", **{**small, **settings}))


def test_settings_leave_room_within_the_window() -> None:
    assert SitesConfig().reaches == ()
    assert SitesConfig(**gas_settings()).reaches == ((0, 6.0), (1, 3.6))
    with pytest.raises(ConfigError, match="leave nothing of a window"):
        SitesConfig(cutoffs=(5.0, 4.0))
    with pytest.raises(ConfigError, match="probe is felt at points"):
        SitesConfig(probe="CH4")
    with pytest.raises(ConfigError, match="one amount is needed"):
        SitesConfig(n_targets=2, amounts=("per_mass",))
    assert sum(p.numel() for p in SitesNetwork(SitesConfig()).parameters()) < 3_000_000


def test_settings_come_from_names_and_units() -> None:
    assert settings_for([("band_gap_pbe_ev", "eV")])["pooling"] == "frontier"
    gas = SitesConfig(**settings_for([("argon_g_per_l", "g/L"), ("argon_mol_per_kg", "mol/kg")]))
    assert gas.probe == "Ar"
    assert gas.amounts == ("intensive", "per_mass")
    assert SitesConfig(**settings_for([("charge", "e")])).neutral


def test_groups_and_periods_are_those_of_the_table() -> None:
    group, period = groups_and_periods()
    known = {1: (1, 1), 2: (18, 1), 6: (14, 2), 30: (12, 4), 40: (4, 5), 58: (19, 6), 72: (4, 6)}
    known |= {82: (14, 6), 92: (19, 7), 57: (19, 6), 103: (19, 7), 118: (18, 7)}
    for number, (its_group, its_period) in known.items():
        if number not in (57, 103):  # tables differ about lanthanum and lawrencium
            assert (group[number], period[number]) == (its_group, its_period), number
    assert group[1:].min() >= 1
    assert period[1:].min() >= 1


def test_only_unique_atoms_are_kept(cubic: Crystal) -> None:
    quotient = quotient_of(cubic)
    assert len(quotient.unique) == 3
    assert quotient.multiplicity.tolist() == [1, 6, 6]
    doubled = quotient_of(cubic.supercell((2, 1, 1)))
    # A doubled cell keeps a third of a cubic crystal's operations.
    assert sorted(doubled.multiplicity.tolist()) == [2, 4, 4, 8, 8]
    hollow = replace(cubic, occupancy=np.full(cubic.n_atoms, 0.5))
    with pytest.raises(ConfigError, match="partly occupied"):
        quotient_of(hollow)
    with pytest.raises(ConfigError, match="no known element"):
        quotient_of(replace(cubic, numbers=np.full(cubic.n_atoms, 0)))


def test_edges_are_those_of_the_neighbour_list(skew: Crystal) -> None:
    graph = graph_of(without_symmetry(skew), cutoff=5.0)
    pairs = neighbour_list(skew.frac, lattice=skew.lattice, cutoff=5.0)
    mine = np.sort(graph.edge_vector.norm(dim=1).numpy())
    assert np.allclose(mine, np.sort(pairs.distance), atol=1e-5)
    degree = np.bincount(graph.edge_index[0].numpy(), minlength=4)
    assert np.array_equal(degree, np.bincount(pairs.first, minlength=4))


def test_edges_of_places_by_brute_force(skew: Crystal) -> None:
    draw = np.random.default_rng(2)
    cart = draw.normal(size=(5, 3)) * 20.0
    edges, vector = edges_of_places(cart, skew, cutoff=4.5)
    steps = np.stack(np.meshgrid(*[np.arange(-9, 10)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    for place in range(5):
        images = (skew.frac[None] + steps[:, None]) @ skew.lattice
        away = np.linalg.norm(images - cart[place], axis=2)
        counted = np.bincount(np.nonzero(away < 4.5)[1], minlength=4)
        mine = edges[0] == place
        assert np.array_equal(np.bincount(edges[1, mine], minlength=4), counted)
        found = np.sort(np.linalg.norm(vector[mine], axis=1))
        assert np.allclose(found, np.sort(away[away < 4.5]))


def test_few_places_stand_for_the_whole_cell(cubic: Crystal) -> None:
    quotient = symmetric(quotient_of(cubic))
    pool = grid_over(without_symmetry(cubic), spacing=0.4).pool
    felt = felt_pool(quotient, pool, probe="CH4", field="UFF", cap_k=4000.0, window=6.0)
    assert felt.energy is not None
    assert felt.weight.sum() == pytest.approx(1.0)
    for generator in (None, np.random.default_rng(0)):
        some = drawn(felt, n=60, generator=generator)
        assert len(some) <= 60
        assert some.weight.sum() == pytest.approx(1.0)
        assert some.energy is not None
        for kelvin in (300.0, 3000.0):
            factor = np.exp(-felt.energy / BOLTZMANN_EV / kelvin)
            few = np.exp(-some.energy / BOLTZMANN_EV / kelvin)
            assert few @ some.weight == pytest.approx(factor @ felt.weight, rel=0.05)


def test_unique_points_carry_their_multiplicity(cubic: Crystal) -> None:
    grid = grid_over(symmetric(quotient_of(cubic)), spacing=1.0)
    plain = grid_over(without_symmetry(cubic), spacing=1.0)
    assert grid.pool.weight.sum() == pytest.approx(1.0)
    assert len(grid.pool) * 10 < len(plain.pool)
    assert grid.point_of.size == np.prod(grid.shape)
    counted = np.bincount(grid.point_of) / grid.point_of.size
    assert np.allclose(grid.pool.weight, counted)


def test_symmetry_changes_no_value(cubic: Crystal) -> None:
    model = _network(n_targets=2)
    with torch.no_grad():
        unique = model(model.prepare(cubic))
        plain = without_symmetry(cubic)
        every = model(model.batch_of(plain, model.pool_of(plain)))
    torch.testing.assert_close(unique.mean, every.mean, rtol=1e-5, atol=1e-6)
    assert len(unique.atoms) == 3
    assert len(every.atoms) == cubic.n_atoms


def test_amounts_per_cell_and_per_mass(cubic: Crystal) -> None:
    small = {"fine_spacing": 0.375, "n_points_predict": 40000}
    model = _gas(n_targets=3, amounts=("intensive", "per_mass", "per_cell"), **small)
    model.set_scale(shift=torch.tensor([1.0, 2.0, 3.0]), scale=torch.tensor([2.0, 0.5, 4.0]))
    one = predict_sites([model], cubic)
    two = predict_sites([model], cubic.supercell((2, 1, 1)))

    assert np.allclose(two.values[:2], one.values[:2], rtol=1e-4)
    assert two.values[2] == pytest.approx(2.0 * one.values[2], rel=1e-4)
    plain = _gas(n_targets=3, **small)
    plain.load_state_dict(model.state_dict())
    density = predict_sites([plain], cubic).values
    assert one.values[1] == pytest.approx(density[1] / cubic.density, rel=1e-4)
    assert np.allclose(one.weight @ one.contributions, one.values, rtol=1e-4)


def test_charges_are_neutral_and_equal_by_symmetry(cubic: Crystal) -> None:
    model = _network(neutral=True)
    model.set_scale(shift=torch.tensor([0.7]), scale=torch.tensor([0.5]))
    charges = atom_values(model, cubic)
    assert charges.shape == (cubic.n_atoms, 1)
    assert abs(charges.sum()) < 1e-5
    oxygens = charges[cubic.numbers == 8]
    assert np.ptp(oxygens) < 1e-7
    assert np.ptp(charges) > 1e-3
    with pytest.raises(ConfigError, match="places are atoms"):
        atom_values(_gas(), cubic)


def test_values_of_atoms_are_learned_where_they_are_known(cubic: Crystal) -> None:
    model = _network(neutral=True)
    model.set_scale(shift=torch.tensor([0.0]), scale=torch.tensor([0.5]))
    output = model(model.prepare(cubic))
    truth = torch.tensor([[1.0], [float("nan")], [0.25]])
    seen = fit_atoms(model, output, truth=truth)
    off = (output.atoms[[0, 2]] - torch.tensor([[2.0], [0.5]])).abs()
    assert float(seen.loss.detach()) == pytest.approx(float(off.mean().detach()))
    with pytest.raises(ConfigError, match="atoms and targets"):
        fit_atoms(model, output, truth=truth[:2])


def test_where_no_probe_fits_nothing_is_taken_up(cubic: Crystal) -> None:
    model = _gas(n_targets=2, amounts=("intensive", "per_mass"))
    model.set_scale(shift=torch.tensor([3.0, 4.0]), scale=torch.tensor([2.0, 5.0]))
    prepared = model.prepare(cubic)
    closed = prepared.probes.energy >= model.config.energy_cap_k * BOLTZMANN_EV - 1e-6
    assert int(closed.sum()) == 1
    said = model(prepared).contributions[closed][0].detach()
    assert np.allclose((said * model.scale + model.shift).numpy(), 0.0, atol=1e-5)


@pytest.mark.parametrize("how", ["mean", "weighted", "frontier"])
def test_pooling_of_repeated_places(how: str) -> None:
    draw = torch.Generator().manual_seed(0)
    said = torch.randn(6, 3, 2, generator=draw)
    weight = torch.full((6,), 1.0 / 6.0)
    settings = {"how": how, "softness": 0.3, "n_crystals": 1}
    once, parts = pooled(said, weight=weight, crystal=torch.zeros(6, dtype=torch.int64), **settings)
    torch.testing.assert_close(once[0], parts.mean(dim=0))
    twice, _ = pooled(
        torch.cat([said, said]),
        weight=torch.full((12,), 1.0 / 12.0),
        crystal=torch.zeros(12, dtype=torch.int64),
        **settings,
    )
    torch.testing.assert_close(once, twice)


def test_frontier_is_the_gap_of_the_extremes() -> None:
    said = torch.zeros(3, 3, 1)
    said[:, 0, 0] = torch.tensor([3.0, 1.0, 2.0])  # empty
    said[:, 1, 0] = torch.tensor([-1.0, -4.0, 0.5])  # occupied
    gap, parts = pooled(
        said,
        how="frontier",
        weight=torch.full((3,), 1.0 / 3.0),
        crystal=torch.zeros(3, dtype=torch.int64),
        n_crystals=1,
        softness=0.01,
    )
    assert float(gap) == pytest.approx(0.5, abs=1e-4)
    assert float(parts[0]) == pytest.approx(0.0, abs=1e-4)


def test_points_are_drawn_anew_while_training_only(cubic: Crystal) -> None:
    model = _gas(n_points=20)
    assert model.jitters
    assert not _network().jitters
    one, two = (model.prepare(cubic, generator=np.random.default_rng(s)) for s in (1, 2))
    assert not torch.equal(one.probes.place, two.probes.place)
    first, again = model.prepare(cubic), model.prepare(cubic)
    assert torch.equal(first.probes.place, again.probes.place)


def test_map_over_the_cell_has_the_crystals_symmetry(cubic: Crystal) -> None:
    model = _gas()
    grid = contribution_grid(model, cubic, spacing=1.2).values
    assert grid.shape[:3] == (8, 8, 8)
    assert np.allclose(grid, grid.transpose(1, 2, 0, 3))
    assert np.ptp(grid) > 0.0
    with pytest.raises(ConfigError, match="places are points"):
        contribution_grid(_network(), cubic)


def test_ensemble_states_how_far_its_members_differ(cubic: Crystal) -> None:
    torch.manual_seed(0)
    members = [SitesNetwork(SitesConfig(width=24, channels=6, pairs=6)).eval() for _ in range(3)]
    one = predict_sites(members[:1], cubic)
    assert one.deviation is None
    assert one.distance is None
    made = predict_sites(members, cubic)
    each = np.stack([predict_sites([member], cubic).values for member in members])
    assert np.allclose(made.values, each.mean(axis=0))
    assert made.deviation is not None
    assert np.allclose(made.deviation, each.std(axis=0), atol=1e-9)
    with pytest.raises(ConfigError, match="at least one model"):
        predict_sites([], cubic)


def test_calibration_covers_and_tells_the_unlike(tmp_path: Path, cubic: Crystal) -> None:
    draw = np.random.default_rng(0)
    error = draw.normal(size=(4000, 2)) * np.array([3.0, 0.2])
    factors = deviation_factors(error, deviation=np.ones_like(error))
    assert np.allclose(factors, [3.0, 0.2], rtol=0.05)
    features = draw.normal(size=(2000, 4)) * np.array([5.0, 1.0, 0.1, 1.0])
    domain = domain_of(features)
    assert np.mean(domain.distance(features) > 1.0) == pytest.approx(0.01, abs=0.003)
    assert domain.distance(np.array([[0.0, 0.0, 3.0, 0.0]]))[0] > 1.0
    assert domain.distance(np.array([[5.0, 0.0, 0.0, 0.0]]))[0] < 1.0
    path = tmp_path / "calibration.npz"
    save_calibration(path, Calibration(factors=factors, domain=domain))
    again = load_calibration(path)
    assert np.array_equal(again.factors, factors)
    assert np.array_equal(again.is_outside(features), domain.distance(features) > 1.0)
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    with pytest.raises(ParseError, match="calibration"):
        load_calibration(tmp_path / "bad.npz")
    with pytest.raises(ConfigError, match="at least 10"):
        deviation_factors(error[:5], deviation=np.ones((5, 2)))
    model = _network()
    near = embeddings([model], model.prepare(cubic))
    made = Calibration(
        factors=np.array([2.0]), domain=domain_of(near + 0.01 * draw.normal(size=(50, 24)))
    )
    assert not predict_sites([model], cubic, calibration=made).is_outside
    strange = replace(cubic, numbers=np.full(cubic.n_atoms, 79))
    assert predict_sites([model], strange, calibration=made).is_outside
