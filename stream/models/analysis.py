"""Whether every case of a net can come to a proper end, and if not, where not: soundness (van der Aalst et al. 2011).

First on the net made smaller, which does not mind how wide a model is; where that finds something, on the whole net, so
that what is named is as short as can be. Invariant: what is found is true; what was not decided is said.
"""

from typing import NamedTuple

from stream.models.agglomeration import Agglomeration
from stream.models.firing import FiringGraph
from stream.models.net import Net
from stream.models.state_space import StateSpace
from stream.models.trouble import Finding, Teller
from stream.models.view import View

MOST_ALIKE = 3  # findings of one kind that are told
MOST_AFTER = 2_000  # markings looked at to say how a case is stuck


class Soundness(NamedTuple):
    """What is wrong with a net, what was not decided (empty: everything was), and how many markings were looked at."""

    findings: tuple[Finding, ...]
    undecided: str
    markings: int


def soundness(net: Net, limit: int) -> Soundness:
    """Everything that keeps cases of a net from a proper end, as far as `limit` markings tell."""
    return _Judge(net, limit).judged()


class _Judge:
    def __init__(self, net: Net, limit: int) -> None:
        self.net, self.limit = net, limit
        self.tell = Teller(net)
        self.graph = FiringGraph(net.transitions, [net.initial, net.final])
        self.weights = [int(step.label is not None) for step in net.transitions]

    def judged(self) -> Soundness:
        small, agglomeration = self.smaller()
        if small is not None and small.space.complete and small.sound:
            assert agglomeration is not None
            dead = set(range(len(self.net.transitions))) - small.alive(agglomeration.circling)
            return Soundness(self.tell.dead(dead), "", small.looked_at)
        whole = self.view(self.graph.marking(self.net.initial), self.limit)
        if not whole.space.cut:
            return Soundness(self.found(whole), "", whole.looked_at)
        if small is not None and not small.space.cut:
            undecided = f"steps that can never happen, for the net has more than {self.limit} markings"
            return Soundness(self.both(small, whole), undecided, small.looked_at)
        undecided = f"whether that is all: the net has more than {self.limit} markings, and only those were looked at"
        return Soundness(self.found(whole), undecided, whole.looked_at)

    def smaller(self) -> tuple[View | None, Agglomeration | None]:
        small = Agglomeration(self.net)
        if small.steps is None:
            return None, None
        graph = FiringGraph(small.transitions(), [self.net.initial, self.net.final])
        weights = [small.weight(step) for step in small.steps]
        space = StateSpace(graph, graph.marking(self.net.initial), weights, self.limit)
        return View(space, self.net, small.steps), small

    def view(self, start: bytes, limit: int) -> View:
        return View(StateSpace(self.graph, start, self.weights, limit), self.net)

    def found(self, view: View) -> tuple[Finding, ...]:
        if view.space.grows is not None:
            return (self.tell.unbounded(view),)
        findings = list[Finding]()
        if not view.space.cut and view.space.start not in view.ending:
            findings.append(self.tell.no_end())
        findings += [self.stuck(view, marking) for marking in view.distinct(view.stuck)[:MOST_ALIKE]]
        left = view.distinct(view.left)[:MOST_ALIKE]
        findings += [self.tell.left_behind(view.run(marking), view.tokens(marking)) for marking in left]
        if not view.space.cut and (endless := view.endless) is not None:
            findings.append(self.tell.endless(view.run(endless), view.tokens(endless), view.after(endless)))
        if not view.space.cut and view.whole:
            findings += self.tell.dead(set(range(len(self.weights))) - view.alive({}))
        return tuple(findings)

    def both(self, small: View, whole: View) -> tuple[Finding, ...]:
        """What the smaller net shows, by the shorter ways that were seen in the whole one."""
        seen = self.found(whole)
        kinds = {finding.trouble for finding in seen}
        return (*(finding for finding in self.found(small) if finding.trouble not in kinds), *seen)

    def stuck(self, view: View, marking: bytes) -> Finding:
        """How a case is stuck; where the smaller net is, the whole one may still go on a little, or go round."""
        run, tokens = view.run(marking), view.tokens(marking)
        if view.whole:
            return self.tell.stuck(run, tokens)
        further = self.view(self.graph.marking(tokens), MOST_AFTER)
        if further.stuck:
            last = further.stuck[0]
            return self.tell.stuck(run + further.run(last), further.tokens(last))
        return self.tell.endless(run, tokens, further.after(further.space.start))
