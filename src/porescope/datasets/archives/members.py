"""Files of an archive, one after another: from the tar file as it is, or from a folder."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from porescope.errors import ConfigError, ParseError

Wanted = Callable[[PurePosixPath], bool]


def archive_path(folder: Path, name: str) -> Path:
    """Where a collection is: the unpacked folder if it is there, else the archive.

    Parameters
    ----------
    folder:
        Folder with the archives, or with folders of the same names without the ending.
    name:
        Name without the ending, such as ``core_mof_2019``.

    Raises
    ------
    ConfigError
        Where there is neither.
    """
    for path in (folder / name, folder / f"{name}.tar.xz"):
        if path.exists():
            return path
    raise ConfigError(
        f"expected {name}.tar.xz or a folder {name} in {folder}, found neither; "
        "give the folder that holds the archives of structures"
    )


def archive_members(
    path: Path, *, wanted: Wanted | None = None
) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Path and content of each file; a tar file is read as a stream and never unpacked.

    Parameters
    ----------
    path:
        A tar file of any compression, or a folder.
    wanted:
        Which files to read, by their path below the root.

    Raises
    ------
    ConfigError
        Where there is nothing to read.
    ParseError
        Where the archive is damaged.
    """
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            inner = PurePosixPath(file.relative_to(path).as_posix())
            if wanted is None or wanted(inner):
                yield inner, file.read_bytes()
        return
    try:
        with tarfile.open(path, mode="r|*") as tar:
            for member in tar:
                inner = PurePosixPath(member.name)
                if not member.isfile() or (wanted is not None and not wanted(inner)):
                    continue
                stream = tar.extractfile(member)
                assert stream is not None
                yield inner, stream.read()
    except (tarfile.TarError, EOFError) as error:
        raise ParseError(f"the archive is damaged ({error}); fetch it again", path=path) from error
    except OSError as error:
        raise ConfigError(f"the archive {path} cannot be read: {error}") from error


def text_from_bytes(raw: bytes) -> str:
    r"""Text of a file, with ``\n`` line ends: UTF-8, or Latin-1 where it is not that."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
