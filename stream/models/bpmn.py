"""BPMN 2.0 (OMG formal/2011-01-03) in, flow graphs out, and from them a net.

Tasks of every kind are labelled steps, named as they are in the file but for line breaks, which tools put in to fit a
shape: each is read as a blank. Events and gateways are silent, since logs record work and not its routing. A catching
event waits for nothing that the model itself could say: messages, signals and time come from outside. Invariant: what
bears on the order of work is honoured or refused by element id; lanes, data, artifacts, message flows and pools without
a process are metadata and left aside.
"""

from schemas.problem import Problem, Refused
from stream.models.elements import KINDS, Reader
from stream.models.flow_net import net_of
from stream.models.net import Net
from stream.models.xml import Element, read_xml

OTHERS = {"choreography": "a choreography", "conversation": "a conversation", "globalConversation": "a conversation"}


def read_bpmn(name: str, content: bytes, process: str | None = None) -> Net:
    """The net of a BPMN file; raises `Refused` with every problem found.

    `process`: the id or name of a process or of its pool, where the file has several and one is meant; else the only
    one that is executable is taken, and where there is none such, all run side by side, each of them once.
    """
    root = read_xml(name, content)
    if root.tag != "definitions":
        raise Refused([Problem(name, root.line, root.tag, "not a BPMN file", "<definitions> of BPMN 2.0")])
    reader = Reader(name, root)
    scopes = [reader.process(element) for element in _meant(reader, process)]
    if reader.problems:
        raise Refused(sorted(reader.problems, key=lambda problem: problem.line))
    return net_of(name, scopes, reader.notes)


def _meant(reader: Reader, named: str | None) -> list[Element]:
    """The processes of the file that are to be read."""
    filled = [process for process in reader.processes if any(child.tag in KINDS for child in process.children)]
    if named is not None:
        return _named(reader, filled, named)
    called = {reader.local(call.get("calledElement")) for call in reader.root.walk() if call.tag == "callActivity"}
    roots = [process for process in filled if process.get("id") not in called] or filled
    if not roots:
        kinds = [OTHERS[child.tag] for child in reader.root.children if child.tag in OTHERS]
        wrong = "no process with activities" + (f", but {kinds[0]}" if kinds else "")
        reader.refuse(reader.root, wrong, "a process with flow nodes")
    meant = [process for process in roots if process.get("isExecutable") == "true"]
    if len(roots) > 1 and len(meant) == 1:
        reader.notes.append(f"of {len(roots)} processes, the only executable one is taken: {_title(reader, meant[0])}")
        return meant
    if len(roots) > 1:
        titles = ", ".join(_title(reader, process) for process in roots)
        reader.notes.append(
            f"{len(roots)} processes are taken side by side, each running once, and messages between them order "
            f"nothing: {titles}; name one of them (process) to take it alone"
        )
    return roots


def _named(reader: Reader, filled: list[Element], named: str) -> list[Element]:
    """The process that goes by an id or a name, its own or its pool's."""
    found = [process for process in filled if named in _names(reader, process)]
    if len(found) != 1:
        wrong = f"{len(found)} processes with flow nodes go by the name {named!r}"
        titles = [_title(reader, process) for process in filled]
        reader.refuse(reader.root, wrong, f"one of {', '.join(titles)}" if titles else "a file with processes")
    return found[:1]


def _names(reader: Reader, process: Element) -> set[str]:
    id_ = process.get("id")
    pools = [pool for pool in reader.root.walk() if pool.tag == "participant"]
    mine = [pool for pool in pools if reader.local(pool.get("processRef")) == id_]
    return {id_, *[pool.get("id") for pool in mine], *[one.on_one_line("name") for one in (process, *mine)]} - {""}


def _title(reader: Reader, process: Element) -> str:
    names = sorted(_names(reader, process) - {process.get("id")} - {pool.get("id") for pool in reader.root.walk()})
    return process.get("id") + (f" ({', '.join(names)})" if names else "")
