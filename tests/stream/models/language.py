"""What a net can show: its complete runs, by the firing rule alone, and BPMN snippets to read."""

from stream.models.net import Net
from tests.stream.conformance.oracle import Oracle, Tokens

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="here">'


def bpmn(process: str, rest: str = "") -> bytes:
    """A BPMN file with one process, and what else stands beside it."""
    return f'{HEAD}\n<process id="main">{process}</process>{rest}</definitions>'.encode()


def flows(text: str) -> str:
    """Sequence flows, written `a>b b>c`; a flow is named after its ends."""
    pairs = [pair.split(">") for pair in text.split()]
    return "".join(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairs)


def tasks(names: str) -> str:
    """Tasks named after their ids."""
    return "".join(f'<task id="{name}" name="{name}"/>' for name in names.split())


def words(net: Net, longest: int = 6) -> set[str]:
    """The labels of every complete run with at most so many visible steps, written one after the other."""
    oracle, found = Oracle(net), set[str]()
    todo: list[tuple[Tokens, tuple[str, ...]]] = [(oracle.initial, ())]
    seen = set(todo)
    while todo:
        marking, run = todo.pop()
        if marking == oracle.final:
            found.add(" ".join(run))
        for label, after in oracle.after(marking):
            longer = run if label is None else (*run, label)
            if len(longer) <= longest and (after, longer) not in seen:
                seen.add((after, longer))
                todo.append((after, longer))
    return found
