"""Keeps the best weights as NumPy arrays and makes tensors of them when asked."""

from __future__ import annotations

import numpy as np
import torch


class EarlyStopping:
    def __init__(self, patience: int, *, min_delta: float = 0.0, mode: str = "min") -> None:
        if mode not in {"min", "max"}:
            raise ValueError(mode)
        if patience < 1 or not np.isfinite(min_delta) or min_delta < 0:
            raise ValueError("patience of at least 1 and a finite min_delta of at least 0, please")
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.steps, self.best_epoch, self.epochs_without_improvement = 0, None, 0
        self.best_value = float("inf") if mode == "min" else float("-inf")
        self._arrays: dict[str, np.ndarray] | None = None

    @property
    def best_state(self) -> dict[str, torch.Tensor] | None:
        if self._arrays is None:
            return None
        return {name: torch.tensor(array) for name, array in self._arrays.items()}

    def step(self, value, model_state) -> bool:
        gain = self.best_value - value if self.mode == "min" else value - self.best_value
        if gain > self.min_delta:
            self.best_value, self.best_epoch, self.epochs_without_improvement = value, self.steps, 0
            self._arrays = {name: np.array(tensor.detach().cpu().numpy()) for name, tensor in model_state.items()}
        else:
            self.epochs_without_improvement += 1
        self.steps += 1
        return self.epochs_without_improvement >= self.patience

    def restore(self, model) -> None:
        if self.best_state is not None:
            model.load_state_dict(self.best_state)

    def state_dict(self) -> dict:
        counts = [self.steps, self.best_epoch, self.epochs_without_improvement]
        return {"counts": counts, "value": self.best_value, "weights": self.best_state}

    def load_state_dict(self, state: dict) -> None:
        self.steps, self.best_epoch, self.epochs_without_improvement = state["counts"]
        self.best_value = state["value"]
        weights = state["weights"]
        self._arrays = None if weights is None else {k: np.array(t.detach().numpy()) for k, t in weights.items()}


def fit(model, train_step, validate, *, max_epochs, stopper) -> list[float]:
    def epochs():
        for _ in range(max_epochs):
            train_step()
            value = validate()
            yield value
            if stopper.step(value, model.state_dict()):
                return

    values = list(epochs())
    stopper.restore(model)
    return values
