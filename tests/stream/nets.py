"""Small models for tests, written as PNML."""


def sequence(*labels: str) -> bytes:
    """A net that takes these steps one after the other."""
    places = "".join(f'<place id="p{i}">{_first(i)}</place>' for i in range(len(labels) + 1))
    steps = "".join(
        f'<transition id="t{i}"><name><text>{label}</text></name></transition>'
        f'<arc id="a{i}" source="p{i}" target="t{i}"/><arc id="b{i}" source="t{i}" target="p{i + 1}"/>'
        for i, label in enumerate(labels)
    )
    final = f'<finalmarkings><marking><place idref="p{len(labels)}"><text>1</text></place></marking></finalmarkings>'
    net = (
        f'<net id="n" type="http://www.pnml.org/version-2009/grammar/pnmlcoremodel"><page id="g">{places}{steps}</page>'
    )
    return f"<pnml>{net}{final}</net></pnml>".encode()


def _first(place: int) -> str:
    return "<initialMarking><text>1</text></initialMarking>" if place == 0 else ""
