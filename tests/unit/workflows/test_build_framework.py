"""From a metal and linkers to relaxed frameworks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from porescope.datasets.template_store import TemplateStore
from porescope.errors import ConfigError, ConvergenceError
from porescope.workflows import build_framework as module
from porescope.workflows.build_framework import BuildConfig, BuiltFramework, build_frameworks
from porescope.workflows.propose import Proposal, ProposeConfig, propose_frameworks
from small_templates import TEREPHTHALIC, write_small

PCU = ProposeConfig(on_nets=False, n_conformers=2, caps=(), nets=("pcu",))
UNRELAXED = BuildConfig(relax=False, propose=PCU)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemplateStore]:
    opened = TemplateStore(write_small(tmp_path_factory.mktemp("templates") / "small.sqlite"))
    yield opened
    opened.close()


def _built(store: TemplateStore, config: BuildConfig, metal: str = "Zn") -> list[BuiltFramework]:
    return build_frameworks(metals=(metal,), linkers=(TEREPHTHALIC,), store=store, config=config)


def test_frameworks_come_in_their_conventional_cell(store: TemplateStore) -> None:
    told: list[tuple[str, float]] = []
    found = build_frameworks(
        metals=("Zn",),
        linkers=(TEREPHTHALIC,),
        store=store,
        config=UNRELAXED,
        progress=lambda *step: told.append(step),
    )
    mof5 = next(f for f in found if f.template == "EDUSIF")
    assert mof5.crystal.name == "assembled:EDUSIF"
    assert (mof5.crystal.space_group.number, mof5.crystal.n_atoms) == (225, 424)
    assert mof5.nodes == ("Zn4O(CO2)6 tetrahedron about oxygen",)
    assert (mof5.net_name, mof5.interpenetration, mof5.same_metal) == ("pcu", 1, True)
    assert (mof5.status, mof5.energy_per_atom) == ("assembled", None)
    assert mof5.rms_gap < 0.1
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert told[-1] == ("done", 1.0)
    assert "finding symmetry" in {stage for stage, _ in told}


def test_each_bond_graph_comes_once(store: TemplateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(UNRELAXED, n_frameworks=50)
    found = _built(store, config)

    def twice(**options: object) -> list[Proposal]:
        each = propose_frameworks(**options)  # pyright: ignore[reportArgumentType]
        return [*each, *(replace(p, id=f"{p.id} again", rms_gap=0.4) for p in each)]

    monkeypatch.setattr(module, "propose_frameworks", twice)
    again = _built(store, config)
    assert [f.template for f in again] == [f.template for f in found]
    # of twins that with the smaller misses is taken
    assert all(not str(f.crystal.name).endswith("again") for f in again)
    assert len(_built(store, replace(UNRELAXED, n_frameworks=1))) == 1


def test_what_is_known_with_the_metal_comes_before_what_is_not(store: TemplateStore) -> None:
    proposals = propose_frameworks(metals=("Zn",), linkers=(TEREPHTHALIC,), store=store, config=PCU)
    plain = next(p for p in proposals if p.template.id == "EDUSIF")
    plain = replace(plain, same_metal=False, same_linker=False, n_relatives=5)
    for better in (
        replace(plain, same_metal=True),
        replace(plain, same_linker=True),
        replace(plain, n_relatives=500),
    ):
        assert module._worth([better]) > module._worth([plain])
    twofold = replace(plain, template=replace(plain.template, interpenetration=2))
    capped = replace(plain, template=replace(plain.template, caps=("O",)))
    for worse in (twofold, capped):
        assert module._worth([worse]) < module._worth([plain])


def test_relaxing_lowers_the_force_and_keeps_the_framework(store: TemplateStore) -> None:
    (loose,) = _built(store, replace(UNRELAXED, n_frameworks=1))
    (tight,) = _built(store, BuildConfig(n_frameworks=1, propose=PCU))
    assert loose.template == tight.template == "EDUSIF"
    assert tight.status == "relaxed"
    assert tight.energy_per_atom is not None
    assert np.isfinite(tight.energy_per_atom)
    assert tight.crystal.formula == loose.crystal.formula
    assert tight.crystal.space_group.number == 225
    assert tight.crystal.parameters[0] == pytest.approx(25.8, abs=0.5)
    assert tight.crystal.parameters[0] != pytest.approx(loose.crystal.parameters[0], abs=1e-3)


def test_few_steps_are_said(store: TemplateStore) -> None:
    (found,) = _built(store, BuildConfig(n_frameworks=1, max_steps=1, propose=PCU))
    assert found.status == "partly relaxed"
    assert found.energy_per_atom is not None


@pytest.mark.parametrize("error", [ConfigError, ConvergenceError])
def test_a_framework_that_cannot_be_relaxed_is_given_as_assembled(
    store: TemplateStore, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error("no type for this atom")

    monkeypatch.setattr(module, "relax", fails)
    (found,) = _built(store, BuildConfig(n_frameworks=1, propose=PCU))
    assert found.status == "not relaxed: no type for this atom"
    assert found.energy_per_atom is None
    assert found.crystal.space_group.number == 225


def test_another_metal_of_the_family(store: TemplateStore) -> None:
    (found,) = _built(store, replace(UNRELAXED, n_frameworks=1), metal="Co")
    assert not found.same_metal
    assert found.crystal.formula == "C24H12Co4O13"


def test_what_does_not_close_is_said_in_one_sentence(store: TemplateStore) -> None:
    few = replace(UNRELAXED, propose=replace(PCU, max_atoms=20))
    with pytest.raises(ConfigError, match=r"in 20 atoms.*--max-atoms") as caught:
        _built(store, few)
    assert "\n" not in str(caught.value)
    assert ". " not in str(caught.value)
