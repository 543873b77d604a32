"""Two installations where there should be one: started by mistake against one topic, one group or one static id.

Invariant: whatever two of them do to each other, an event is counted once and an alert told once; and one of them says
what is wrong.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.broker.traffic import WorkerProgram
from tests.chaos.result import Result
from tests.chaos.stage import Stage, end_all
from tests.chaos.watching import Watch

SAID_S = 60.0
REFUSED = 1
DISPLACED = 3


async def two_installations(stage: Stage, log: Path, workers: int = 2) -> Result:
    """Two of so many workers each against one topic, mistake after mistake, while the log is written."""
    result = Result("twins", "Two installations started by mistake")
    ours = [stage.worker(stage.disturbed, f"ours-{n}") for n in range(workers)]
    await stage.create_topic()
    everyone = list(ours)
    try:
        await _start(ours)
        writer = await stage.start_writing(log)
        joining = [stage.worker(stage.disturbed, f"joining-{n}") for n in range(workers)]
        other, rival = f"{stage.source.topic}-other", f"{stage.source.topic}-rival"
        strangers = [stage.worker(other, f"stranger-{n}", group=stage.disturbed) for n in range(workers)]
        rivals = [stage.worker(stage.disturbed, f"rival-{n}", group=rival) for n in range(workers)]
        everyone += joining + strangers + rivals
        await share_a_group(joining, result)
        await join_under_another_prefix(strangers, result)
        await write_under_our_names(ours, rivals, result)
        assert await writer.wait() == 0, "the log was not written"
        result.wrong += await stage.finish(ours, stage.disturbed)
        outcome, wrong = await stage.compared(await stage.undisturbed())
        result.compared(outcome)
        result.wrong += wrong
    finally:
        await end_all(everyone)
    return result


async def _start(workers: Sequence[WorkerProgram]) -> None:
    await asyncio.gather(*(asyncio.to_thread(worker.start, worker.alive) for worker in workers))


async def share_a_group(joining: Sequence[WorkerProgram], result: Result) -> None:
    """The same group and prefix: they are more workers of one installation, and may come and go."""
    await _start(joining)
    took = await Watch(joining).until(lambda: all("tasks assigned" in each.tail(400) for each in joining), SAID_S)
    if took is None:
        result.wrong.append("workers of the same group and prefix were assigned nothing")
    for worker in joining:
        await asyncio.to_thread(worker.stop, 20)
    result.figures["the same group and prefix"] = "they share the tasks"


async def join_under_another_prefix(strangers: Sequence[WorkerProgram], result: Result) -> None:
    """The same group, another prefix: each would have a part of the tasks, so the broker keeps the second one out."""
    for worker in strangers:
        await asyncio.to_thread(worker.start, partial(_cannot_go_on, worker))
        assert worker.process is not None
        status = await asyncio.to_thread(worker.process.wait, 20)
        said = "another CASEWATCH_PREFIX" in worker.tail()
        if status != REFUSED or not said:
            result.wrong.append(f"{worker.name} ended with {status} and said:\n{worker.tail(5)}")
    result.figures["the same group, another prefix"] = "the second one ends with 1 and says why"


def _cannot_go_on(worker: WorkerProgram) -> bool:
    return "cannot go on" in worker.tail()


async def write_under_our_names(
    ours: Sequence[WorkerProgram], rivals: Sequence[WorkerProgram], result: Result
) -> None:
    """Another group, the same prefix: whoever takes a task fences the other; each says that it is not alone."""
    await _start(rivals)
    watch = Watch([*ours, *rivals])
    took = await watch.until(lambda: watch.words("another installation"), SAID_S)
    if took is None:
        result.wrong.append(f"nobody said that there is another installation: {dict(watch.said)}")
    else:
        result.figures["another group, the same prefix"] = f"fenced, and said on /readyz after {took:.0f} s"
    result.wrong += watch.gone()
    await end_all(rivals)


async def one_static_id(stage: Stage, result: Result) -> None:
    """Two processes with one static id: the second takes the place of the first, which ends."""
    first, second = (stage.worker(f"{stage.source.topic}-static", name, instance="w0") for name in ("first", "second"))
    try:
        await asyncio.to_thread(first.start, first.ready)
        await asyncio.to_thread(second.start, second.alive)
        watch = Watch([first, second])
        took = await watch.until(lambda: not (first.running and second.running), SAID_S)
        ended = [each for each in (first, second) if not each.running]
        status = None if not ended or ended[0].process is None else ended[0].process.returncode
        said = bool(ended) and "another process runs as w0" in ended[0].tail()
        if took is None or len(ended) != 1 or status != DISPLACED or not said:
            result.wrong.append(f"of two processes with one id {len(ended)} ended, with {status}")
        else:
            result.figures["one static id"] = f"one ends with {status} after {took:.0f} s and says why"
        if await watch.until(lambda: any(each.ready() for each in (first, second)), SAID_S) is None:
            result.wrong.append("the other one was not ready afterwards")
    finally:
        await end_all([first, second])
