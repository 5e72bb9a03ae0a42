"""From CIFs to a file of templates."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from porescope.crystal.structure import Crystal
from porescope.datasets.template_store import TemplateStore
from porescope.io.cif_write import write_cif
from porescope.reticular.template import Template
from porescope.workflows import template_build as module
from porescope.workflows.propose import ProposeConfig, propose_frameworks
from porescope.workflows.template_build import TemplateSource, build_templates, shape_of
from small_templates import BIPHENYL, TEREPHTHALIC, write_small

FACES = np.array([[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
LIMITS = ProposeConfig(on_nets=False, caps=(), nets=("pcu",), n_conformers=2)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[TemplateSource]:
    """MOF-5 of zinc and of cobalt, IRMOF-10, a swollen MOF-5, salt, and what is no crystal."""
    folder = tmp_path_factory.mktemp("cifs")
    store = TemplateStore(write_small(folder / "small.sqlite", ids=("EDUSIF",)))
    crystals: dict[str, Crystal] = {}
    for name, metal, linker in (
        ("zinc", "Zn", TEREPHTHALIC),
        ("cobalt", "Co", TEREPHTHALIC),
        ("biphenyl", "Zn", BIPHENYL),
    ):
        (made,) = propose_frameworks(metals=(metal,), linkers=(linker,), store=store, config=LIMITS)
        crystals[name] = made.crystal
    store.close()
    zinc = crystals["zinc"]
    crystals["zinc-twin"] = replace(zinc, frac=zinc.frac + np.array([0.1, 0.2, 0.3]))
    crystals["zinc-wide"] = replace(zinc, lattice=1.02 * zinc.lattice)
    crystals["salt"] = Crystal(
        lattice=5.64 * np.eye(3),
        frac=np.concatenate([FACES, FACES + 0.5]),
        numbers=np.array([11] * 4 + [17] * 4),
        occupancy=np.ones(8),
        u_iso=np.full(8, np.nan),
    )
    for name, crystal in crystals.items():
        write_cif(crystal, folder / f"{name}.cif")
    (folder / "bad.cif").write_text("no cif at all", encoding="utf-8")
    return [TemplateSource(id=name, path=folder / f"{name}.cif") for name in (*crystals, "bad")]


@pytest.fixture(scope="module")
def built(sources: list[TemplateSource], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "templates.sqlite"
    told: list[tuple[int, int]] = []
    report = build_templates(
        sources, out=out, meta={"source": "made up"}, on_progress=lambda *n: told.append(n)
    )
    assert told[-1] == (7, 7)
    assert report.n_structures == 7
    assert report.n_templates == 4
    assert report.statuses["ok"] == 5
    assert sum(report.statuses.values()) == 7
    assert sum(n for status, n in report.statuses.items() if status.startswith("error")) == 1
    return out


def _templates(path: Path) -> dict[str, Template]:
    store = TemplateStore(path)
    found = {entry.id: store.template(entry.row) for entry in store.entries()}
    store.close()
    return found


def test_frameworks_become_templates_and_twins_count_once(built: Path) -> None:
    store = TemplateStore(built)
    entries = {entry.id: entry for entry in store.entries()}
    assert set(entries) == {"zinc", "cobalt", "biphenyl", "zinc-wide"}
    zinc = entries["zinc"]
    assert (zinc.metals, zinc.net_name, zinc.interpenetration) == ((30,), "pcu", 1)
    assert (zinc.linkers, zinc.sites) == (("O=C(O)c1ccc(C(=O)O)cc1",), ("6:2",))
    assert (zinc.n_atoms, entries["biphenyl"].n_atoms) == (106, 166)
    assert zinc.net_hash == entries["zinc-wide"].net_hash != entries["cobalt"].net_hash
    assert store.meta()["source"] == "made up"
    contents = store.linkers_of()
    # what is no template of its own still says which linkers it has
    assert contents["zinc"] == contents["zinc-twin"] == zinc.keys
    assert "bad" not in contents
    store.close()


def test_the_shape_forgets_metals_and_the_middle_of_linkers(built: Path) -> None:
    shapes = {id: shape_of(template) for id, template in _templates(built).items()}
    assert shapes["zinc"] == shapes["cobalt"] == shapes["biphenyl"] == shapes["zinc-wide"]
    zinc = _templates(built)["zinc"]
    assert shape_of(replace(zinc, interpenetration=2)) != shapes["zinc"]
    assert shape_of(replace(zinc, net_key="other")) != shapes["zinc"]


def test_the_shape_is_that_of_the_shipped_template(built: Path) -> None:
    store = TemplateStore()
    (shipped,) = (entry for entry in store.entries() if entry.id == "EDUSIF")
    assert shape_of(_templates(built)["zinc"]) == shipped.shape
    store.close()


def test_what_was_built_can_be_built_upon(built: Path) -> None:
    store = TemplateStore(built)
    found = propose_frameworks(metals=("Zn",), linkers=(TEREPHTHALIC,), store=store, config=LIMITS)
    store.close()
    assert {p.template.id for p in found} == {"zinc", "cobalt", "biphenyl", "zinc-wide"}
    assert all(p.crystal.formula == "C24H12O13Zn4" for p in found)


def test_an_interrupted_run_goes_on(
    sources: list[TemplateSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "templates.sqlite"
    monkeypatch.setattr(module, "_CHUNK", 1)
    taken: list[str] = []
    real = module._row

    def row(source: TemplateSource) -> tuple[object, ...]:
        taken.append(source.id)
        if len(taken) == 3:
            raise KeyboardInterrupt
        return real(source)

    monkeypatch.setattr(module, "_row", row)
    with pytest.raises(KeyboardInterrupt):
        build_templates(sources, out=out)
    assert not out.exists()
    report = build_templates(sources, out=out)
    assert taken == ["zinc", "cobalt", "biphenyl", *(s.id for s in sources[2:])]
    assert (report.n_structures, report.n_templates) == (7, 4)
    taken.clear()
    assert build_templates(sources, out=out).n_templates == 4
    assert taken == []


def test_chunks_in_a_pool_make_the_same_file(
    sources: list[TemplateSource], built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pool:
        """Runs at once, in this process."""

        def __init__(self, *_: object, **__: object) -> None:
            pass

        def __enter__(self) -> Pool:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def submit(self, call, chunk):
            class Done:
                def result(self):
                    return call(chunk)

            return Done()

    monkeypatch.setattr(module, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(module, "_CHUNK", 2)
    out = tmp_path / "templates.sqlite"
    build_templates(sources, out=out, n_processes=2, meta={"source": "made up"})
    rows = []
    for path in (built, out):
        db = sqlite3.connect(path)
        rows.append(db.execute("SELECT * FROM templates ORDER BY id").fetchall())
        db.close()
    assert rows[0] == rows[1]


def test_large_cells_are_no_templates(
    sources: list[TemplateSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ATOMS", 105)
    assert module._row(sources[0])[:3] == ("zinc", "too large", "")
