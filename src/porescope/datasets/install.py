"""Fetching open collections of structures from where their authors published them."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlsplit

from porescope.errors import ConfigError, PorescopeError

CHUNK = 1 << 18
"""Bytes read at once."""
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
"""Hosts from which plain http is accepted."""


class DownloadError(PorescopeError, OSError):
    """An archive could not be fetched, or is not what was promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An open collection that can be fetched."""

    name: str
    """Name for ``library install``, such as ``qmof``."""
    title: str
    """What it is."""
    url: str
    """Where the file is."""
    doi: str
    """DOI of the collection."""
    licence: str
    """Licence as the collection states it."""
    size_bytes: int | None = None
    """Exact size, where it is known."""
    sha256: str | None = None
    """Checksum, where it is known."""
    file_name: str = ""
    """Name to save it under; the ending says how it is packed."""


def archives() -> dict[str, Archive]:
    """The collections that can be fetched, by name."""
    text = (files("porescope.datasets") / "data" / "archives.json").read_text("utf-8")
    found = [Archive(**entry) for entry in json.loads(text)["archives"]]
    return {archive.name: archive for archive in found}


def archive_by_name(name: str) -> Archive:
    """One of :func:`archives`.

    Raises
    ------
    ConfigError
        Where there is none of that name.
    """
    known = archives()
    if name.lower() not in known:
        raise ConfigError(
            f"there is no collection {name!r} to install; choose one of {', '.join(known)}"
        )
    return known[name.lower()]


def download(
    archive: Archive,
    folder: Path,
    *,
    on_progress: Callable[[int, int | None], None] | None = None,
    timeout: float = 30.0,
) -> Path:
    """Fetch an archive into a folder; an interrupted transfer goes on where it stopped.

    The file has the ending ``.part`` until it is complete and checked.

    Parameters
    ----------
    archive:
        What to fetch.
    folder:
        Where to put it.
    on_progress:
        Called with the bytes here and the bytes in all, where that is known.
    timeout:
        Seconds without an answer after which the transfer is given up.

    Raises
    ------
    DownloadError
        Where there is no connection, the server refuses, or the file is not the right one.
    """
    parts = urlsplit(archive.url)
    if parts.scheme != "https" and parts.hostname not in LOCAL_HOSTS:
        raise ConfigError(f"only https addresses are fetched, not {archive.url}")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (archive.file_name or Path(parts.path).name)
    if target.is_file():
        _check(target, archive)
        return target
    part = target.with_name(f"{target.name}.part")
    try:
        _transfer(archive, part, on_progress, timeout)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise DownloadError(
            f"{archive.url} could not be fetched ({reason}); try again later (what has come is "
            f"kept), or get it by hand from https://doi.org/{archive.doi} and run: "
            "porescope library add FOLDER"
        ) from error
    _check(part, archive)
    part.replace(target)
    return target


def _transfer(
    archive: Archive,
    part: Path,
    on_progress: Callable[[int, int | None], None] | None,
    timeout: float,
) -> None:
    """Append to the partial file what is still missing of it."""
    have = part.stat().st_size if part.is_file() else 0
    if archive.size_bytes is not None and have >= archive.size_bytes:
        return
    headers = {"User-Agent": "porescope", **({"Range": f"bytes={have}-"} if have else {})}
    request = urllib.request.Request(archive.url, headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to send
            error.close()
            return
        raise
    with answer, part.open("ab") as file:
        if have and answer.status != 206:  # the server starts again from the beginning
            file.truncate(0)
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else archive.size_bytes
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            have += len(chunk)
            if on_progress is not None:
                on_progress(have, total)
    if total is not None and have < total:
        raise ConnectionError(f"the connection ended after {have} of {total} bytes")


def _check(path: Path, archive: Archive) -> None:
    """Refuse, and remove, a file of the wrong size or checksum."""
    size = path.stat().st_size
    wrong = ""
    if archive.size_bytes is not None and size != archive.size_bytes:
        wrong = f"has {size} bytes instead of {archive.size_bytes}"
    elif archive.sha256 is not None:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        if digest.hexdigest() != archive.sha256:
            wrong = "has another checksum than the one that was published"
    if wrong:
        path.unlink()
        raise DownloadError(f"{path.name} {wrong}; it was removed, run the command again")


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a zip or tar archive; the folder appears only when all of it is there.

    Zip archives inside are unpacked too, where they lie.

    Parameters
    ----------
    path:
        The archive.
    folder:
        Folder to make.

    Raises
    ------
    DownloadError
        Where the archive is damaged.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _extract(path, staging)
        for inner in [p for p in staging.rglob("*.zip") if zipfile.is_zipfile(p)]:
            _extract(inner, inner.with_suffix(""))
            inner.unlink()
        staging.rename(folder)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise DownloadError(
            f"{path.name} cannot be unpacked ({error}); remove it and run the command again"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


def _extract(path: Path, folder: Path) -> None:
    """Files of one archive; none lands outside the folder."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    else:
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
