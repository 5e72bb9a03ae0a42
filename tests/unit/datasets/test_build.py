"""Building libraries from CIFs."""

import tarfile
from pathlib import Path

import pytest

from porescope.datasets import build as build_module
from porescope.datasets.build import BuildProgress, build_library, folder_entries, unpacked
from porescope.datasets.making import CardConfig
from porescope.datasets.store import CardStore, Source
from porescope.errors import ConfigError

CONFIG = CardConfig(nets=False)


def test_every_cif_becomes_a_card_or_a_reason(tmp_path: Path, cif_folder: Path) -> None:
    seen: list[BuildProgress] = []
    with CardStore(tmp_path / "l.sqlite", writable=True) as store:
        report = build_library(
            store,
            folder_entries(cif_folder),
            source=Source(name="test", root=str(cif_folder)),
            config=CONFIG,
            on_progress=seen.append,
        )
        assert store.n_cards == 3
        assert {row[0] for row in store.query("SELECT id FROM cards")} == {"MgO", "NiO", "CaO"} or {
            row[0] for row in store.query("SELECT id FROM cards")
        } == {"copy", "NiO", "CaO"}
    assert (report.n_files, report.n_cards, report.n_skipped) == (5, 3, 1)
    assert list(report.failures) == ["broken.cif"]
    assert report.failures["broken.cif"]
    assert (seen[-1].done, seen[-1].total, seen[-1].n_failed) == (5, 5, 1)


def test_a_second_run_does_nothing_new(tmp_path: Path, cif_folder: Path) -> None:
    with CardStore(tmp_path / "l.sqlite", writable=True) as store:
        for expected in (3, 0):
            report = build_library(
                store, folder_entries(cif_folder), source=Source(name="test"), config=CONFIG
            )
            assert report.n_cards == expected
            assert list(report.failures) == ["broken.cif"]


def test_an_interrupted_build_goes_on(
    tmp_path: Path, cif_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    original = build_module.read_cif

    def reading(path: Path) -> object:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(path.name)
        return original(path)

    monkeypatch.setattr(build_module, "read_cif", reading)
    with CardStore(tmp_path / "l.sqlite", writable=True) as store:
        with pytest.raises(KeyboardInterrupt):
            build_library(
                store, folder_entries(cif_folder), source=Source(name="test"), config=CONFIG
            )
        before = store.n_cards
        monkeypatch.setattr(build_module, "read_cif", original)
        report = build_library(
            store, folder_entries(cif_folder), source=Source(name="test"), config=CONFIG
        )
        assert before >= 1
        assert before + report.n_cards == store.n_cards == 3


@pytest.mark.slow
def test_two_processes_give_the_same_as_one(
    tmp_path: Path, cif_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "ALONE_BELOW", 0)
    for name, processes in (("one", 1), ("two", 2)):
        with CardStore(tmp_path / f"{name}.sqlite", writable=True) as store:
            build_library(
                store,
                folder_entries(cif_folder),
                source=Source(name="test"),
                config=CONFIG,
                n_processes=processes,
            )
    with CardStore(tmp_path / "one.sqlite") as one, CardStore(tmp_path / "two.sqlite") as two:
        for sql in ("SELECT id, formula, content FROM cards", "SELECT body FROM pages"):
            assert one.query(sql) == two.query(sql)


def test_archives_are_read_like_folders(tmp_path: Path, cif_folder: Path) -> None:
    archive = tmp_path / "cifs.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(cif_folder, arcname="cifs")
    with unpacked(archive) as folder:
        names = [entry.relative for entry in folder_entries(folder)]
        kept = folder
    assert names == [
        "cifs/MgO.cif",
        "cifs/NiO.cif",
        "cifs/broken.cif",
        "cifs/copy.cif",
        "cifs/deep/CaO.CIF",
    ]
    assert not kept.exists()
    with unpacked(cif_folder) as folder:
        assert folder == cif_folder


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tar.xz"
    path.write_bytes(b"nothing")
    with pytest.raises(ConfigError, match="unpacked"), unpacked(path):
        pass
    with pytest.raises(ConfigError, match="no folder"):
        folder_entries(tmp_path / "missing")
