"""Whether a net can be used at all: it has a bound, something can happen, and some case can come to its end.

Invariant: what is refused is proved wrong; what could not be decided is let in with a note that says so. Other trouble
is the process owner's to judge and keeps no net out.
"""

from schemas.problem import Problem, Refused
from stream.models.analysis import soundness
from stream.models.net import Net
from stream.models.trouble import Finding, Trouble
from stream.models.xml import read_xml

MOST_MARKINGS = 2_000  # looked at; a net made smaller seldom has more than a few
MOST_WORK = 2_000_000  # markings times places and transitions, for very large nets
REMEDIES = {
    Trouble.UNBOUNDED: "a loop that takes as many tokens as it leaves",
    Trouble.NO_START: "a way from the start to an activity",
    Trouble.NO_END: "a way from the start to the end that leaves nothing behind",
}
REASONS = {Trouble.STUCK, Trouble.ENDLESS, Trouble.LEFT_BEHIND}


def admitted(name: str, content: bytes, net: Net) -> Net:
    """The net, with a note where too little could be decided; raises `Refused` where nothing can begin or end, or
    tokens grow without a bound."""
    limit = min(MOST_MARKINGS, MOST_WORK // (len(net.places) + len(net.transitions) + 1))
    judged = soundness(net, limit)
    fatal = next((finding for finding in judged.findings if finding.trouble in REMEDIES), None)
    if fatal is not None:
        why = (other for other in judged.findings if other is not fatal and other.trouble in REASONS)
        raise Refused([_problem(name, content, fatal, next(why, None))])
    if not judged.undecided or judged.findings:
        return net
    note = f"whether the net has a bound and can always end was not decided within {limit} markings"
    return net._replace(notes=(*net.notes, note))


def _problem(name: str, content: bytes, fatal: Finding, why: Finding | None) -> Problem:
    """The refusal, at the first of the elements that the file has a line for."""
    lines = {element.get("id"): element for element in reversed(list(read_xml(name, content).walk()))}
    elements = fatal.elements + (why.elements if why else ())
    found = next((lines[id_] for id_ in elements if id_ in lines), None)
    where = f"{found.tag} {found.get('id')}" if found else "net"
    wrong = _uncapitalised(fatal.text) + (f" ({_uncapitalised(why.text)})" if why else "")
    right = REMEDIES[fatal.trouble]
    if fatal.trouble is Trouble.NO_END and name.lower().endswith(".pnml"):
        right += ", or another end by --final PLACE"
    return Problem(name, found.line if found else 1, where, wrong, right)


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]
