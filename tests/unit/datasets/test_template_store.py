"""The file of templates."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.template_codec import decode_assembly, encode_assembly
from porescope.datasets.template_store import TemplateStore, sites_text, write_templates
from porescope.errors import ConfigError, ParseError
from porescope.reticular.template import Template
from toy_framework import cubic


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "templates.sqlite"
    toy = Template(id="toy", assembly=cubic(), net_name="pcu", net_key="k", net_hash="h")
    count = write_templates(
        path, [(toy, "shape")], meta={"source": "a toy"}, contents={"toy": ("CC",), "more": ()}
    )
    assert count == 1
    return path


def test_an_assembly_survives_as_bytes() -> None:
    toy = cubic()
    again = decode_assembly(encode_assembly(toy), smiles=("", "CC"), name="toy")
    assert np.allclose(again.lattice, toy.lattice)
    assert np.allclose(again.origins, toy.origins, atol=0.0051)
    assert np.allclose(again.rotations, toy.rotations, atol=1e-4)
    assert np.allclose(again.rotations @ again.rotations.transpose(0, 2, 1), np.eye(3))
    assert np.array_equal(again.links, toy.links)
    for one, other in zip(again.blocks, toy.blocks, strict=True):
        assert one.kind == other.kind
        assert np.array_equal(one.bonds, other.bonds)
        assert np.allclose(one.positions, other.positions, atol=0.0051)
        assert np.allclose(one.port_vectors, other.port_vectors, atol=0.0051)


def test_damaged_bytes_are_refused() -> None:
    body = encode_assembly(cubic())
    with pytest.raises(ParseError, match="damaged"):
        decode_assembly(body[:-20], smiles=("", "CC"))


def test_what_was_written_is_read(file: Path) -> None:
    store = TemplateStore(file)
    (entry,) = store.entries()
    assert (entry.id, entry.metals, entry.linkers, entry.sites) == ("toy", (30,), ("CC",), ("6:2",))
    assert store.template(entry.row).net_name == "pcu"
    assert store.linkers_of() == {"toy": ("CC",), "more": ()}
    assert store.meta()["source"] == "a toy"
    with pytest.raises(ConfigError, match="no template number"):
        store.template(99)


def test_files_of_other_kinds_and_versions_are_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no template file"):
        TemplateStore(tmp_path / "none.sqlite")
    other = tmp_path / "other.sqlite"
    other.write_text("not a database, but long enough to be taken for one" * 20)
    with pytest.raises(ParseError, match="no template file"):
        TemplateStore(other)
    db = sqlite3.connect(file)
    db.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    db.commit()
    db.close()
    with pytest.raises(ParseError, match="version 99"):
        TemplateStore(file)


def test_sites_as_text() -> None:
    assert sites_text({(7, False): 1, (6, True): 2, (6, False): 3}) == "6:3 6+:2 7:1"
