"""One comparison for both modes: every value times a sign, so that larger is always better."""

import math
from collections import OrderedDict

import torch


class EarlyStopping:
    def __init__(self, patience, *, min_delta=0.0, mode="min"):
        signs = {"min": -1.0, "max": 1.0}
        if mode not in signs or not patience >= 1 or not (math.isfinite(min_delta) and min_delta >= 0):
            raise ValueError("settings without sense")
        self.sign = signs[mode]
        self.patience = patience
        self.min_delta = min_delta
        self.history = []
        self.best_value = -self.sign * math.inf
        self.best_epoch = None
        self.best_state = None

    @property
    def epochs_without_improvement(self):
        return len(self.history) - (0 if self.best_epoch is None else self.best_epoch + 1)

    def step(self, value, model_state):
        self.history.append(value)
        if not math.isnan(value) and self.sign * value > self.sign * self.best_value + self.min_delta:
            self.best_value = value
            self.best_epoch = len(self.history) - 1
            self.best_state = OrderedDict(
                (name, torch.empty_like(t).copy_(t.detach())) for name, t in model_state.items()
            )
        return not self.epochs_without_improvement < self.patience

    def restore(self, model):
        if self.best_state:
            model.load_state_dict(self.best_state)

    def state_dict(self):
        weights = None if self.best_state is None else {k: v.clone() for k, v in self.best_state.items()}
        return {"history": list(self.history), "best": (self.best_value, self.best_epoch), "weights": weights}

    def load_state_dict(self, state):
        self.history = list(state["history"])
        self.best_value, self.best_epoch = state["best"]
        weights = state["weights"]
        self.best_state = None if weights is None else {k: v.detach().clone() for k, v in weights.items()}


def fit(model, train_step, validate, *, max_epochs, stopper):
    history = []
    stopped = False
    while not stopped and len(history) < max_epochs:
        train_step()
        value = validate()
        history.append(value)
        stopped = stopper.step(value, model.state_dict())
    stopper.restore(model)
    return history
