"""The queue: who grades, what is graded now, what waits."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from server.access import Audience
from server.api.meta import about
from server.api.operation import ADMINISTRATION, Answer, Operation, Query, route
from server.context import now
from server.i18n import mark
from server.office import queue_pages
from server.office.work import Process, Waiting


class DeviceEntry(msgspec.Struct, kw_only=True):
    """A GPU that a process may use."""

    device: Annotated[str, about("What it is called there, such as cuda:0.")]
    name: Annotated[str, about("What its maker calls it.")]
    memory_mb: Annotated[int, about("Its memory, in megabytes.")]
    taken_mb: Annotated[int, about("How much of it gradings may take now, in megabytes.")]
    gradings: Annotated[int, about("How many gradings use it now.")]
    fault: Annotated[str, about("Why it is out of service; empty: it is not.")]


class ProcessEntry(msgspec.Struct, kw_only=True):
    """A process that grades."""

    host: Annotated[str, about("The machine on which it runs.")]
    process: Annotated[int | None, about("Its number there; null: it has not told.")]
    jobs: Annotated[int, about("How many gradings it does at a time.")]
    busy: Annotated[int, about("How many it does now.")]
    started_at: Annotated[datetime, about("Since when it runs.")]
    seen_at: Annotated[datetime, about("When it was last heard of.")]
    silent: Annotated[bool, about("Whether nothing was heard of it for so long that it has probably died.")]
    devices: Annotated[list[DeviceEntry], about("The GPUs that it may use.")]
    queues: Annotated[list[str], about("What it takes: `cpu`, for processors, `gpu`, for GPUs.")]
    datasets: Annotated[list[str], about("The data sets that it has; empty where it has not told.")]
    layers: Annotated[list[str], about("The layers of the sandbox that hold there; empty where it has not told.")]


class RunningEntry(msgspec.Struct, kw_only=True):
    """Something that is graded now."""

    id: Annotated[str, about("Its id.")]
    again: Annotated[bool, about("Whether it is another grading of a submission that has one.")]
    exercise: Annotated[str, about("The exercise's short name.")]
    login: Annotated[str, about("The student's user name.")]
    started_at: Annotated[datetime | None, about("Since when.")]
    tries: Annotated[int, about("How often it was started.")]


class WaitingEntry(msgspec.Struct, kw_only=True):
    """What waits of one exercise."""

    exercise: Annotated[str, about("The exercise's short name.")]
    submissions: Annotated[int, about("Submissions that wait.")]
    again: Annotated[int, about("Other gradings of submissions; their turn comes when no submission waits.")]
    on_gpu: Annotated[int, about("Gradings that wait for a GPU.")]
    oldest_at: Annotated[datetime, about("Since when the one waits that has waited longest.")]
    seconds: Annotated[
        float | None,
        about("If no more come in: until the last one is begun, by what the last ones took; null: not known."),
    ]


class QueueView(msgspec.Struct):
    """The queue at this moment."""

    processes: Annotated[list[ProcessEntry], about("Processes that grade, the newest first.")]
    running: Annotated[list[RunningEntry], about("What is graded now, what was begun first first: a hundred at most.")]
    waiting: Annotated[list[WaitingEntry], about("What waits, by exercise, most first.")]


def _process(found: Process) -> ProcessEntry:
    its = found.worker
    return ProcessEntry(
        host=str(its.detail.get("host", "")),
        process=its.detail.get("process"),
        jobs=found.jobs,
        busy=its.busy,
        started_at=its.started_at,
        seen_at=its.seen_at,
        silent=found.is_silent,
        devices=msgspec.convert(found.devices, list[DeviceEntry]),
        queues=found.queues,
        datasets=found.datasets,
        layers=found.layers,
    )


def _running(row: Any) -> RunningEntry:
    return RunningEntry(
        id=row.id,
        again=bool(row.is_again),
        exercise=row.slug,
        login=row.login,
        started_at=row.started_at,
        tries=row.tries,
    )


def _waiting(found: Waiting) -> WaitingEntry:
    return WaitingEntry(
        exercise=found.slug,
        submissions=found.count,
        again=found.again,
        on_gpu=found.on_gpu,
        oldest_at=found.oldest,
        seconds=found.seconds,
    )


@route(
    Operation(
        "GET",
        "/queue",
        ADMINISTRATION,
        mark("Read who grades, what is graded and what waits"),
        Audience.API_ADMINISTRATOR,
        (Answer(mark("The queue."), QueueView),),
    )
)
def show_queue(query: Query) -> QueueView:
    """Send the queue."""
    found = queue_pages.look(now())
    return QueueView(
        [_process(each) for each in found.processes],
        [_running(each) for each in found.running],
        [_waiting(each) for each in found.waiting],
    )
