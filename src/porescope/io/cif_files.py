"""Which files a list of files and folders stands for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from porescope.errors import ConfigError


def cifs_below(folder: Path) -> list[Path]:
    """All CIFs of a folder and of those below it, by name.

    Raises
    ------
    ConfigError
        If there is no such folder, or no CIF in it.
    """
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}; name a folder of CIFs")
    found = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() == ".cif" and path.is_file()
    )
    if not found:
        raise ConfigError(f"there is no .cif file in {folder} or below it; name a folder of CIFs")
    return found


def structure_files(sources: Sequence[str | Path]) -> list[Path]:
    """CIFs of files and folders, those of folders with all below them, by name.

    Raises
    ------
    ConfigError
        If nothing was named, a folder has no CIF, or a file is not there.
    """
    if not sources:
        raise ConfigError("name a CIF, several, or a folder of them")
    found: dict[Path, None] = {}
    for source in map(Path, sources):
        if source.is_dir():
            found |= dict.fromkeys(cifs_below(source))
        elif source.is_file():
            found[source] = None
        else:
            raise ConfigError(f"there is no file or folder {source}")
    return list(found)
