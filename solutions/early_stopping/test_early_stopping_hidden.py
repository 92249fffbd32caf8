"""Hidden tests of ``early_stopping``."""

from __future__ import annotations

import io
import itertools
import math

import pytest
import torch

NAN, INF = math.nan, math.inf


def weights(value):
    """The weights of a very small model."""
    return {"weight": torch.full((1, 2), float(value)), "bias": torch.tensor([-float(value)])}


def judge(stopper, values, start=0):
    """Pass one value per epoch, with weights that tell the epoch, and collect the answers."""
    return [stopper.step(value, weights(epoch)) for epoch, value in enumerate(values, start)]


def progress(stopper):
    """What can be seen of an object, without its weights."""
    return stopper.best_value, stopper.best_epoch, stopper.epochs_without_improvement


def scripted(model, values, log):
    """Callables for fit: the n-th training step writes n into the weights, the n-th validation returns values[n]."""

    def train_step():
        model.load_state_dict(weights(log.count("train")))
        log.append("train")

    def validate():
        log.append("validate")
        return values[log.count("validate") - 1]

    return train_step, validate


def test_starts_without_a_best_epoch(student):
    """Before the first value there is no best epoch, and the best value is the worst there is.

    pt: Antes do primeiro valor não há melhor época, e o melhor valor é o pior que existe.
    hint: inf for mode "min", -inf for mode "max".
    dica: inf para o modo "min", -inf para o modo "max".
    """
    for mode, worst in (("min", INF), ("max", -INF)):
        stopper = student.EarlyStopping(1, mode=mode)
        assert progress(stopper) == (worst, None, 0)
        assert stopper.best_state is None


@pytest.mark.points(2)
def test_counts_patience_to_the_epoch(student, rng):
    """For every patience the stop comes exactly that many epochs after the best, neither earlier nor later.

    pt: Para qualquer paciência, a parada vem exatamente tantas épocas depois da melhor, nem antes nem depois.
    hint: Stop when the count is at least patience; the best epoch itself does not count.
    dica: Pare quando a conta for pelo menos a paciência; a própria melhor época não conta.
    """
    for patience in (1, 2, 3, 7):
        best = int(torch.randint(1, 6, (), generator=rng))
        falling = [10.0 - epoch for epoch in range(best + 1)]
        stopper = student.EarlyStopping(patience)
        answers = judge(stopper, falling + [20.0] * (patience + 1))
        assert answers == [False] * (best + patience) + [True, True]
        assert progress(stopper) == (10.0 - best, best, patience + 1)


def test_a_plateau_is_no_improvement(student):
    """Equal values count as no improvement, in both modes, and the first of them stays the best epoch.

    pt: Valores iguais contam como falta de melhora, nos dois modos, e o primeiro deles continua sendo a melhor época.
    hint: Strictly better, not better or equal.
    dica: Estritamente melhor, e não melhor ou igual.
    """
    for mode in ("min", "max"):
        stopper = student.EarlyStopping(3, mode=mode)
        assert judge(stopper, [0.5] * 4) == [False, False, False, True]
        assert progress(stopper) == (0.5, 0, 3)
        torch.testing.assert_close(dict(stopper.best_state), weights(0))


def test_never_stops_while_values_improve(student, rng):
    """A curve that improves at every epoch is never stopped, even with patience 1, and negative values are fine.

    pt: Uma curva que melhora a cada época nunca é interrompida, nem com paciência 1; valores negativos são permitidos.
    hint: Compare with the best value so far; do not start from 0.
    dica: Compare com o melhor valor até agora; não comece em 0.
    """
    steps = 0.125 + torch.rand(20, generator=rng, dtype=torch.float64)
    for mode, sign in (("min", -1), ("max", 1)):
        curve = (sign * (steps.cumsum(0) - 5)).tolist()
        stopper = student.EarlyStopping(1, mode=mode)
        assert judge(stopper, curve) == [False] * 20
        assert progress(stopper) == (curve[-1], 19, 0)


def test_compares_with_the_best_and_not_with_the_last(student):
    """Recovering from a bad epoch is no improvement until the best value is beaten.

    pt: Recuperar-se de uma época ruim não é melhora enquanto o melhor valor não for superado.
    hint: Keep best_value; the previous value plays no part.
    dica: Guarde best_value; o valor anterior não importa.
    """
    stopper = student.EarlyStopping(3)
    assert judge(stopper, [1.0, 4.0, 3.0, 2.0]) == [False, False, False, True]
    assert progress(stopper) == (1.0, 0, 3)


def test_min_delta_is_strict_in_both_modes(student):
    """Exactly min_delta is too little in both modes, and the best value and weights stay as they were.

    pt: Exatamente min_delta é pouco nos dois modos, e o melhor valor e os melhores pesos ficam como estavam.
    hint: min: value < best_value - min_delta. max: value > best_value + min_delta.
    dica: min: valor < best_value - min_delta. max: valor > best_value + min_delta.
    """
    for mode, sign in (("min", -1), ("max", 1)):
        stopper = student.EarlyStopping(9, min_delta=0.5, mode=mode)
        judge(stopper, [sign * 2.0, sign * 2.25, sign * 2.5])
        assert progress(stopper) == (sign * 2.0, 0, 2)
        torch.testing.assert_close(dict(stopper.best_state), weights(0))
        judge(stopper, [sign * (2.5 + 2**-40)], start=3)
        assert progress(stopper) == (sign * (2.5 + 2**-40), 3, 0)
        torch.testing.assert_close(dict(stopper.best_state), weights(3))


def test_small_steps_add_up_to_min_delta(student):
    """Many improvements below min_delta count as one when their sum is more than min_delta.

    pt: Muitas melhoras menores que min_delta contam como uma quando a soma passa de min_delta.
    hint: best_value stays at the last real improvement, so that small steps add up.
    dica: best_value fica na última melhora de verdade, e assim os passos pequenos se somam.
    """
    stopper = student.EarlyStopping(5, min_delta=0.25)
    assert judge(stopper, [1.0, 0.875, 0.75, 0.625, 0.5]) == [False] * 5
    assert progress(stopper) == (0.625, 3, 1)


def test_nan_is_never_an_improvement(student):
    """NaN counts as an epoch without improvement, in both modes, and the best stays.

    pt: NaN conta como época sem melhora, nos dois modos, e o melhor continua.
    hint: Every comparison with NaN is false: ask whether the value is better, not whether it is worse.
    dica: Toda comparação com NaN é falsa: pergunte se o valor é melhor, não se é pior.
    """
    for mode in ("min", "max"):
        stopper = student.EarlyStopping(2, mode=mode)
        assert judge(stopper, [1.0, NAN, NAN]) == [False, False, True]
        assert progress(stopper) == (1.0, 0, 2)
        torch.testing.assert_close(dict(stopper.best_state), weights(0))


def test_nan_may_come_first(student):
    """After a NaN at the start, the first number is an improvement; if only NaN comes, training stops.

    pt: Depois de um NaN no início, o primeiro número é uma melhora; se só vier NaN, o treinamento para.
    hint: Do not take the first value as the best one without looking at it.
    dica: Não aceite o primeiro valor como o melhor sem olhar para ele.
    """
    for mode in ("min", "max"):
        stopper = student.EarlyStopping(2, min_delta=0.5, mode=mode)
        assert judge(stopper, [NAN, 7.0, 7.0]) == [False] * 3
        assert progress(stopper) == (7.0, 1, 1)
        stopper = student.EarlyStopping(2, mode=mode)
        assert judge(stopper, [NAN, NAN]) == [False, True]
        assert stopper.best_epoch is None and stopper.best_state is None


def test_an_infinite_loss_is_no_improvement(student):
    """A loss of inf, as after an overflow, is no improvement even at the start.

    pt: Uma perda inf, como depois de um estouro, não é melhora nem mesmo no início.
    hint: inf < inf is false.
    dica: inf < inf é falso.
    """
    stopper = student.EarlyStopping(3)
    assert judge(stopper, [INF, INF, 5.0]) == [False] * 3
    assert progress(stopper) == (5.0, 2, 0)


def test_judges_on_after_the_stop(student):
    """After the stop the answer stays True, until a value improves on the best.

    pt: Depois da parada a resposta continua True, até que um valor supere o melhor.
    hint: The answer follows from the count alone, with >= and not ==.
    dica: A resposta depende só da contagem, com >= e não ==.
    """
    stopper = student.EarlyStopping(1)
    assert judge(stopper, [2.0, 3.0, 2.0, 1.0, 1.0]) == [False, True, True, False, True]
    assert progress(stopper) == (1.0, 3, 1)


@pytest.mark.points(2)
def test_best_weights_are_a_copy(student):
    """Weights that training changes in place after the best epoch do not change best_state.

    pt: Pesos que o treinamento altera depois da melhor época não alteram best_state.
    hint: model.state_dict() returns the live tensors; copying the dict does not copy them. Clone each one.
    dica: model.state_dict() devolve os tensores vivos; copiar o dicionário não os copia. Clone cada um.
    """
    stopper, live = student.EarlyStopping(5), torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    state = {"weight": live}
    stopper.step(1.0, state)
    with torch.no_grad():
        live.mul_(10)
    state["more"] = torch.zeros(1)
    stopper.step(2.0, state)
    assert list(stopper.best_state) == ["weight"]
    torch.testing.assert_close(stopper.best_state["weight"].detach(), torch.tensor([1.0, 2.0]))


def test_weights_that_require_gradients_can_be_saved(student):
    """Weights given as parameters, which require gradients, are remembered and saved like any others.

    pt: Pesos dados como parâmetros, que exigem gradientes, são guardados e salvos como quaisquer outros.
    hint: A clone remembers what it was computed from, unless you detach it; deepcopy refuses such tensors.
    dica: Um clone se lembra de onde foi calculado, a menos que você use detach; deepcopy recusa tensores assim.
    """
    first, second = student.EarlyStopping(5), student.EarlyStopping(5)
    first.step(1.0, {"weight": torch.nn.Parameter(torch.tensor([1.0, 2.0]))})
    second.load_state_dict(first.state_dict())
    torch.testing.assert_close(second.best_state["weight"].detach(), torch.tensor([1.0, 2.0]))


def test_keeps_every_kind_of_tensor(student):
    """Names, shapes and types of the weights are kept, counters and masks among them.

    pt: Nomes, formas e tipos dos pesos são mantidos, inclusive contadores e máscaras.
    hint: tensor.clone() keeps everything; converting to float does not.
    dica: tensor.clone() mantém tudo; converter para float, não.
    """
    state = {
        "layer.weight": torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64).T,
        "norm.num_batches_tracked": torch.tensor(3),
        "mask": torch.tensor([True, False]),
        "empty": torch.zeros(0, 3, dtype=torch.float16),
    }
    stopper = student.EarlyStopping(5)
    stopper.step(1.0, state)
    torch.testing.assert_close(dict(stopper.best_state), state)


def test_restore_without_a_best_changes_nothing(student):
    """Without any improvement restore leaves the model as it is.

    pt: Sem nenhuma melhora, restore deixa o modelo como está.
    hint: best_state is None then.
    dica: Nesse caso, best_state é None.
    """
    stopper, model = student.EarlyStopping(3), torch.nn.Linear(2, 1)
    model.load_state_dict(weights(4))
    stopper.step(NAN, weights(1))
    stopper.restore(model)
    torch.testing.assert_close(dict(model.state_dict()), weights(4))


def test_restored_model_goes_its_own_way(student):
    """Training that goes on after restore does not change the best weights.

    pt: O treinamento que continua depois de restore não altera os melhores pesos.
    hint: The model must not take over the tensors of best_state; load_state_dict copies the numbers.
    dica: O modelo não deve adotar os tensores de best_state; load_state_dict copia os números.
    """
    stopper, model = student.EarlyStopping(3), torch.nn.Linear(2, 1)
    stopper.step(1.0, weights(1))
    stopper.restore(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(9.0)
    torch.testing.assert_close(dict(stopper.best_state), weights(1))
    stopper.restore(model)
    torch.testing.assert_close(dict(model.state_dict()), weights(1))


def test_progress_can_be_saved_safely(student):
    """torch.save writes the progress and torch.load reads it with weights_only=True, at the start and later.

    pt: torch.save grava o progresso e torch.load o lê com weights_only=True, no início e depois.
    hint: Plain data only: no object of your own class, no function.
    dica: Só dados simples: nenhum objeto da sua classe, nenhuma função.
    """
    stopper = student.EarlyStopping(2, mode="max")
    for values in ([], [0.5, 0.25]):
        judge(stopper, values)
        file = io.BytesIO()
        torch.save(stopper.state_dict(), file)
        file.seek(0)
        resumed = student.EarlyStopping(2, mode="max")
        resumed.load_state_dict(torch.load(file, weights_only=True))
        assert progress(resumed) == progress(stopper)
    torch.testing.assert_close(dict(resumed.best_state), weights(0))
    assert judge(resumed, [0.5], start=2) == [True]


@pytest.mark.points(2)
def test_a_resumed_run_behaves_as_an_uninterrupted_one(student, rng):
    """Wherever a run is interrupted, the resumed one gives the same answers and ends in the same state.

    pt: Onde quer que um treinamento seja interrompido, o retomado dá as mesmas respostas e termina no mesmo estado.
    hint: What step reads or changes belongs into state_dict: best value, epoch and weights, count, number of the epoch.
    dica: O que step lê ou altera deve estar em state_dict: melhor valor, época e pesos, contagem, número da época.
    """
    values = (torch.randint(0, 16, (10,), generator=rng) / 16 - torch.arange(10) / 8).tolist()
    values[int(torch.randint(0, 10, (), generator=rng))] = NAN
    settings = {"patience": 2, "min_delta": 0.125}
    whole = student.EarlyStopping(**settings)
    expected = judge(whole, values)
    for cut in range(11):
        first, second = student.EarlyStopping(**settings), student.EarlyStopping(**settings)
        answers = judge(first, values[:cut])
        second.load_state_dict(first.state_dict())
        assert answers + judge(second, values[cut:], start=cut) == expected
        assert progress(second) == progress(whole)
        torch.testing.assert_close(dict(second.best_state), dict(whole.best_state))


def test_loading_replaces_what_was_there(student):
    """Loading replaces the progress that an object already had, best weights included.

    pt: Carregar substitui o progresso que o objeto já tinha, inclusive os melhores pesos.
    hint: Set every attribute, even where the saved value is None or 0.
    dica: Atribua todos os atributos, mesmo quando o valor salvo é None ou 0.
    """
    used = student.EarlyStopping(3)
    judge(used, [2.0, 1.0, 4.0])
    used.load_state_dict(student.EarlyStopping(3).state_dict())
    assert progress(used) == (INF, None, 0)
    assert used.best_state is None
    judge(used, [8.0])
    assert progress(used) == (8.0, 0, 0)


def tensors(state):
    """All tensors in nested dicts and lists."""
    if isinstance(state, torch.Tensor):
        return [state]
    inner = state.values() if isinstance(state, dict) else state if isinstance(state, (list, tuple)) else ()
    return [tensor for part in inner for tensor in tensors(part)]


def test_saved_progress_is_a_copy(student):
    """Later steps do not change a saved progress, and changing it does not change the object that saved it.

    pt: Passos posteriores não alteram um progresso salvo, e alterá-lo não altera o objeto que o salvou.
    hint: copy.deepcopy copies dicts and the tensors in them.
    dica: copy.deepcopy copia dicionários e os tensores dentro deles.
    """
    stopper, other = student.EarlyStopping(3), student.EarlyStopping(3)
    judge(stopper, [2.0])
    state = stopper.state_dict()
    judge(stopper, [1.0, 4.0], start=1)
    other.load_state_dict(state)
    assert progress(other) == (2.0, 0, 0)
    torch.testing.assert_close(dict(other.best_state), weights(0))
    for tensor in tensors(stopper.state_dict()):
        tensor.fill_(9.0)
    torch.testing.assert_close(dict(stopper.best_state), weights(1))


def test_loaded_progress_is_a_copy(student):
    """Changing a progress after it was loaded does not change the object that loaded it.

    pt: Alterar um progresso depois de carregado não altera o objeto que o carregou.
    hint: Copy in load_state_dict too: the caller may go on with the tensors.
    dica: Copie também em load_state_dict: quem chamou pode continuar usando os tensores.
    """
    first, second = student.EarlyStopping(3), student.EarlyStopping(3)
    judge(first, [2.0])
    state = first.state_dict()
    shared = [tensor.requires_grad_() for tensor in tensors(state)]
    second.load_state_dict(state)
    with torch.no_grad():
        for tensor in shared:
            tensor.fill_(9.0)
    second.step(5.0, weights(5))
    found = {name: tensor.detach() for name, tensor in second.best_state.items()}
    torch.testing.assert_close(found, weights(0))


def test_progress_can_be_loaded_again(student):
    """Loading leaves the saved progress as it is: a second object that loads it gets the same.

    pt: Carregar deixa o progresso salvo como está: um segundo objeto que o carrega recebe o mesmo.
    hint: state.pop takes the values out of the caller's dict; state[name] only reads them.
    dica: state.pop tira os valores do dicionário de quem chamou; state[name] apenas os lê.
    """
    stopper, first, second = (student.EarlyStopping(3) for _ in range(3))
    judge(stopper, [2.0, 1.0, 4.0])
    state = stopper.state_dict()
    first.load_state_dict(state)
    second.load_state_dict(state)
    assert progress(second) == (1.0, 1, 1)
    torch.testing.assert_close(dict(second.best_state), weights(1))


def test_settings_are_checked_at_their_limits(student):
    """Just inside the limits the settings work; just outside, and for NaN and inf, they are a ValueError.

    pt: Bem no limite as configurações funcionam; logo fora dele, e para NaN e inf, são um ValueError.
    hint: not 0 <= min_delta < inf is true for NaN as well.
    dica: not 0 <= min_delta < inf também é verdadeiro para NaN.
    """
    assert judge(student.EarlyStopping(1, min_delta=0.0, mode="min"), [1.0, 1.0]) == [False, True]
    for patience in (0, -1):
        with pytest.raises(ValueError):
            student.EarlyStopping(patience)
    for min_delta in (-(2.0**-30), NAN, INF, -INF):
        with pytest.raises(ValueError):
            student.EarlyStopping(1, min_delta=min_delta)
    for mode in ("MAX", "minimum", "", None):
        with pytest.raises(ValueError):
            student.EarlyStopping(1, mode=mode)


def test_fit_trains_and_validates_once_per_epoch(student):
    """Each epoch trains first and validates then, once each, and nothing runs after the stop.

    pt: Cada época primeiro treina e depois valida, uma vez cada, e nada roda depois da parada.
    hint: One call of each per turn of the loop; keep the value in a variable.
    dica: Uma chamada de cada por volta do laço; guarde o valor em uma variável.
    """
    model, log = torch.nn.Linear(2, 1), []
    train_step, validate = scripted(model, [0.5, 0.75, 0.25, 0.5, 0.0], log)
    stopper = student.EarlyStopping(1, mode="max")
    values = student.fit(model, train_step, validate, max_epochs=5, stopper=stopper)
    assert log == ["train", "validate"] * 3
    assert list(values) == [0.5, 0.75, 0.25]
    assert progress(stopper) == (0.75, 1, 1)


def test_fit_restores_when_the_budget_ends_first(student):
    """When the epochs are used up before the stop, the model has the best weights all the same.

    pt: Quando as épocas acabam antes da parada, o modelo fica com os melhores pesos do mesmo jeito.
    hint: restore belongs after the loop, not only where it is left early.
    dica: restore vem depois do laço, e não só onde se sai dele mais cedo.
    """
    model, log = torch.nn.Linear(2, 1), []
    train_step, validate = scripted(model, [3.0, 1.0, 2.0, 0.0], log)
    values = student.fit(model, train_step, validate, max_epochs=3, stopper=student.EarlyStopping(9))
    assert (list(values), len(log)) == ([3.0, 1.0, 2.0], 6)
    torch.testing.assert_close(dict(model.state_dict()), weights(1))


def test_fit_without_any_improvement_keeps_the_last_weights(student):
    """When all values are NaN, fit stops after patience epochs and leaves the weights as they are.

    pt: Quando todos os valores são NaN, fit para depois de patience épocas e deixa os pesos como estão.
    hint: There is nothing to restore then, and that is no error.
    dica: Nesse caso não há o que restaurar, e isso não é um erro.
    """
    model, log = torch.nn.Linear(2, 1), []
    train_step, validate = scripted(model, [NAN] * 5, log)
    values = student.fit(model, train_step, validate, max_epochs=5, stopper=student.EarlyStopping(2))
    assert len(values) == 2 and all(math.isnan(value) for value in values)
    torch.testing.assert_close(dict(model.state_dict()), weights(1))


def test_fit_goes_on_with_the_progress_of_its_stopper(student):
    """fit begins with the progress that the stopper already has: earlier epochs count, and their best weights win.

    pt: fit começa com o progresso que o stopper já tem: épocas anteriores contam, e seus melhores pesos vencem.
    hint: Use the given object as it is; do not start it again.
    dica: Use o objeto recebido como está; não o reinicie.
    """
    stopper, model, log = student.EarlyStopping(3), torch.nn.Linear(2, 1), []
    judge(stopper, [0.5, 0.75], start=7)
    train_step, validate = scripted(model, [1.0, 2.0, 0.0], log)
    assert list(student.fit(model, train_step, validate, max_epochs=3, stopper=stopper)) == [1.0, 2.0]
    assert progress(stopper) == (0.5, 0, 3)
    torch.testing.assert_close(dict(model.state_dict()), weights(7))


@pytest.mark.points(3)
@pytest.mark.seconds(10)
def test_stops_an_overfitting_training_at_its_best(student, rng, curve):
    """A real model that overfits is stopped long before its budget, and does better on new data than at the end.

    pt: Um modelo de verdade com sobreajuste é parado muito antes do limite e vai melhor em dados novos do que no fim.
    hint: If the other tests pass, this one passes too; otherwise look at restore.
    dica: Se os outros testes passam, este também passa; senão, olhe para restore.
    """
    # As many weights as noisy examples: gradient descent first finds the rule, then learns the noise by heart.
    rule = torch.randn(40, 1, generator=rng, dtype=torch.float64)
    X = torch.randn(640, 40, generator=rng, dtype=torch.float64)
    Y = X @ rule * (1.5 / rule.norm()) + 1.5 * torch.randn(640, 1, generator=rng, dtype=torch.float64)
    model = torch.nn.Linear(40, 1, bias=False, dtype=torch.float64)
    torch.nn.init.zeros_(model.weight)

    def train_step():
        with torch.no_grad():
            model.weight -= 0.1 / 40 * (model(X[:40]) - Y[:40]).T @ X[:40]

    def loss(start, end):
        with torch.no_grad():
            return (model(X[start:end]) - Y[start:end]).square().mean().item()

    epochs = itertools.count()

    def validate():
        value = loss(40, 340)
        curve(next(epochs), training=loss(0, 40), validation=value)
        return value

    values = student.fit(model, train_step, validate, max_epochs=200, stopper=student.EarlyStopping(10))
    assert len(values) == values.index(min(values)) + 11 < 200
    assert loss(40, 340) == pytest.approx(min(values))
    stopped = loss(340, 640)
    for _ in range(1500):
        train_step()
    assert stopped < loss(340, 640)


def mislabelled(labels, rng):
    """The labels, with about every second one replaced by any of the ten classes."""
    wrong = torch.rand(len(labels), generator=rng) < 0.5
    return torch.where(wrong, torch.randint(10, labels.shape, generator=rng), labels)


def test_saves_a_network_from_wrong_labels(student, task, training):
    """Stops a network before it learns wrong labels by heart, so that it reads new digits (mean of several trainings).

    pt: Para uma rede antes que ela decore rótulos errados, e assim ela lê dígitos novos (média de vários treinamentos).
    hint: Stopping in time is not enough: 25 epochs have passed since the best one, whose weights have to come back.
    dica: Parar a tempo não basta: passaram 25 épocas desde a melhor, e são os pesos dela que devem voltar.
    """

    def reached(run):
        digits = task(run.dataset, run.examples, 599, seed=run.seed)
        labels = mislabelled(digits.labels, run.rng)
        # The last 500 are for validation alone. Their labels are as wrong as the others, and tell the best epoch still.
        train, validation = slice(None, -500), slice(-500, None)
        model = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(64, 256), torch.nn.ReLU(), torch.nn.Linear(256, 10)
        )
        optimizer, epochs, losses = torch.optim.Adam(model.parameters(), lr=0.02), itertools.count(), []

        def train_step():
            losses.clear()
            for batch in torch.randperm(len(labels[train]), generator=run.rng).split(100):
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(model(digits.images[train][batch]), labels[train][batch])
                loss.backward()
                optimizer.step()
                losses.append(loss.item())

        def validate():
            with torch.no_grad():
                right = model(digits.images[validation]).argmax(1) == labels[validation]
            accuracy = right.float().mean().item()
            run.report(next(epochs), loss=sum(losses) / len(losses), validation_accuracy=accuracy)
            return accuracy

        stopper = student.EarlyStopping(25, mode="max")
        student.fit(model, train_step, validate, max_epochs=200, stopper=stopper)
        return digits.accuracy(model)

    training.check(reached)
