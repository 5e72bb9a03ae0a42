"""A data set of hypothetical frameworks, made by one command that can be interrupted.

    python -m porescope.workflows.hypothetical --out FILE --number 30000

Recipes (a metal and its linkers) go to child processes one at a time; what comes back is added to
the store unless its bond graph is there already. A recipe is done when its frameworks and its
status are in the store, in one transaction.
"""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from porescope.datasets.library import SHIPPED
from porescope.datasets.store import CardStore
from porescope.datasets.structure_codec import arrays_from_bytes, crystal_from_bytes
from porescope.datasets.structure_store import StoredStructure, StructureStore
from porescope.errors import ConfigError
from porescope.workflows.hypothetical_making import MakingConfig
from porescope.workflows.hypothetical_recipes import METALS, Recipe, recipes
from porescope.workflows.screen_pool import (
    Outcome,
    Task,
    outcomes_by_dask,
    outcomes_by_processes,
)

ROW_MAKER = "porescope.workflows.hypothetical_making:row_of_recipe"
"""What makes the frameworks of a recipe in the child processes."""
SOURCE = "porescope-hypothetical"
"""Collection of the frameworks in their store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HypotheticalConfig:
    """What is made, and where."""

    number: int = 30_000
    """Frameworks that are wanted; a run ends after the recipe with which they are there."""
    making: MakingConfig = field(default_factory=MakingConfig)
    """Limits of what is made of one recipe, and the seed."""
    metals: tuple[str, ...] = METALS
    """Metals that are tried."""
    routes: tuple[str, ...] = ("template", "net")
    """Known frameworks with other linkers, and nodes and linkers on nets."""
    pairs: bool = True
    """Whether to combine acids with pillars."""
    processes: int = 2
    """Child processes."""
    time_limit: float = 240.0
    """Seconds for each recipe."""
    scheduler: Literal["processes", "dask"] = "processes"
    """Where the child processes are."""
    address: str = ""
    """Address of a Dask scheduler; one is started here where it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HypotheticalProgress:
    """How far a run is."""

    n_frameworks: int
    """Frameworks in the store."""
    number: int
    """Frameworks that are wanted."""
    n_recipes: int
    """Recipes that are done."""
    total_recipes: int
    """Recipes in all."""
    current: str
    """The recipe that was finished last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HypotheticalReport:
    """What a run has done."""

    n_frameworks: int
    """Frameworks in the store."""
    n_added: int
    """Of these, added by this run."""
    n_recipes: int
    """Recipes of this run."""
    counts: dict[str, int]
    """Frameworks that were tried, made, and dropped for each reason, over all runs."""
    seconds: float
    """Time of this run [s]."""


def make_hypothetical(
    out: str | Path,
    *,
    config: HypotheticalConfig | None = None,
    progress: Callable[[HypotheticalProgress], None] | None = None,
) -> HypotheticalReport:
    """Make hypothetical frameworks into a store; goes on where an earlier run stopped.

    Parameters
    ----------
    out:
        The store's file.
    config:
        What is made, and where.
    progress:
        Called after each recipe.

    Raises
    ------
    ConfigError
        Where the store was made with another seed or other limits, or a setting is wrong.
    """
    config = config or HypotheticalConfig()
    if config.number < 1 or config.processes < 1:
        raise ConfigError("expected at least one framework and one process")
    begin = time.monotonic()
    todo = recipes(
        seed=config.making.seed, metals=config.metals, routes=config.routes, pairs=config.pairs
    )
    with StructureStore(Path(out), writable=True) as store:
        counts = _opened(store, config)
        done = store.done()
        nets = set(store.net_hashes().values())
        known = library_nets()
        n_before, n_recipes = len(nets), 0
        left = [recipe for recipe in todo if recipe.key not in done]
        if n_before < config.number:
            for outcome in _outcomes(left, config):
                new = _added(store, outcome, nets=nets, known=known, counts=counts)
                nets.update(new)
                n_recipes += 1
                if progress is not None:
                    progress(
                        HypotheticalProgress(
                            n_frameworks=len(nets),
                            number=config.number,
                            n_recipes=len(todo) - len(left) + n_recipes,
                            total_recipes=len(todo),
                            current=outcome.key,
                        )
                    )
                if len(nets) >= config.number:
                    break
        return HypotheticalReport(
            n_frameworks=len(nets),
            n_added=len(nets) - n_before,
            n_recipes=n_recipes,
            counts=dict(counts.most_common()),
            seconds=time.monotonic() - begin,
        )


def _opened(store: StructureStore, config: HypotheticalConfig) -> Counter[str]:
    """The counts of earlier runs; a store that was made otherwise is refused."""
    meta = store.meta()
    making = {k: v for k, v in asdict(config.making).items() if k != "templates"}
    making["groups"] = list(making["groups"])
    if meta.get("making", making) != making:
        changed = [k for k, v in making.items() if meta["making"].get(k) != v]
        raise ConfigError(
            f"the store {store.path} was made with another {', '.join(changed)}; "
            "name another file, or give the same settings"
        )
    store.set_meta({"making": making, "source": SOURCE})
    return Counter(meta.get("counts", {}))


def _outcomes(left: Sequence[Recipe], config: HypotheticalConfig) -> Iterator[Outcome]:
    """What became of each recipe, in the order in which it is ready."""
    making = asdict(config.making)
    tasks = (
        Task(key=recipe.key, file="", settings={"recipe": asdict(recipe), "config": making})
        for recipe in left
    )
    if config.scheduler == "dask":
        return outcomes_by_dask(
            tasks,
            function=ROW_MAKER,
            jobs=config.processes,
            time_limit=config.time_limit,
            address=config.address,
        )
    return outcomes_by_processes(
        tasks, function=ROW_MAKER, jobs=config.processes, time_limit=config.time_limit
    )


def _added(
    store: StructureStore,
    outcome: Outcome,
    *,
    nets: set[str],
    known: set[str],
    counts: Counter[str],
) -> set[str]:
    """Put what is new of a recipe into the store; returns the hashes of what was."""
    row: dict[str, Any] = outcome.row or {"status": outcome.reason, "made": [], "counts": {}}
    counts.update(row["counts"])
    if outcome.row is None:
        counts["recipe stopped"] += 1
    new: dict[str, StoredStructure] = {}
    for made in row["made"]:
        net = made["net"]
        if net in nets or net in new:
            counts["known bond graph"] += 1
            continue
        in_library = {"in_library": float(net[:_LIBRARY_DIGITS] in known)}
        bonds = arrays_from_bytes(base64.b85decode(made["bonds"]))["bonds"]
        new[net] = StoredStructure(
            id=f"hyp-{net[:14]}",
            crystal=crystal_from_bytes(base64.b85decode(made["crystal"])),
            source=SOURCE,
            net_hash=net,
            labels={**made["labels"], **in_library},
            arrays={"bonds": bonds.astype(np.int16)},
        )
    store.add(list(new.values()), done={outcome.key: row["status"]})
    store.set_meta({"counts": dict(counts)})
    return set(new)


_LIBRARY_DIGITS = 16
"""Digits of the hash that the library's cards keep."""


def library_nets() -> set[str]:
    """Bond graphs of the shipped library, by the first digits of their hashes."""
    with closing(CardStore(SHIPPED)) as store:
        return {row[0].hex()[:_LIBRARY_DIGITS] for row in store.query("SELECT net FROM frameworks")}
