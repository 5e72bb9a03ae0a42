"""Ablations of the preset ``small``: what each of its choices is worth, at one small budget.

    python benchmarks/science/retrieval_patterns.py --structures FOLDER --side validation --n 1000
    python benchmarks/science/retrieval_ablations.py --seeds 3 --steps 50

Every variant sees the same number of pairs with the preset's network, schedule and learning rate;
only what its name says differs. All are far from trained out, so that they compare choices and
not what the choices reach. Patterns are prepared scans of the validation side (see
``retrieval_patterns.py``), the haystack is one card of every framework of the library, and ranks
count frameworks, a tie against. Whole profiles go onto the same marks of Q as peaks do, through
the same layers, with noise of their own in training.

One row a run, the first seed of every variant before the second of any; runs that have a row are
not made again, and a stopped one goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch

from porescope.datasets.library import SHIPPED, Library
from porescope.datasets.retrieval_set import RetrievalSet, retrieval_set
from porescope.models.registry import preset_named
from porescope.models.retrieval.config import RetrievalConfig
from porescope.training.config import TrainConfig
from porescope.training.loop import train
from porescope.training.precision import chosen_device

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from retrieval_patterns import KINDS, read_cases
from retrieval_variants import VARIANTS, Judge, VariantTask

from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results"
RUNS = RESULTS / "work" / "retrieval_ablations"
ROWS = RESULTS / "retrieval_ablations.csv"
METRICS = tuple(
    f"{kind}{told}_{key}"
    for kind in KINDS
    for told in ("", "_told")
    for key in ("top_1", "top_5", "top_10", "mrr")
)
KEYS = ("variant", "seed", "steps", "batch")
FIELDS = (
    *KEYS, "pairs", "n_frameworks", "n_queries", "n_haystack", *METRICS, "temperature", "seconds",
    "examples_per_s", "data", "commit", "date", "hardware",
)  # fmt: skip


@dataclass(kw_only=True)
class Shared:
    """What all runs of a process share."""

    data: RetrievalSet
    judge: Judge


_SHARED: list[Shared] = []


def prepare(n_queries: int) -> None:
    """Read crystals and queries."""
    torch.set_num_threads(1)
    with Library.open([SHIPPED]) as library:
        data = retrieval_set(library)
    cases = {kind: made.first(n_queries) for kind, made in read_cases("validation").items()}
    _SHARED.append(Shared(data=data, judge=Judge(data, cases)))


def one_run(name: str, *, seed: int, steps: int, batch: int, device: str) -> dict[str, object]:
    """Train one variant with one seed, and measure it."""
    variant = VARIANTS[name]
    data, judge = _SHARED[0].data, _SHARED[0].judge
    size = int(batch * variant.batch_factor)
    n_steps = round(steps * batch / size)
    task = VariantTask(
        data, variant=variant, batch_size=size, n_steps=n_steps, judge=judge, seed=seed
    )
    torch.manual_seed(seed)
    model = variant.network(RetrievalConfig(**variant.model))
    config = TrainConfig(
        epochs=1, learning_rate=1.5e-3, warmup_steps=max(n_steps // 10, 3), ema_decay=0.0,
        seed=seed, save_every_s=120.0, prefetch=1,
    )  # fmt: skip
    out = RUNS / f"{name}-{seed}-{n_steps}x{size}"
    started = time.process_time()
    result = train(
        model,
        task,
        preset=preset_named("small"),
        out=out,
        config=config,
        device=chosen_device(device),
    )
    # weights of a variant are no preset's
    shutil.rmtree(out)
    return {
        "variant": name,
        "seed": seed,
        "steps": steps,
        "batch": batch,
        "pairs": n_steps * size,
        "n_frameworks": task.facts.more["n_frameworks"],
        "n_queries": len(judge.truth),
        "n_haystack": len(judge.rows),
        **{key: round(result.metrics[key], 4) for key in METRICS},
        "temperature": round(float(model.temperature.detach()), 4),
        "seconds": round(time.process_time() - started, 1),
        "examples_per_s": round(n_steps * size / result.elapsed_s, 1),
        "data": data.content_hash,
        **run_facts(),
    }


def finished() -> set[tuple[str, ...]]:
    """Runs that have a row."""
    if not ROWS.is_file():
        return set()
    with ROWS.open(newline="", encoding="utf-8") as stream:
        return {tuple(row[key] for key in KEYS) for row in csv.DictReader(stream)}


def write(row: dict[str, object]) -> None:
    """Add a row."""
    new = not ROWS.is_file()
    with ROWS.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=FIELDS)
        if new:
            writer.writeheader()
        writer.writerow(row)
    print({key: row[key] for key in (*KEYS, "corrupted_mrr", "seconds")}, flush=True)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=0, help="0: all that were prepared")
    parser.add_argument("--variant", action="append", choices=tuple(VARIANTS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    done = finished()
    settings = {"steps": options.steps, "batch": options.batch}
    asked = [
        (name, seed)
        for seed in range(options.seeds)
        for name in options.variant or VARIANTS
        if (name, str(seed), str(options.steps), str(options.batch)) not in done
    ]
    with ProcessPoolExecutor(
        options.jobs,
        mp_context=get_context("spawn"),
        initializer=prepare,
        initargs=(options.queries,),
    ) as pool:
        futures = [
            pool.submit(one_run, name, seed=seed, device=options.device, **settings)
            for name, seed in asked
        ]
        for future in futures:
            write(future.result())
    return 0


if __name__ == "__main__":
    sys.exit(main())
