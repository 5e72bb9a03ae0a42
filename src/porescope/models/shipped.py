"""Weights that come with the package, by name; needs no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from porescope.errors import ConfigError

WEIGHTS = Path(__file__).parent / "weights"
"""Folder of the shipped weights: ``NAME.safetensors`` and ``NAME.json``."""
DEFAULT = "small"
"""Weights that are used where nothing else is said."""


def shipped_names() -> tuple[str, ...]:
    """Names of the weights that come with this installation."""
    return tuple(sorted(path.stem for path in WEIGHTS.glob("*.safetensors")))


def weights_file(name: str | Path = DEFAULT) -> Path:
    """File of some weights.

    Parameters
    ----------
    name:
        Name of shipped weights, or a checkpoint file, with or without its suffix.

    Raises
    ------
    ConfigError
        Where there are none; the message lists what there is.
    """
    text = str(name)
    shipped = WEIGHTS / f"{text}.safetensors"
    if Path(text).name == text and shipped.is_file():
        return shipped
    own = Path(text).expanduser()
    own = own if own.suffix == ".safetensors" else own.with_name(own.name + ".safetensors")
    if own.is_file():
        return own
    known = ", ".join(shipped_names())
    has = f"it has {known}" if known else "it has none"
    raise ConfigError(
        f"there are no weights {text!r} in this installation ({has}) and no such file; train them "
        "with: porescope train retrieval"
    )


def shipped_properties() -> tuple[str, ...]:
    """Names of the properties whose weights come with this installation."""
    return tuple(sorted({path.parent.name for path in WEIGHTS.glob("*/*.safetensors")}))


def property_folder(name: str | None) -> Path:
    """Folder of the weights of a property, by its name or by that of a target of its weights.

    Parameters
    ----------
    name:
        Such as ``band_gap``.

    Raises
    ------
    ConfigError
        Where there are none, or several have such a target; the message lists what there is.
    """
    known = shipped_properties()
    told = f"this installation knows {', '.join(known)}"
    if not known:
        told = (
            "this installation has no weights of properties; train some with porescope train "
            "property and name them with --model"
        )
    if name is None:
        raise ConfigError(f"name a property or a model: {told}")
    if name in known:
        return WEIGHTS / name
    holding = [one for one in known if matching_names(name, _targets_in(WEIGHTS / one))]
    if len(holding) == 1:
        return WEIGHTS / holding[0]
    raise ConfigError(f"there is no property {name!r}: {told}")


def _targets_in(folder: Path) -> list[str]:
    """Targets of the weights in a folder, from the card beside them."""
    card = json.loads(next(iter(sorted(folder.glob("*.json")))).read_text(encoding="utf-8"))
    return target_names(card["training"])


def target_names(training: Mapping[str, Any]) -> list[str]:
    """Names of the targets that weights were trained on, from the facts on their card."""
    return [word for word in str(training.get("targets", "")).split(", ") if word]


def matching_names(name: str, names: Sequence[str]) -> list[int]:
    """Places of the names that are the wanted one, or begin with it at a word's end."""
    exact = [place for place, known in enumerate(names) if known == name]
    return exact or [place for place, known in enumerate(names) if known.startswith(f"{name}_")]
