"""Training checks as they are made without a defence, and what a submission gets there: controls for attacks."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import zipfile
from pathlib import Path

import torch

from grader.attack.home import digits
from grader.training.salt import Turn
from grader.training.task import Terms, draw_task

PASSED = 0.85


def handed_in(case, folder):
    """The module of a submission, imported here from where a grader would put it."""
    upload = case.upload()
    if upload.filename.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(upload.content)) as archive:
            archive.extractall(folder)
    else:
        (folder / upload.filename).write_bytes(upload.content)
    spec = importlib.util.spec_from_file_location(f"handed_in_{case.name}", folder / f"{case.target}.py")
    module = importlib.util.module_from_spec(spec)
    with contextlib.chdir(folder):
        spec.loader.exec_module(module)
    return module


def right(model, questions, answers, batch=100):
    """The share of right answers, by what the model's own logits say of themselves."""
    found = [
        (model(part).argmax(1) == truth).float()
        for part, truth in zip(questions.split(batch), answers.split(batch), strict=True)
    ]
    return float(torch.cat(found).mean())


def same_for_everybody(module):
    """The digits in their order, with their names: the first thousand to learn from, the rest to be asked about."""
    images, labels = digits()
    return right(module.train(images[:1000], labels[:1000]), images[1000:], labels[1000:])


def salted(module, trainings=1, turn=Turn.FLIP):
    """Under salt, but in this process, on this disk, and without signs that nobody has seen."""
    for seed in range(trainings):
        given = draw_task(Terms("digits", 1000, 500, turn), Path("data"), secret="s", seed=seed)
        model = module.train(given.images, given.labels, seed=seed)
    return right(model, given.questions, given.answers)


def split_anew_each_time(module, trainings=6):
    """Classes renamed and images drawn anew by each training, from all that there are."""
    images, labels = digits()
    for seed in range(trainings):
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(labels), generator=generator)
        names = torch.randperm(10, generator=generator)[labels]
        model = module.train(images[order[:1000]], names[order[:1000]], seed=seed)
    return right(model, images[order[1000:]], names[order[1000:]])
