"""PNML (ISO/IEC 15909-2) in, a net out: place/transition nets with weights, pages and ProM's final markings.

Invariant: what the file says about behaviour is honoured or refused by element. Labels are taken as they stand, blanks
included. Silent are transitions marked invisible (attribute, or ProM's activity `$invisible$`) or without a name. Where
ISO writes `<text>`, PIPE's `<value>` is read as well.
"""

from schemas.problem import Problem, Refused
from stream.models.net import MOST_TOKENS, Marking, Net, Transition
from stream.models.xml import Element, read_xml

KINDS_OF_ARC = {"", "normal"}
HIGH_LEVEL = {"highlevelnet", "symmetricnet", "pt-hlpng"}  # tokens with values (ISO/IEC 15909-2, clause 7)
SYMBOLS_OF_SILENCE = {"tau", "τ"}
ONE_COLOUR = "Default,"  # PIPE's tokens all have a class, and this where there is only one


def read_pnml(
    name: str, content: bytes, *, final: tuple[str, ...] = (), ignore_guards: bool = False, process: str | None = None
) -> Net:
    """The net of a PNML file; raises `Refused` with every problem found.

    `final` names the places, by id or name, that hold a token at the end, whatever the file says; `ignore_guards` reads
    a data net for its control flow; `process` is the id of the net that is meant, where there are several.
    """
    return _Reader(name, read_xml(name, content), ignore_guards).net(final, process)


class _Reader:
    def __init__(self, name: str, root: Element, ignore_guards: bool) -> None:
        self.name, self.root, self.ignore_guards = name, root, ignore_guards
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.ids: set[str] = set()
        self.places: dict[str, int] = {}
        self.place_names: dict[str, str] = {}
        self.alias: dict[str, str] = {}  # reference node -> what it refers to
        self.initial: dict[int, int] = {}
        self.final: dict[int, int] = {}
        self.transitions: dict[str, tuple[str | None, dict[int, int], dict[int, int]]] = {}
        self.priority: str | None = None
        self.operators: dict[str, str] = {}  # transition -> the step of WoPeD's that it is a part of

    def refuse(self, element: Element, wrong: str, right: str) -> None:
        which = f"{element.tag} {element.get('id')}".strip()
        self.problems.append(Problem(self.name, element.line, which, wrong, right))

    def net(self, final: tuple[str, ...], process: str | None) -> Net:
        net = self.meant(process)
        kind = net.get("type").rpartition("/")[2]
        if kind in HIGH_LEVEL:
            self.refuse(net, f"a net of type {kind}", "a place/transition net")
        nodes = list(_nodes(net))
        for element in nodes:
            self.node(element)
        for element in nodes:
            self.reference(element)
        for element in nodes:
            if element.tag == "arc":
                self.arc(element)
        self.join_operators()
        if not final:
            self.final_markings([e for e in net.walk() if e.tag == "finalmarkings"])
        self.ends(net, final)
        if self.problems:
            raise Refused(sorted(self.problems, key=lambda problem: problem.line))
        steps = tuple(Transition(label, pre, post, id_) for id_, (label, pre, post) in self.transitions.items())
        return Net(tuple(self.places), steps, self.initial, self.final, tuple(self.notes))

    def meant(self, process: str | None) -> Element:
        nets = [element for element in self.root.walk() if element.tag == "net"]
        if process is None and len(nets) == 1:
            return nets[0]
        named = [net for net in nets if net.get("id") == process]
        if len(named) == 1:
            return named[0]
        if process is None:
            self.refuse(self.root, f"{len(nets)} nets", "one <net>, or the id of the one that is meant")
        else:
            ids = ", ".join(net.get("id") for net in nets) or "nothing, for it has no net"
            self.refuse(self.root, f"{len(named)} nets with the id {process!r}", f"one of {ids}")
        raise Refused(self.problems)

    def node(self, element: Element) -> None:
        id_ = element.get("id")
        if element.tag == "place":
            if self.unused(element, id_):
                self.place(element, id_)
        elif element.tag == "transition":
            if self.unused(element, id_):
                self.transition(element, id_)
        elif element.tag in ("referencePlace", "referenceTransition"):
            if self.unused(element, id_):
                self.alias[id_] = element.get("ref")
        elif element.tag == "arc" and id_:
            self.unused(element, id_)

    def unused(self, element: Element, id_: str) -> bool:
        if id_ and id_ not in self.ids:
            self.ids.add(id_)
            return True
        self.refuse(element, "its id is missing or used twice", "an id of its own")
        return False

    def reference(self, element: Element) -> None:
        if element.tag in ("referencePlace", "referenceTransition"):
            nodes = self.places if element.tag == "referencePlace" else self.transitions
            if self.resolve(element.get("id")) not in nodes:
                self.refuse(element, f"refers to {element.get('ref')!r}", "a node of its kind in the same net")

    def place(self, element: Element, id_: str) -> None:
        place = self.places[id_] = len(self.places)
        self.place_names[id_] = (_caption(element) or "").strip() or id_
        for tag, marking in (("initialMarking", self.initial), ("finalMarking", self.final)):
            for child in element.all(tag):
                tokens = self.number(child, element)
                if tokens:
                    marking[place] = tokens
        capacity = element.first("capacity")
        if capacity and self.number(capacity, element):
            self.refuse(element, "a capacity, which keeps steps from happening", "places that hold any number")

    def number(self, element: Element, owner: Element) -> int:
        text = element.first("text") or element.first("value")
        written = (text.text if text else element.text).strip()
        number = written.removeprefix(ONE_COLOUR)
        if number.isascii() and number.isdigit() and len(number) < 10 and int(number) <= MOST_TOKENS:
            return int(number)
        if written:
            self.refuse(owner, f"{element.tag} {written[:80]!r}", f"a whole number up to {MOST_TOKENS}")
        return 0

    def transition(self, element: Element, id_: str) -> None:
        label = _caption(element)
        silent = element.get("invisible") == "true"
        silent |= any("$invisible$" in child.get("activity") for child in element.all("toolspecific"))
        if not label and not silent:
            self.notes.append(f"transition {id_} has no name and is taken as silent")
        if label and not silent and label.strip().lower() in SYMBOLS_OF_SILENCE:
            said = f"transition {id_} is named {label!r} and not marked as invisible: it is taken as an activity"
            self.notes.append(f"{said}; list it under `unobserved` where it sends no events")
        for tool in element.all("toolspecific"):
            operator = tool.first("operator")
            if operator is not None and operator.get("id"):
                self.operators[id_] = operator.get("id")
        guarded = element.get("guard").strip() or element.first("guard")
        if guarded and not self.ignore_guards:
            self.refuse(element, "a guard on data, which is not evaluated", "a net without guards, or --ignore-guards")
        priority = element.first("priority")
        written = priority.texts() if priority else ""
        if self.priority is not None and written != self.priority:
            self.refuse(element, "another priority than the transitions before", "transitions without priorities")
        self.priority = written
        self.transitions[id_] = (None if silent else label or None, {}, {})

    def resolve(self, id_: str) -> str:
        for _ in range(len(self.alias)):
            id_ = self.alias.get(id_, id_)
        return id_

    def arc(self, element: Element) -> None:
        kind = element.first("arctype") or element.first("type")
        written = (kind.texts() or kind.get("value")) if kind else element.get("type")
        if written not in KINDS_OF_ARC:
            self.refuse(element, f"an arc of type {written!r}", "normal arcs only")
            return
        source, target = self.resolve(element.get("source")), self.resolve(element.get("target"))
        inscription = element.first("inscription")
        weight = self.number(inscription, element) if inscription and inscription.texts() else 1
        if source in self.places and target in self.transitions:
            side, place = self.transitions[target][1], self.places[source]
        elif source in self.transitions and target in self.places:
            side, place = self.transitions[source][2], self.places[target]
        else:
            self.refuse(element, f"leads from {source!r} to {target!r}", "an arc between a place and a transition")
            return
        if weight:
            side[place] = side.get(place, 0) + weight

    def join_operators(self) -> None:
        """WoPeD writes a step that joins and splits as transitions around a place of its own: the second are silent."""
        into: dict[int, set[str | None]] = {}
        out: dict[int, set[str]] = {}
        for id_, (_, pre, post) in self.transitions.items():
            for place in post:
                into.setdefault(place, set()).add(self.operators.get(id_))
            for place in pre:
                out.setdefault(place, set()).add(id_)
        for place, operators in into.items():
            leaving = out.get(place, set())
            if None in operators or {self.operators.get(id_) for id_ in leaving} != operators or len(operators) > 1:
                continue
            for id_ in leaving:
                self.transitions[id_] = (None, *self.transitions[id_][1:])
            (operator,) = operators
            self.notes.append(f"step {operator} is written as several transitions, and shown once: on entering")

    def final_markings(self, lists: list[Element]) -> None:
        markings = [marking for element in lists for marking in element.all("marking")]
        if len(markings) > 1:
            self.refuse(markings[1], "a second final marking", "one final marking")
        for entry in markings[0].all("place") if markings else []:
            id_ = self.resolve(entry.get("idref"))
            tokens = self.number(entry, entry)
            if id_ not in self.places:
                self.refuse(entry, f"names the place {id_!r}", "a place of the net")
            elif tokens:
                self.final[self.places[id_]] = tokens

    def ends(self, net: Element, final: tuple[str, ...]) -> None:
        """Fill in a marking that the file leaves out, from the only place that can be meant."""
        fed = {place for _, _, post in self.transitions.values() for place in post}
        used = {place for _, pre, _ in self.transitions.values() for place in pre}
        if not self.initial:
            self.initial = dict(self.only(net, "initial", "source", fed))
        if final:
            self.final = {}
            for place in final:
                self.named(net, place)
        elif not self.final:
            self.final = dict(self.only(net, "final", "sink", used))

    def only(self, net: Element, which: str, kind: str, taken: set[int]) -> Marking:
        ends = [id_ for id_, place in self.places.items() if place not in taken]
        if len(ends) == 1:
            self.notes.append(f"the file has no {which} marking: its only {kind} place {ends[0]} is taken")
            return {self.places[ends[0]]: 1}
        right = f"{'an' if which == 'initial' else 'a'} {which} marking, or one {kind} place"
        if which == "final":
            right += ", or --final PLACE"
        shown = f" ({', '.join(ends[:5])}{' …' if len(ends) > 5 else ''})" if ends else ""
        self.refuse(net, f"no {which} marking and {len(ends)} {kind} places{shown}", right)
        return {}

    def named(self, net: Element, final: str) -> None:
        found = [final] if final in self.places else [id_ for id_, name in self.place_names.items() if name == final]
        if len(found) == 1:
            place = self.places[found[0]]
            self.final[place] = self.final.get(place, 0) + 1
        else:
            self.refuse(net, f"has {len(found) or 'no'} place{'s' * (len(found) > 1)} {final!r}", "the id of a place")


def _caption(element: Element) -> str | None:
    """The name that an element carries, as it stands; None without one."""
    caption = element.first("name")
    if caption is None:
        return None
    text = caption.first("text") or caption.first("value")
    return text.text if text else caption.texts()


def _nodes(net: Element) -> list[Element]:
    """Nodes and arcs of a net and its pages, but not what stands inside them."""
    found, todo = list[Element](), [net]
    while todo:
        element = todo.pop()
        if element.tag in ("net", "page"):
            todo.extend(reversed(element.children))
        elif element.tag != "finalmarkings":
            found.append(element)
    return found
