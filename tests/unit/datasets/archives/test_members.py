"""Files of an archive."""

import tarfile
from pathlib import Path

import pytest

from porescope.datasets.archives.members import archive_members, archive_path, text_from_bytes
from porescope.errors import ConfigError, ParseError


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    folder = tmp_path / "things"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.cif").write_bytes(b"one")
    (folder / "deep" / "b.cif").write_bytes(b"two")
    (folder / "deep" / "c.txt").write_bytes(b"three")
    with tarfile.open(tmp_path / "things.tar.xz", "w:xz") as tar:
        tar.add(folder, arcname="things")
    return tmp_path


def test_a_folder_and_a_tar_file_hold_the_same(packed: Path) -> None:
    folder = dict(archive_members(packed / "things"))
    tar = dict(archive_members(packed / "things.tar.xz"))
    assert {p.name: raw for p, raw in folder.items()} == {p.name: raw for p, raw in tar.items()}
    assert len(tar) == 3
    cifs = archive_members(packed / "things.tar.xz", wanted=lambda p: p.suffix == ".cif")
    assert sorted(raw for _, raw in cifs) == [b"one", b"two"]


def test_the_folder_is_preferred_and_absence_is_named(packed: Path) -> None:
    assert archive_path(packed, "things") == packed / "things"
    with pytest.raises(ConfigError, match=r"qmof\.tar\.xz or a folder qmof"):
        archive_path(packed, "qmof")


def test_a_damaged_archive_is_named(packed: Path) -> None:
    path = packed / "things.tar.xz"
    path.write_bytes(b"nothing like it" * 10)
    with pytest.raises(ParseError, match="damaged"):
        list(archive_members(path))


def test_text_of_other_encodings() -> None:
    assert text_from_bytes("Å\r\nb\rc".encode("latin-1")) == "Å\nb\nc"
    assert text_from_bytes("\ufeffdata_x".encode()) == "data_x"
