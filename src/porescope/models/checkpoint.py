"""Weights of a model with the card that says where they come from.

A checkpoint is ``NAME.safetensors`` and ``NAME.json``. The card is in the header of the weights
file too, so that the two can never disagree about which weights they describe: what is read is
the header, and the JSON beside it is for people. Both are written whole or not at all.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from porescope.errors import ConfigError, MissingExtraError, ParseError

try:
    import torch
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file, save_file
    from torch import Tensor, nn
except ImportError as error:  # pragma: no cover
    raise MissingExtraError(error.name or "torch", extra="ml") from error

from porescope.models.registry import (
    Preset,
    build_model,
    config_from_dict,
    preset_named,
)

SCHEMA = 1
"""Version of the card; checkpoints with a newer one are refused by name."""

Stored = Literal["float32", "float16", "bfloat16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Where weights come from."""

    preset: str
    """Name of the preset."""
    preset_version: int
    """Version of the preset's network."""
    config: dict[str, Any]
    """The network's resolved configuration."""
    package_version: str
    """Version of porescope that trained them."""
    data_hash: str
    """Hash of the training data."""
    split: str
    """Split whose training side was used."""
    metrics: dict[str, float]
    """Metrics on the validation side."""
    licence: str
    """Licence of the weights."""
    hardware: str
    """Machine that trained them."""
    created: str
    """When, ISO 8601, UTC."""
    training: dict[str, Any] = field(default_factory=dict)
    """Resolved settings of the training, steps done, seconds taken, facts of the data."""
    n_parameters: int = 0
    """Number of parameters."""
    schema: int = SCHEMA
    """Version of this card."""


def write_bytes_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or as it was before."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def unshared(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of which no two are the same memory; of several names the first in order stays.

    A state dictionary names a weight twice where a model uses one layer in two places.
    """
    first: dict[tuple[int, torch.Size], str] = {}
    for name in sorted(tensors):
        tensor = tensors[name]
        first.setdefault((tensor.data_ptr(), tensor.shape), name)
    kept = {name for (_, shape), name in first.items() if shape.numel()}
    return {n: t for n, t in tensors.items() if n in kept or not t.numel()}


def write_tensors_whole(
    path: Path, tensors: dict[str, Tensor], *, metadata: dict[str, str]
) -> None:
    """Write a safetensors file so that it is there whole or as it was before."""
    partial = path.with_name(path.name + ".partial")
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in unshared(tensors).items()}
    save_file(held, partial, metadata=metadata)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    # the library that writes it lets nobody else read; a folder of a group is to be shared
    mask = os.umask(0)
    os.umask(mask)
    partial.chmod(0o666 & ~mask)
    os.replace(partial, path)


def write_checkpoint(
    path: Path, weights: dict[str, Tensor], *, card: Card, stored: Stored = "float32"
) -> Path:
    """Write weights and their card.

    Parameters
    ----------
    path:
        Name of the checkpoint; its suffix is replaced.
    weights:
        The model's state dictionary.
    card:
        Its card.
    stored:
        Number format in the file; half the size with 16 bits.

    Returns
    -------
    :
        Path of the weights.
    """
    path = path.with_suffix(".safetensors")
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = getattr(torch, stored)
    cast = {
        name: value.to(kind) if value.is_floating_point() else value
        for name, value in unshared(weights).items()
    }
    text = json.dumps(asdict(card), indent=1, sort_keys=True)
    write_tensors_whole(path, cast, metadata={"card": text})
    write_bytes_whole(path.with_suffix(".json"), (text + "\n").encode())
    return path


def read_metadata(path: Path) -> dict[str, str]:
    """What the header of a safetensors file holds besides the tensors.

    Raises
    ------
    ParseError
        If there is no such file, or it is none.
    """
    if not path.is_file():
        raise ParseError("no such file; expected weights (.safetensors)", path=path)
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except SafetensorError as error:
        raise ParseError(
            f"expected a safetensors file, and it cannot be read as one ({error}); fetch or train "
            "it again",
            path=path,
        ) from error


def read_card(path: str | Path) -> Card:
    """The card of a checkpoint.

    Parameters
    ----------
    path:
        The weights.

    Raises
    ------
    ParseError
        If it is no checkpoint of porescope, or one written by a newer porescope.
    """
    path = Path(path).with_suffix(".safetensors")
    text = read_metadata(path).get("card")
    if text is None:
        raise ParseError("a weights file without a card; expected one of porescope", path=path)
    held = json.loads(text)
    schema = held.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA:
        raise ParseError(
            f"written by a newer porescope (card schema {schema}, this one reads up to {SCHEMA}); "
            "upgrade porescope",
            path=path,
        )
    known = {f.name for f in fields(Card)}
    missing = known - held.keys()
    if missing:
        raise ParseError(f"its card lacks {', '.join(sorted(missing))}", path=path)
    return Card(**{key: value for key, value in held.items() if key in known})


def load_model(
    path: str | Path, *, preset: str | None = None, device: torch.device | str = "cpu"
) -> tuple[Any, Card]:
    """The model of a checkpoint, in evaluation mode; of what class, its preset's family says.

    Parameters
    ----------
    path:
        The weights.
    preset:
        The preset they must be of; None for whichever they are.
    device:
        Where the model goes.

    Raises
    ------
    ConfigError
        If they are of another preset, or of another version of it.
    ParseError
        If the file is no checkpoint, is too new, or does not fit its own card.
    """
    path = Path(path).with_suffix(".safetensors")
    card = read_card(path)
    if preset is not None and card.preset != preset:
        raise ConfigError(
            f"{path.name} holds weights of preset {card.preset!r}, and {preset!r} was asked for; "
            f"give a checkpoint of {preset!r} or ask for {card.preset!r}"
        )
    known = preset_named(card.preset)
    if card.preset_version != known.version:
        raise ConfigError(
            f"{path.name} was trained with version {card.preset_version} of preset "
            f"{card.preset!r}, and this porescope has version {known.version}; "
            f"train it again, or use the porescope {card.package_version} that trained it"
        )
    model = _empty_model(known, card=card)
    weights = load_file(path)
    _check_fit(model, weights, path=path)
    model.load_state_dict(weights, strict=False)
    return model.to(device).eval(), card


def _empty_model(preset: Preset, *, card: Card) -> nn.Module:
    """The network of a card, leaving torch's global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        return build_model(preset, config=config_from_dict(preset, card.config))


def _check_fit(model: nn.Module, weights: dict[str, Tensor], *, path: Path) -> None:
    """Refuse weights that are not those of the network, naming the first that differ."""
    own = unshared(model.state_dict())
    missing, unknown = sorted(own.keys() - weights.keys()), sorted(weights.keys() - own.keys())
    shapes = [
        name for name in own.keys() & weights.keys() if own[name].shape != weights[name].shape
    ]
    if missing or unknown or shapes:
        told = [
            f"{what} {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
            for what, names in (("lacks", missing), ("also has", unknown), ("misshapes", shapes))
            if names
        ]
        raise ParseError(
            f"the weights do not fit the network of their card: it {' and '.join(told)}; "
            "train it again",
            path=path,
        )


def repack(
    path: Path, out: Path, *, stored: Stored = "float16", metrics: dict[str, float] | None = None
) -> Path:
    """Write a checkpoint again, smaller, to be shipped.

    Parameters
    ----------
    path:
        A checkpoint.
    out:
        The new one.
    stored:
        Its number format.
    metrics:
        What was measured since; added to the card's.

    Returns
    -------
    :
        Path of the new weights.
    """
    card = read_card(path)
    card = replace(card, metrics={**card.metrics, **(metrics or {})})
    return write_checkpoint(
        out, load_file(path.with_suffix(".safetensors")), card=card, stored=stored
    )
