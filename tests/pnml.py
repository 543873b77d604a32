"""Nets written as PNML, so that the command under test and other people's tools read the same one.

Invariant: final marking and silent steps are written as ProM has them, which other tools read as well.
"""

from xml.sax.saxutils import escape

from stream.models.net import Marking, Net


def pnml(net: Net) -> str:
    """The text of a PNML file; place N is `pN`, and so is its name."""
    started = [_text("initialMarking", net.initial.get(place)) for place in range(len(net.places))]
    nodes = [f'<place id="p{at}">{tokens}</place>' for at, tokens in enumerate(started)]
    for at, step in enumerate(net.transitions):
        silent = '<toolspecific tool="ProM" version="6.4" activity="$invisible$" localNodeID="none"/>'
        name = _text("name", f"silent {at}" if step.label is None else escape(step.label))
        nodes.append(f'<transition id="t{at}">{name}{silent if step.label is None else ""}</transition>')
        nodes += [_arc(f"i{at}-{place}", f"p{place}", f"t{at}", weight) for place, weight in step.pre.items()]
        nodes += [_arc(f"o{at}-{place}", f"t{at}", f"p{place}", weight) for place, weight in step.post.items()]
    kind = "http://www.pnml.org/version-2009/grammar/pnmlcoremodel"
    page = f'<page id="page">{"".join(nodes)}</page>'
    return f'<pnml><net id="net" type="{kind}">{page}{_final(net.final)}</net></pnml>'


def _text(tag: str, text: object) -> str:
    return "" if text is None else f"<{tag}><text>{text}</text></{tag}>"


def _arc(name: str, source: str, target: str, weight: int) -> str:
    inscription = _text("inscription", None if weight == 1 else weight)
    return f'<arc id="{name}" source="{source}" target="{target}">{inscription}</arc>'


def _final(final: Marking) -> str:
    places = "".join(f'<place idref="p{place}"><text>{tokens}</text></place>' for place, tokens in final.items())
    return f"<finalmarkings><marking>{places}</marking></finalmarkings>"
