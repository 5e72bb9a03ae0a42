"""Fixtures for all tests; shapes in signatures are checked while the tests run."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import _import_hook, install_import_hook

_marked = _import_hook._is_no_type_check


def _is_unchecked(decorator: ast.expr) -> bool:
    """Whether a function is not to be wrapped: numba compiles the bare function only."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return _marked(decorator) or (isinstance(called, ast.Name) and called.id == "njit")


_import_hook._is_no_type_check = _is_unchecked
install_import_hook("porescope", "checking.check")

settings.register_profile("default", deadline=None, derandomize=True, max_examples=30)
settings.load_profile("default")


def _shared_folder() -> Path | None:
    """The folder of real data: beside the checkout, or where the environment says."""
    named = os.environ.get("PORESCOPE_SHARED")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared"
    return folder if (folder / "data").is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The ``data`` folder of the real files; skips where it is absent."""
    folder = _shared_folder()
    if folder is None:
        pytest.skip("the folder of real data is not here (set PORESCOPE_SHARED to its path)")
    return folder / "data"


@pytest.fixture(scope="session")
def tiny_space(tmp_path_factory: pytest.TempPathFactory):
    """A small library and weights of the learned space; skips without torch."""
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from tiny_space import make_space

    return make_space(tmp_path_factory.mktemp("tiny-space"))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"
