"""The data set of hypothetical frameworks."""

from pathlib import Path

import numpy as np
import pytest

from porescope.crystal.graph import net_hash
from porescope.datasets.structure_store import StructureStore
from porescope.errors import ConfigError
from porescope.reticular.soundness import faults_of
from porescope.workflows.hypothetical import HypotheticalConfig, library_nets, make_hypothetical
from porescope.workflows.hypothetical_making import MakingConfig, frameworks_of
from porescope.workflows.hypothetical_recipes import (
    LinkerRow,
    Recipe,
    known_linkers,
    recipes,
    seed_of,
)

NDC = LinkerRow(name="2-6-NDC", smiles="O=C(O)c1ccc2cc(ccc2c1)C(=O)O")


def _recipe(metal: str = "Zn", route: str = "template") -> Recipe:
    return Recipe(metal=metal, linkers=(NDC.smiles,), names=(NDC.name,), route=route)


def test_recipes_are_all_there_in_the_order_of_the_seed() -> None:
    one = recipes(seed=1, metals=("Zn", "Cu"))
    assert [r.key for r in one] == [r.key for r in recipes(seed=1, metals=("Zn", "Cu"))]
    other = recipes(seed=2, metals=("Zn", "Cu"))
    assert [r.key for r in one] != [r.key for r in other]
    assert {r.key for r in one} == {r.key for r in other}
    assert len({r.key for r in one}) == len(one)
    alone = recipes(seed=1, metals=("Zn",), routes=("net",), pairs=False)
    assert len(alone) == len(known_linkers())
    assert seed_of(one[0], seed=1) == seed_of(one[0], seed=1) != seed_of(one[0], seed=2)
    with pytest.raises(ConfigError, match="'magic'"):
        recipes(seed=1, routes=("magic",))
    with pytest.raises(ConfigError, match="at least one metal"):
        recipes(seed=1, metals=())


def test_linkers_of_the_table_have_groups() -> None:
    from porescope.reticular.linkers.from_smiles import linkers_from_smiles

    rows = known_linkers()
    assert len(rows) > 70
    assert len({row.name for row in rows}) == len(rows)
    for row in rows[::12]:
        assert linkers_from_smiles(row.smiles, n_conformers=1)[0].n_ports >= 2


def test_frameworks_of_a_recipe_are_sound_and_different() -> None:
    config = MakingConfig(max_parents=1, max_variants=3, max_atoms=220)
    made = list(frameworks_of(_recipe(), config=config))
    assert len(made) >= 3
    assert made[0].labels["groups"] == ""
    assert len({m.net_hash for m in made}) == len(made)
    for one in made:
        assert faults_of(one.crystal, one.bonds) == ()
        assert net_hash(one.crystal) == one.net_hash
        assert float(one.labels["charge_e"]) == 0.0
        assert 0.1 < float(one.labels["density_g_per_cm3"]) < 4.0
        assert 30 in one.crystal.numbers
    again = list(frameworks_of(_recipe(), config=config))
    assert [m.net_hash for m in again] == [m.net_hash for m in made]
    np.testing.assert_allclose(again[-1].crystal.cart, made[-1].crystal.cart, atol=1e-6)


def _config(number: int, **making: object) -> HypotheticalConfig:
    limits = {"max_parents": 1, "max_variants": 2, "max_atoms": 160, "groups": ("F", "OH")}
    return HypotheticalConfig(
        number=number,
        making=MakingConfig(**(limits | making)),
        metals=("Zn", "Cu"),
        routes=("template",),
        pairs=False,
        processes=1,
    )


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "frameworks.store"
    seen: list[int] = []
    first = make_hypothetical(
        path, config=_config(2), progress=lambda now: seen.append(now.n_recipes)
    )
    assert first.n_frameworks >= 2
    assert seen == list(range(1, first.n_recipes + 1))
    rest = make_hypothetical(path, config=_config(first.n_frameworks + 1))
    assert rest.n_frameworks > first.n_frameworks
    assert rest.n_added == rest.n_frameworks - first.n_frameworks
    nothing = make_hypothetical(path, config=_config(2))
    assert nothing.n_recipes == nothing.n_added == 0
    with StructureStore(path) as store:
        ids = store.ids()
        assert len(ids) == rest.n_frameworks
        assert len(store.done()) == first.n_recipes + rest.n_recipes
        assert len(set(store.net_hashes().values())) == len(ids)
        bonds = store.array(ids[0], "bonds").astype(np.int64)
        assert faults_of(store.crystal(ids[0]), bonds) == ()
        assert set(store.labels("in_library").values()) <= {0.0, 1.0}
    with pytest.raises(ConfigError, match="made with another seed"):
        make_hypothetical(path, config=_config(2, seed=1))


def test_nonsense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least one framework"):
        make_hypothetical(tmp_path / "a", config=_config(0))


def test_the_library_has_many_nets() -> None:
    nets = library_nets()
    assert len(nets) > 20_000
    assert {len(net) for net in nets} == {16}
