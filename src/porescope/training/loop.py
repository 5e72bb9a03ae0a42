"""The loop that trains every model."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from porescope import __version__
from porescope.errors import ConfigError, ConvergenceError
from porescope.models.checkpoint import Card, write_checkpoint
from porescope.models.property_model import PropertyModel
from porescope.models.registry import Preset
from porescope.models.retrieval_model import RetrievalModel
from porescope.nn.parallel import process_count, process_rank
from porescope.nn.small_numbers import small_numbers_as_zero
from porescope.training.checkpoint import Place, load_state, read_place, save_state
from porescope.training.config import TrainConfig
from porescope.training.distributed import (
    average_gradients,
    decided,
    process_group,
    share_weights,
)
from porescope.training.ema import averaged
from porescope.training.log import RunLog
from porescope.training.optimizer import adamw
from porescope.training.precision import (
    Resolved,
    autocast,
    hardware,
    own_random_state,
    resolved_precision,
)
from porescope.training.prefetch import made_ahead
from porescope.training.schedule import learning_rate_factor
from porescope.training.task import Task

STATE_FILE, BEST_FILE, LAST_FILE = "state.safetensors", "best.safetensors", "last.safetensors"
MOST_SKIPPED = 25
"""Steps in a row with a gradient that is not finite, after which a training has failed."""

TrainedModel = RetrievalModel | PropertyModel
"""What can be trained: a network that has its configuration as ``config``."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainProgress:
    """How far a training is."""

    step: int
    n_steps: int
    epoch: int
    loss: float
    examples_per_s: float
    eta_s: float
    """Seconds to the end at the pace so far, validations included."""
    metrics: dict[str, float]
    """Of the last validation; empty before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """What a call of the loop came to."""

    status: Literal["finished", "paused"]
    """Paused where the time limit ended the call; the next one goes on."""
    step: int
    n_steps: int
    metrics: dict[str, float]
    """Best metrics on the validation side."""
    best: Path
    """Weights with them."""
    elapsed_s: float
    """Seconds of training over all calls."""


def train(
    model: TrainedModel,
    task: Task,
    *,
    preset: Preset,
    out: Path,
    config: TrainConfig,
    device: torch.device,
    restart: bool = False,
    progress: Callable[[TrainProgress], None] | None = None,
) -> TrainResult:
    """Train a model, or go on where an earlier call with the same settings stopped.

    The folder gets ``best`` and ``last`` checkpoints (averaged weights), ``steps.csv`` and
    ``validations.csv``, and the state to go on from. Going on gives the same weights, bit for bit
    on one machine, as never having stopped. Under ``torchrun`` the processes train together.

    Parameters
    ----------
    model:
        The model, its weights drawn.
    task:
        What it learns.
    preset:
        The preset it is of, for the card.
    out:
        Folder of the run.
    config:
        Settings.
    device:
        Where to train.
    restart:
        Forget an earlier run in the folder.
    progress:
        Called after every step.

    Raises
    ------
    ConfigError
        If the folder holds a run with other settings.
    ConvergenceError
        If the gradient stays not finite.
    """
    out.mkdir(parents=True, exist_ok=True)
    with small_numbers_as_zero(), process_group(device) as device, own_random_state(device):
        run = _Run(model, task, preset=preset, out=out, config=config, device=device)
        if (out / STATE_FILE).exists() and not restart:
            run.resume()
        elif process_rank() == 0:
            for name in (BEST_FILE, LAST_FILE):
                (out / name).unlink(missing_ok=True)
                (out / name).with_suffix(".json").unlink(missing_ok=True)
        return run.to_the_end(progress)


class _Run:
    """One training while it runs."""

    def __init__(
        self,
        model: TrainedModel,
        task: Task,
        *,
        preset: Preset,
        out: Path,
        config: TrainConfig,
        device: torch.device,
    ) -> None:
        self.model, self.task, self.preset = model.to(device), task, preset
        self.out, self.config, self.device = out, config, device
        share_weights(self.model)
        self.average: AveragedModel | None = None
        if config.ema_decay > 0.0:
            self.average = averaged(self.model, decay=config.ema_decay)
        self.optimizer = adamw(self.model, config=config)
        self.precision: Resolved = resolved_precision(config.precision, device=device)
        self.per_epoch = task.batches_per_epoch
        if self.per_epoch < 1:
            raise ConfigError("the training side fills no batch; give more data or smaller batches")
        self.n_steps = config.epochs * self.per_epoch
        self.place = Place()
        self.started = self.saved = time.monotonic()
        self.started_step, self.elapsed_before = 0, 0.0

    @property
    def settings(self) -> dict[str, Any]:
        """Everything the weights depend on."""
        return {
            "preset": self.preset.name,
            "preset_version": self.preset.version,
            "model": asdict(self.model.config),
            "training": asdict(self.config),
            "precision": self.precision,
            "n_processes": process_count(),
            "data_hash": self.task.facts.data_hash,
            "n_examples": self.task.facts.n_examples,
            "batches_per_epoch": self.per_epoch,
        }

    @property
    def kept(self) -> TrainedModel:
        """The model that is validated and kept."""
        if self.average is None:
            return self.model
        assert isinstance(self.average.module, RetrievalModel | PropertyModel)
        return self.average.module

    def resume(self) -> None:
        """Go where the saved state is."""
        path = self.out / STATE_FILE
        self.place = read_place(path, settings=self.settings)
        load_state(path, model=self.model, average=self.average, optimizer=self.optimizer)
        self.started_step, self.elapsed_before = self.place.step, self.place.elapsed_s
        _log.info("going on at step %d of %d", self.place.step, self.n_steps)

    def to_the_end(self, progress: Callable[[TrainProgress], None] | None) -> TrainResult:
        """Train until the end, or until the time limit."""
        status: Literal["finished", "paused"] = "finished"
        if process_rank() == 0 and self.place.step == 0:
            self.save()
        with RunLog(self.out, step=self.place.step, writes=process_rank() == 0) as log:
            while not self.place.finished:
                if self._epoch(log, progress):
                    status = "paused"
                    break
        if process_rank() == 0:
            self.save()
        return TrainResult(
            status=status,
            step=self.place.step,
            n_steps=self.n_steps,
            metrics=self.place.best,
            best=self.out / BEST_FILE,
            elapsed_s=self.place.elapsed_s,
        )

    def _epoch(self, log: RunLog, progress: Callable[[TrainProgress], None] | None) -> bool:
        """Train to the end of the present epoch; True where the time limit came first."""
        epoch, done = divmod(self.place.step, self.per_epoch)
        with made_ahead(self._batches(epoch, done), n_ahead=self.config.prefetch) as batches:
            for batch in batches:
                loss, norm = self._step(batch)
                place = self.place
                place.elapsed_s = self.elapsed_before + time.monotonic() - self.started
                if place.step % self.config.log_every == 0 or place.step == self.n_steps:
                    log.step(place.step, self._seen(epoch, loss, norm, n=len(batch)))
                if place.step % self.per_epoch == 0:
                    self._end_epoch(epoch, log)
                if progress is not None:
                    progress(self._progress(epoch, loss, n=len(batch)))
                if self._save_if_due():
                    return True
        if self.place.step % self.per_epoch:
            raise ConfigError(
                f"the task promised {self.per_epoch} batches an epoch and made "
                f"{self.place.step % self.per_epoch}"
            )
        return False

    def _batches(self, epoch: int, done: int) -> Iterator[Any]:
        """The batches of an epoch after those already done."""
        generator = np.random.default_rng([self.config.seed, epoch, process_rank(), 11])
        return islice(self.task.batches(epoch, generator), done, self.per_epoch)

    def _step(self, batch: Any) -> tuple[float, float]:
        """One step; the loss and the length of the gradient."""
        place, config = self.place, self.config
        words = np.random.SeedSequence([config.seed, place.step, process_rank()]).generate_state(2)
        torch.manual_seed(int(words[0]) << 31 ^ int(words[1]))
        factor = learning_rate_factor(
            place.step,
            n_steps=self.n_steps,
            warmup_steps=config.warmup_steps,
            final_fraction=config.final_fraction,
        )
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate * factor
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        with autocast(self.precision, device=self.device):
            loss = self.task.loss(self.model, batch.to(self.device))
        loss.backward()
        average_gradients(self.model.parameters())
        limit = config.gradient_norm or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        self._update(norm)
        place.step += 1
        return float(loss.detach()), float(norm)

    def _update(self, norm: Tensor) -> None:
        """Change the weights, unless the gradient is not finite."""
        if not bool(torch.isfinite(norm)):
            self.place.skipped += 1
            _log.warning("step %d left out: its gradient is not finite", self.place.step)
            if self.place.skipped > MOST_SKIPPED:
                raise ConvergenceError(
                    f"the gradient was not finite {self.place.skipped} steps in a row; lower the "
                    "learning rate or train in float32"
                )
            return
        self.place.skipped = 0
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.model)

    def _end_epoch(self, epoch: int, log: RunLog) -> None:
        """Validate where it is due, keep the best, and see whether this is the end."""
        place, last = self.place, self.place.step == self.n_steps
        if process_rank() == 0 and ((epoch + 1) % self.config.validate_every == 0 or last):
            self._validate(log)
        tired = bool(self.config.patience) and place.stale >= self.config.patience
        place.finished = decided(last or tired, device=self.device)
        if place.finished and process_rank() == 0:
            self._write(LAST_FILE, place.validated)

    def _validate(self, log: RunLog) -> None:
        """Measure the kept model; write it where it is the best so far."""
        place, watched = self.place, self.task.watched
        kept = self.kept.eval()
        with torch.no_grad(), autocast(self.precision, device=self.device):
            metrics = self.task.validate(kept)
        if watched not in metrics:
            raise ConfigError(f"the task watches {watched!r} and measured {', '.join(metrics)}")
        place.validated = metrics
        log.validation(place.step, metrics)
        if not place.best or metrics[watched] > place.best[watched]:
            place.best, place.best_step, place.stale = metrics, place.step, 0
            self._write(BEST_FILE, metrics)
        else:
            place.stale += 1

    def _write(self, name: str, metrics: dict[str, float]) -> None:
        """Write the kept weights with their card."""
        facts = self.task.facts
        card = Card(
            preset=self.preset.name,
            preset_version=self.preset.version,
            config=asdict(self.model.config),
            package_version=__version__,
            data_hash=facts.data_hash,
            split=facts.split,
            metrics=metrics,
            licence=facts.licence,
            hardware=hardware(self.device),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            training={
                **asdict(self.config),
                "precision": self.precision,
                "steps": self.place.step,
                "elapsed_s": round(self.place.elapsed_s, 1),
                "n_examples": facts.n_examples,
                "n_processes": process_count(),
                **facts.more,
            },
            n_parameters=sum(p.numel() for p in self.model.parameters()),
        )
        write_checkpoint(self.out / name, self.kept.state_dict(), card=card)

    def _save_if_due(self) -> bool:
        """Save the state from time to time; True where the time limit has come."""
        now = time.monotonic()
        limit = self.config.time_limit_s
        over = limit > 0.0 and decided(now - self.started >= limit, device=self.device)
        if process_rank() == 0 and not over and now - self.saved >= self.config.save_every_s:
            self.save()
        return over and not self.place.finished

    def save(self) -> None:
        """Write the state of the run."""
        save_state(
            self.out / STATE_FILE,
            place=self.place,
            settings=self.settings,
            model=self.model,
            average=self.average,
            optimizer=self.optimizer,
        )
        self.saved = time.monotonic()

    def _pace(self) -> float:
        """Seconds per step since this call began, validations included."""
        steps = max(self.place.step - self.started_step, 1)
        return (time.monotonic() - self.started) / steps

    def _seen(self, epoch: int, loss: float, norm: float, *, n: int) -> dict[str, float]:
        """A row of the log."""
        seen = {
            "epoch": epoch,
            "loss": loss,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "gradient_norm": norm,
        }
        if isinstance(self.model, RetrievalModel):
            seen["temperature"] = float(self.model.temperature.detach())
        return seen | {
            "examples_per_s": n * process_count() / self._pace(),
            "elapsed_s": self.place.elapsed_s,
        }

    def _progress(self, epoch: int, loss: float, *, n: int) -> TrainProgress:
        """How far it is."""
        pace = self._pace()
        return TrainProgress(
            step=self.place.step,
            n_steps=self.n_steps,
            epoch=epoch,
            loss=loss,
            examples_per_s=n * process_count() / pace,
            eta_s=(self.n_steps - self.place.step) * pace,
            metrics=self.place.validated,
        )
