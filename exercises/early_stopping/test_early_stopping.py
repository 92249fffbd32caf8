"""Public tests of ``early_stopping``."""

from __future__ import annotations

import math

import pytest
import torch


def weights(value):
    """The weights of a very small model."""
    return {"weight": torch.full((1, 2), float(value)), "bias": torch.tensor([-float(value)])}


def judge(stopper, values):
    """Pass one value per epoch, with weights that tell the epoch, and collect the answers."""
    return [stopper.step(value, weights(epoch)) for epoch, value in enumerate(values)]


def test_stops_after_patience_epochs_without_improvement(student):
    """The second epoch in a row without improvement ends a training of patience 2.

    pt: A segunda época seguida sem melhora encerra um treinamento de paciência 2.
    hint: Count the epochs since the best one, and stop when the count reaches patience.
    dica: Conte as épocas desde a melhor e pare quando a conta chegar à paciência.
    """
    stopper = student.EarlyStopping(2)
    assert judge(stopper, [3.0, 2.0, 2.5, 2.25]) == [False, False, False, True]
    assert (stopper.best_value, stopper.best_epoch, stopper.epochs_without_improvement) == (2.0, 1, 2)


def test_an_improvement_starts_the_count_again(student):
    """One bad epoch is forgiven as soon as a better one follows.

    pt: Uma época ruim é perdoada assim que vem uma melhor.
    hint: Set the count back to 0 at every improvement.
    dica: Zere a contagem a cada melhora.
    """
    stopper = student.EarlyStopping(2)
    assert judge(stopper, [3.0, 4.0, 2.0, 3.0, 1.0, 2.0]) == [False] * 6
    assert (stopper.best_value, stopper.best_epoch, stopper.epochs_without_improvement) == (1.0, 4, 1)


def test_mode_max_waits_for_larger_values(student):
    """With mode="max" the largest value is the best.

    pt: Com mode="max", o maior valor é o melhor.
    hint: Turn the comparison and the sign of min_delta around, and start from -inf.
    dica: Inverta a comparação e o sinal de min_delta, e comece em -inf.
    """
    stopper = student.EarlyStopping(2, mode="max")
    assert judge(stopper, [0.5, 0.75, 0.625, 0.25]) == [False, False, False, True]
    assert (stopper.best_value, stopper.best_epoch) == (0.75, 1)


def test_min_delta_asks_for_more_than_a_little(student):
    """An improvement by exactly min_delta is not enough; a larger one is.

    pt: Uma melhora de exatamente min_delta não basta; uma maior, sim.
    hint: The comparison is strict: value < best_value - min_delta.
    dica: A comparação é estrita: valor < best_value - min_delta.
    """
    stopper = student.EarlyStopping(3, min_delta=0.25)
    judge(stopper, [2.0, 1.75])
    assert (stopper.best_value, stopper.best_epoch, stopper.epochs_without_improvement) == (2.0, 0, 1)
    judge(stopper, [1.5])
    assert (stopper.best_value, stopper.best_epoch, stopper.epochs_without_improvement) == (1.5, 2, 0)


def test_remembers_the_weights_of_the_best_epoch(student):
    """best_state holds the weights of the best epoch, not of the last.

    pt: best_state guarda os pesos da melhor época, não os da última.
    hint: Copy the weights at every improvement, and only then.
    dica: Copie os pesos a cada melhora, e só então.
    """
    stopper = student.EarlyStopping(5)
    judge(stopper, [3.0, 1.0, 2.0, 2.0])
    torch.testing.assert_close(dict(stopper.best_state), weights(1))


def test_restore_loads_the_best_weights(student):
    """restore puts the best weights back into the model.

    pt: restore devolve os melhores pesos ao modelo.
    hint: model.load_state_dict does it.
    dica: model.load_state_dict faz isso.
    """
    stopper, model = student.EarlyStopping(5), torch.nn.Linear(2, 1)
    judge(stopper, [2.0, 1.0, 3.0])
    stopper.restore(model)
    torch.testing.assert_close(dict(model.state_dict()), weights(1))


@pytest.mark.points(2)
def test_fit_stops_and_leaves_the_best_weights(student):
    """fit ends before its budget, returns all values and leaves the best weights in the model.

    pt: fit termina antes do limite, devolve todos os valores e deixa os melhores pesos no modelo.
    hint: Train, validate, step; after the loop, restore.
    dica: Treine, valide, chame step; depois do laço, restore.
    """
    model, script, epochs = torch.nn.Linear(2, 1), [3.0, 1.0, 2.0, 4.0, 0.0], []

    def train_step():
        model.load_state_dict(weights(len(epochs)))
        epochs.append("trained")

    stopper = student.EarlyStopping(2)
    values = student.fit(model, train_step, lambda: script[len(epochs) - 1], max_epochs=5, stopper=stopper)
    assert values == [3.0, 1.0, 2.0, 4.0]
    torch.testing.assert_close(dict(model.state_dict()), weights(1))


def test_goes_on_from_saved_progress(student):
    """An object that loads the progress of another one goes on where that one was.

    pt: Um objeto que carrega o progresso de outro continua de onde aquele estava.
    hint: The count of epochs and the epoch's number belong to the progress, too.
    dica: A contagem de épocas e o número da época também fazem parte do progresso.
    """
    first, second = student.EarlyStopping(2), student.EarlyStopping(2)
    judge(first, [3.0, 1.0, 2.0])
    second.load_state_dict(first.state_dict())
    assert (second.best_value, second.best_epoch, second.epochs_without_improvement) == (1.0, 1, 1)
    torch.testing.assert_close(dict(second.best_state), weights(1))
    assert second.step(0.5, weights(9)) is False
    assert (second.best_value, second.best_epoch) == (0.5, 3)


def test_refuses_settings_without_sense(student):
    """A patience of 0, a negative min_delta and an unknown mode are a ValueError.

    pt: Paciência 0, min_delta negativo e modo desconhecido são um ValueError.
    hint: Check the settings in __init__, before anything else.
    dica: Confira as configurações em __init__, antes de tudo.
    """
    for arguments in ({"patience": 0}, {"patience": 3, "min_delta": -0.5}, {"patience": 3, "mode": "best"}):
        with pytest.raises(ValueError):
            student.EarlyStopping(**arguments)
    assert student.EarlyStopping(patience=1).best_value == math.inf
