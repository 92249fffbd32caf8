# caught by: test_progress_can_be_loaded_again
"""Takes what it loads out of the saved progress, which is empty afterwards."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

#: The attributes that make up the progress; the settings belong to the constructor.
_PROGRESS = ("epoch", "best_value", "best_epoch", "epochs_without_improvement", "best_state")


class EarlyStopping:
    """Judges one validation value per epoch and remembers the best one with its weights."""

    def __init__(self, patience: int, *, min_delta: float = 0.0, mode: str = "min") -> None:
        if patience < 1:
            raise ValueError(f"patience is {patience}; at least one epoch is needed to see no improvement")
        if not 0 <= min_delta < math.inf:  # NaN fails this, too
            raise ValueError(f"min_delta is {min_delta}, not a finite number of at least 0")
        if mode not in ("min", "max"):
            raise ValueError(f"mode is 'min' or 'max', not {mode!r}")
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.epoch = 0  # of the value that comes next
        self.best_value = math.inf if mode == "min" else -math.inf
        self.best_epoch: int | None = None
        self.epochs_without_improvement = 0
        self.best_state: dict[str, Tensor] | None = None

    def step(self, value: float, model_state: dict[str, Tensor]) -> bool:
        """Judge the next epoch; say whether training should stop."""
        if self._improves(value):
            self.best_value, self.best_epoch, self.epochs_without_improvement = value, self.epoch, 0
            # The tensors are the model's own memory: the next training step would change them under our hands.
            self.best_state = {name: tensor.detach().clone() for name, tensor in model_state.items()}
        else:
            self.epochs_without_improvement += 1
        self.epoch += 1
        return self.epochs_without_improvement >= self.patience

    def _improves(self, value: float) -> bool:
        # Both comparisons are false for NaN, so that it needs no case of its own.
        if self.mode == "min":
            return value < self.best_value - self.min_delta
        return value > self.best_value + self.min_delta

    def restore(self, model: nn.Module) -> None:
        """Load the best weights into ``model``, if there are any."""
        if self.best_state is not None:
            model.load_state_dict(self.best_state)

    def state_dict(self) -> dict[str, Any]:
        """Copy the progress so far."""
        return {name: copy.deepcopy(getattr(self, name)) for name in _PROGRESS}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a copy of earlier progress."""
        for name in _PROGRESS:
            setattr(self, name, copy.deepcopy(state.pop(name)))


def fit(
    model: nn.Module,
    train_step: Callable[[], None],
    validate: Callable[[], float],
    *,
    max_epochs: int,
    stopper: EarlyStopping,
) -> list[float]:
    """Train until the stopper says so or the epochs are used up; leave the best weights in ``model``."""
    values: list[float] = []
    for _ in range(max_epochs):
        train_step()
        values.append(validate())
        if stopper.step(values[-1], model.state_dict()):
            break
    stopper.restore(model)
    return values
