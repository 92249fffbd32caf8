"""Counts the remaining patience down, keeps everything in one dict and copies with deepcopy."""

import copy
import math


class EarlyStopping:
    def __init__(self, patience, *, min_delta=0.0, mode="min"):
        if patience <= 0:
            raise ValueError("patience must be positive")
        if math.isnan(min_delta) or math.isinf(min_delta) or min_delta < 0:
            raise ValueError("min_delta must be a finite number and not negative")
        if mode == "min":
            self._better = lambda new, old: new < old - min_delta
            worst = float("inf")
        elif mode == "max":
            self._better = lambda new, old: new > old + min_delta
            worst = float("-inf")
        else:
            raise ValueError(f"unknown mode {mode}")
        self.patience = patience
        self.now = dict(value=worst, epoch=None, weights=None, left=patience, seen=0)

    best_value = property(lambda self: self.now["value"])
    best_epoch = property(lambda self: self.now["epoch"])
    best_state = property(lambda self: self.now["weights"])
    epochs_without_improvement = property(lambda self: self.patience - self.now["left"])

    def step(self, value, model_state):
        if self._better(value, self.now["value"]):
            self.now.update(value=value, epoch=self.now["seen"], left=self.patience)
            self.now["weights"] = copy.deepcopy(dict(model_state))
        else:
            self.now["left"] -= 1
        self.now["seen"] += 1
        return self.now["left"] <= 0

    def restore(self, model):
        if self.now["weights"] is None:
            return
        model.load_state_dict(copy.deepcopy(self.now["weights"]))

    def state_dict(self):
        return copy.deepcopy(self.now)

    def load_state_dict(self, state):
        self.now = copy.deepcopy(state)


def fit(model, train_step, validate, *, max_epochs, stopper):
    values = []
    try:
        for epoch in range(max_epochs):
            train_step()
            values += [validate()]
            if stopper.step(values[epoch], model.state_dict()):
                return values
        return values
    finally:
        stopper.restore(model)
