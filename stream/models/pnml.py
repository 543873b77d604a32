"""PNML (ISO/IEC 15909-2) in, a net out: place/transition nets with weights, pages and ProM's final markings.

Invariant: what the file says about behaviour is honoured or refused by element. Labels are taken as they stand, blanks
included. Silent are transitions marked invisible (attribute, or ProM's activity `$invisible$`) or without a name.
"""

from schemas.problem import Problem, Refused
from stream.models.net import MOST_TOKENS, Marking, Net, Transition
from stream.models.xml import Element, read_xml

KINDS_OF_ARC = {"", "normal"}
HIGH_LEVEL = {"highlevelnet", "symmetricnet", "pt-hlpng"}  # tokens with values (ISO/IEC 15909-2, clause 7)


def read_pnml(name: str, content: bytes, *, ignore_guards: bool = False, final: str | None = None) -> Net:
    """The net of a PNML file; raises `Refused` with every problem found.

    `ignore_guards` reads a data net for its control flow; `final` names the sink place where the file does not.
    """
    return _Reader(name, read_xml(name, content), ignore_guards).net(final)


class _Reader:
    def __init__(self, name: str, root: Element, ignore_guards: bool) -> None:
        self.name, self.root, self.ignore_guards = name, root, ignore_guards
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.places: dict[str, int] = {}
        self.place_names: dict[str, str] = {}
        self.alias: dict[str, str] = {}  # reference node -> what it refers to
        self.initial: dict[int, int] = {}
        self.final: dict[int, int] = {}
        self.transitions: dict[str, tuple[str | None, dict[int, int], dict[int, int]]] = {}

    def refuse(self, element: Element, wrong: str, right: str) -> None:
        which = f"{element.tag} {element.get('id')}".strip()
        self.problems.append(Problem(self.name, element.line, which, wrong, right))

    def net(self, final: str | None) -> Net:
        nets = [element for element in self.root.walk() if element.tag == "net"]
        if len(nets) != 1:
            self.refuse(self.root, f"{len(nets)} nets", "one <net>")
            raise Refused(tuple(self.problems))
        kind = nets[0].get("type").rpartition("/")[2]
        if kind in HIGH_LEVEL:
            self.refuse(nets[0], f"a net of type {kind}", "a place/transition net")
        nodes = list(_nodes(nets[0]))
        for element in nodes:
            self.node(element)
        for element in nodes:
            if element.tag == "arc":
                self.arc(element)
        self.final_markings([e for e in nets[0].walk() if e.tag == "finalmarkings"])
        self.ends(nets[0], final)
        if self.problems:
            raise Refused(tuple(self.problems))
        steps = tuple(Transition(label, pre, post, id_) for id_, (label, pre, post) in self.transitions.items())
        return Net(tuple(self.places), steps, self.initial, self.final, tuple(self.notes))

    def node(self, element: Element) -> None:
        id_ = element.get("id")
        if element.tag == "place":
            if self.unused(element, id_):
                self.place(element, id_)
        elif element.tag == "transition":
            if self.unused(element, id_):
                self.transition(element, id_)
        elif element.tag in ("referencePlace", "referenceTransition"):
            self.alias[id_] = element.get("ref")

    def unused(self, element: Element, id_: str) -> bool:
        if id_ and id_ not in self.places and id_ not in self.transitions:
            return True
        self.refuse(element, "its id is missing or used twice", "an id of its own")
        return False

    def place(self, element: Element, id_: str) -> None:
        place = self.places[id_] = len(self.places)
        caption = element.first("name")
        self.place_names[id_] = caption.texts() if caption else id_
        for tag, marking in (("initialMarking", self.initial), ("finalMarking", self.final)):
            for child in element.all(tag):
                tokens = self.number(child, element)
                if tokens:
                    marking[place] = tokens

    def number(self, element: Element, owner: Element) -> int:
        text = element.first("text")
        written = (text.text if text else element.text).strip()
        if written.isascii() and written.isdigit() and int(written) <= MOST_TOKENS:
            return int(written)
        if written:
            self.refuse(owner, f"{element.tag} {written!r}", f"a whole number up to {MOST_TOKENS}")
        return 0

    def transition(self, element: Element, id_: str) -> None:
        caption = element.first("name")
        text = caption.first("text") if caption else None
        label = (text.text if text else caption.texts()) if caption else None
        silent = element.get("invisible") == "true"
        silent |= any("$invisible$" in child.get("activity") for child in element.all("toolspecific"))
        if not label and not silent:
            self.notes.append(f"transition {id_} has no name and is taken as silent")
        guarded = element.get("guard").strip() or element.first("guard")
        if guarded and not self.ignore_guards:
            self.refuse(element, "a guard on data, which is not evaluated", "a net without guards, or --ignore-guards")
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

    def ends(self, net: Element, final: str | None) -> None:
        """Fill in a marking that the file leaves out, from the only place that can be meant."""
        fed = {place for _, _, post in self.transitions.values() for place in post}
        used = {place for _, pre, _ in self.transitions.values() for place in pre}
        if not self.initial:
            self.initial = dict(self.only(net, "initial", "source", fed))
        if final is not None:
            self.final = dict(self.named(net, final))
        elif not self.final:
            self.final = dict(self.only(net, "final", "sink", used))

    def only(self, net: Element, which: str, kind: str, taken: set[int]) -> Marking:
        ends = [id_ for id_, place in self.places.items() if place not in taken]
        if len(ends) == 1:
            self.notes.append(f"the file has no {which} marking: its only {kind} place {ends[0]} is taken")
            return {self.places[ends[0]]: 1}
        self.refuse(net, f"no {which} marking and {len(ends)} {kind} places", f"a {which} marking, or one {kind} place")
        return {}

    def named(self, net: Element, final: str) -> Marking:
        for id_, place in self.places.items():
            if final in (id_, self.place_names[id_]):
                return {place: 1}
        self.refuse(net, f"has no place {final!r}", "the id or name of a place")
        return {}


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
