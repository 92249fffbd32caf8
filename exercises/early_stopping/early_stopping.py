"""Early stopping: end the training when the validation value no longer improves, and keep the best weights.

Epochs are counted from 0: the first value that is judged belongs to epoch 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn


class EarlyStopping:
    """Judges one validation value per epoch and remembers the best one with its weights.

    A value is an improvement if it is better than the best one so far by **more** than ``min_delta``:
    value < best_value - min_delta with ``mode="min"`` (a loss), value > best_value + min_delta with ``mode="max"``
    (an accuracy). NaN is never an improvement.

    Attributes:
        best_value: the value of the last improvement; before the first one inf (mode "min") or -inf (mode "max").
        best_epoch: its epoch; None before the first one.
        epochs_without_improvement: how many epochs in a row have passed since; 0 right after an improvement.
        best_state: the weights of that epoch, dict of name -> tensor, a copy that shares no memory with the weights
            that training goes on with; None before the first improvement.
    """

    def __init__(self, patience: int, *, min_delta: float = 0.0, mode: str = "min") -> None:
        """Start without any epoch. ``patience``: stop after so many epochs in a row without improvement.

        Raises ValueError unless ``patience`` is at least 1, ``min_delta`` is a finite number of at least 0 and
        ``mode`` is "min" or "max".
        """
        raise NotImplementedError

    def step(self, value: float, model_state: dict[str, Tensor]) -> bool:
        """Judge the next epoch: its validation value and its weights (what ``model.state_dict()`` returns).

        Returns True when training should stop: when there have been ``patience`` epochs or more in a row without
        improvement. Values that come after that are judged by the same rules.
        """
        raise NotImplementedError

    def restore(self, model: nn.Module) -> None:
        """Load the best weights into ``model``. Without any improvement so far, leave the model as it is."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Return the progress so far, so that a later run can go on from here.

        Plain data only (numbers, text, None, tensors, lists and dicts of them), so that ``torch.save`` writes it and
        ``torch.load(..., weights_only=True)`` reads it. It is a copy: changing it does not change this object, and
        later steps do not change it.
        """
        raise NotImplementedError

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the progress that ``state_dict`` of an object with the same settings returned.

        From here on this object does exactly what that one would have done. ``state`` is copied and stays as it is.
        """
        raise NotImplementedError


def fit(
    model: nn.Module,
    train_step: Callable[[], None],
    validate: Callable[[], float],
    *,
    max_epochs: int,
    stopper: EarlyStopping,
) -> list[float]:
    """Train for at most ``max_epochs`` epochs and leave the best weights in ``model``.

    An epoch calls ``train_step()``, which changes the weights of ``model`` in place, then ``validate()``, which
    returns the validation value of the model as it is now; each exactly once. Training ends after the epoch in which
    ``stopper`` says so. Whether it was stopped or used up its epochs, the model then has the best weights.

    Returns the values that ``validate`` returned, one per epoch.
    """
    raise NotImplementedError
