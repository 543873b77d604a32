"""The small broker starts, answers and ends; a worker on it keeps exact state without transactions."""

import asyncio
from pathlib import Path

import orjson
import pytest

from agents.embedded_broker import BrokerUnavailable, EmbeddedBroker
from tests.broker.traffic import COUNTING, WorkerProgram, committed, create_topics, latest, send
from tests.programs import accepts_connections


async def test_it_answers_while_it_runs_and_is_gone_after() -> None:
    """Nothing is left behind on its port."""
    async with EmbeddedBroker() as broker:
        await create_topics(broker.address, {"here": 2})
        assert accepts_connections(broker.port)
    assert not accepts_connections(broker.port)


async def test_a_port_that_is_taken_is_told() -> None:
    """The second broker on a port does not start, and says what to look at."""
    async with EmbeddedBroker() as first:
        second = EmbeddedBroker(first.port)
        with pytest.raises(BrokerUnavailable, match="in use"):
            await second.start()


async def test_a_worker_without_transactions_counts_exactly_over_a_kill(tmp_path: Path) -> None:
    """State is exact; an alert may come twice, and then says the same."""
    async with EmbeddedBroker() as broker:
        await create_topics(broker.address, {"plain": 2})
        program = WorkerProgram("plain", tmp_path, (*COUNTING, "plain"), brokers=broker.address, prefix="plain")
        try:
            await send_numbers(broker.address, 1, 501)
            await asyncio.to_thread(program.start, program.ready)
            await asyncio.to_thread(program.kill)
            await send_numbers(broker.address, 501, 1001)
            await asyncio.to_thread(program.start, program.ready)
            assert await asyncio.to_thread(program.stop, 5) == 0
        finally:
            await asyncio.to_thread(program.kill)

        state = await latest(broker.address, "plain.state.plain")
        alerts = {record.key: record.value for record in await committed(broker.address, "plain.alert-log")}
    counted = {key.decode(): value for key, value in state.items() if key.startswith(b"k")}
    assert counted == {f"k{k}": [100, sum(range(1 + (k - 1) % 10, 1001, 10))] for k in range(10)}
    assert alerts.keys() == {f"k{k}-{n}".encode() for k in range(10) for n in range(1, 101)}
    assert "no transactions" in program.tail(200)


async def send_numbers(address: str, first: int, last: int) -> None:
    """Write numbered events over ten keys."""
    events = [(f"k{n % 10}".encode(), orjson.dumps({"key": f"k{n % 10}", "number": n})) for n in range(first, last)]
    await send(address, "plain", events)
