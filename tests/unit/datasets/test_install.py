"""Fetching archives, from a server on this machine only."""

import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from porescope.datasets.install import (
    Archive,
    DownloadError,
    archive_by_name,
    archives,
    download,
    unpack,
)
from porescope.errors import ConfigError


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


BODY = zipped({"set/a.cif": b"data_a", "inner.zip": zipped({"deep/b.cif": b"data_b"})})


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves one archive, with ranges, or cut short, or without ranges."""

    ranges: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        Handler.ranges.append(wanted)
        if self.path == "/missing.zip":
            self.send_error(404)
            return
        start = 0
        if wanted and self.path != "/plain.zip":
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(BODY):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(BODY) - start))
        self.end_headers()
        cut = len(BODY) // 2 if self.path == "/cut.zip" and not wanted else None
        self.wfile.write(BODY[start:cut])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Handler.ranges = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()
        thread.join()


def archive(url: str, **changes: object) -> Archive:
    fields: dict = {
        "name": "test",
        "title": "Test",
        "url": url,
        "doi": "10.1/x",
        "licence": "MIT",
        "size_bytes": len(BODY),
        "sha256": hashlib.sha256(BODY).hexdigest(),
    }
    return Archive(**{**fields, **changes})


def test_an_archive_is_fetched_checked_and_unpacked(server: str, tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    path = download(
        archive(f"{server}/a.zip"),
        tmp_path,
        on_progress=lambda have, total: steps.append((have, total)),
    )
    assert path.read_bytes() == BODY
    assert steps[-1] == (len(BODY), len(BODY))
    folder = unpack(path, tmp_path / "out")
    assert sorted(p.name for p in folder.rglob("*.cif")) == ["a.cif", "b.cif"]
    assert unpack(path, tmp_path / "out") == folder
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "out"]
    download(archive(f"{server}/a.zip"), tmp_path)
    assert len(Handler.ranges) == 1


def test_a_cut_transfer_goes_on_where_it_stopped(server: str, tmp_path: Path) -> None:
    for checks in ({}, {"size_bytes": None, "sha256": None}):
        wanted = archive(f"{server}/cut.zip", **checks)
        with pytest.raises(DownloadError, match="could not be fetched"):
            download(wanted, tmp_path)
        assert (tmp_path / "cut.zip.part").stat().st_size == len(BODY) // 2
        assert not (tmp_path / "cut.zip").exists()
        path = download(wanted, tmp_path)
        assert path.read_bytes() == BODY
        assert Handler.ranges[-1] == f"bytes={len(BODY) // 2}-"
        path.unlink()


def test_servers_without_ranges_start_again(server: str, tmp_path: Path) -> None:
    (tmp_path / "plain.zip.part").write_bytes(b"old")
    assert download(archive(f"{server}/plain.zip"), tmp_path).read_bytes() == BODY


def test_a_complete_part_is_not_fetched_again(server: str, tmp_path: Path) -> None:
    (tmp_path / "a.zip.part").write_bytes(BODY)
    wanted = archive(f"{server}/a.zip", size_bytes=None)
    assert download(wanted, tmp_path).read_bytes() == BODY
    assert Handler.ranges == [f"bytes={len(BODY)}-"]


@pytest.mark.parametrize(
    "changes", [{"size_bytes": 3}, {"sha256": "0" * 64}, {"size_bytes": None, "sha256": "0" * 64}]
)
def test_wrong_files_are_refused_and_removed(server: str, tmp_path: Path, changes: dict) -> None:
    with pytest.raises(DownloadError, match=r"bytes instead|checksum"):
        download(archive(f"{server}/a.zip", **changes), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_clear_error_without_a_connection(server: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"could not be fetched.*https://doi\.org/10\.1/x"):
        download(archive("http://127.0.0.1:9/a.zip"), tmp_path, timeout=2.0)
    with pytest.raises(DownloadError, match="could not be fetched"):
        download(archive(f"{server}/missing.zip"), tmp_path)


def test_only_https_leaves_the_machine(tmp_path: Path) -> None:
    for url in ("http://example.org/a.zip", "file:///etc/passwd", "ftp://example.org/a.zip"):
        with pytest.raises(ConfigError, match="https"):
            download(archive(url), tmp_path)


def test_damaged_archives_leave_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(DownloadError, match="unpacked"):
        unpack(path, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_the_table_of_collections() -> None:
    known = archives()
    assert {"qmof", "core-mof-2019", "curated-cofs", "iza", "raspa2"} <= set(known)
    for entry in known.values():
        assert entry.url.startswith("https://")
        assert entry.doi.startswith("10.")
        assert entry.licence
    assert archive_by_name("QMOF") == known["qmof"]
    with pytest.raises(ConfigError, match="choose one of"):
        archive_by_name("nothing")
    assert replace(known["qmof"], name="x").name == "x"
