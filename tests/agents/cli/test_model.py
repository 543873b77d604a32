"""`casewatch model`: what a file says, what is wrong with it, its drawing, and every kind of bad file."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from agents.definition_files import LARGEST_MODEL
from stream.declare import conflict
from tests.agents.cli.calling import Command, Ran, called

HEAD = '<pnml><net id="n">\n<place id="s"><initialMarking><text>1</text></initialMarking></place>\n'
STEPS = (
    '<place id="p"/><place id="q"/><place id="e"/>\n'
    '<transition id="a"><name><text>Register</text></name></transition>\n'
    '<transition id="b"><name><text>Check &lt;all&gt;</text></name></transition>\n'
    '<transition id="c"><name><text>Approve</text></name></transition>\n'
    '<transition id="d"><name><text>Reject</text></name></transition>\n'
    '<arc id="1" source="s" target="a"/><arc id="2" source="a" target="p"/><arc id="3" source="p" target="b"/>\n'
    '<arc id="4" source="b" target="q"/><arc id="5" source="q" target="c"/><arc id="6" source="c" target="e"/>\n'
)
REJECT = '<arc id="7" source="q" target="d"/><arc id="8" source="d" target="e"/>\n'
TRAP = '<place id="x"/><place id="y"/><arc id="7" source="q" target="d"/><arc id="8" source="d" target="x"/>\n'
TRAP += '<transition id="z"><name><text>Archive</text></name></transition><arc id="9" source="x" target="z"/>\n'
TRAP += '<arc id="10" source="y" target="z"/><arc id="11" source="z" target="e"/>\n'
END = "</net></pnml>"
SOUND, TRAPPED = HEAD + STEPS + REJECT + END, HEAD + STEPS + TRAP + END
BPMN = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="main">\n'
DECLARED = "activity Pay\nactivity Ship\nInit[Pay] | |\nResponse[Pay, Ship] | | |0,2,d\n"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Write a file if it has content, and run the command on it, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, content: str | bytes | None, *options: str) -> Ran:
        if content is not None:
            Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
        return called(monkeypatch, capsys, "model", name, *options)

    return run


def test_a_sound_model_is_told_with_everything_that_was_read(model: Command) -> None:
    """Kind, activities in order, size, ends and what was inferred."""
    assert model("m.pnml", SOUND) == Ran(
        0,
        "m.pnml: PNML, 4 activities, 4 places, 4 transitions, 0 of them silent\n"
        "  Approve\n"
        "  Check <all>\n"
        "  Register\n"
        "  Reject\n"
        "starts at: place s (before `Register`)\n"
        "ends at: place e (after `Approve`, `Reject`)\n"
        "note: the file has no final marking: its only sink place e is taken\n"
        "sound: every case can come to its end, nothing is left behind, and every step can happen\n",
        "",
    )


def test_what_is_wrong_with_a_usable_model_is_said_in_words_and_is_no_failure(model: Command) -> None:
    """A deadlock with the way there and what is missing, and the step that never happens."""
    ran = model("m.pnml", TRAPPED)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-3:] == [
        "not sound: 2 findings",
        "deadlock: A case can get stuck after `Register`, `Check <all>`, `Reject`, at place x (after `Reject`, before "
        "`Archive`): `Archive` (z) still needs place y (before `Archive`)",
        "dead step: `Archive` (z) can never happen",
    ]


def test_the_same_is_told_as_json(model: Command) -> None:
    """With the elements and the activities that lead there apart."""
    facts = json.loads(model("m.pnml", TRAPPED, "--format", "json").out)
    assert (facts["kind"], facts["places"], facts["sound"], facts["undecided"]) == ("PNML", 6, False, "")
    assert facts["activities"][0] == {"name": "Approve", "steps": 1}
    assert [(one["trouble"], one["elements"]) for one in facts["findings"]] == [
        ("deadlock", ["x", "z"]),
        ("dead step", ["z"]),
    ]
    assert facts["findings"][0]["trace"] == ["Register", "Check <all>", "Reject"]


def test_a_drawing_holds_every_activity_and_nothing_from_elsewhere(model: Command, tmp_path: Path) -> None:
    """One well-formed file, the same in every run, with what is wrong marked and written below."""
    first, again = (model("m.pnml", TRAPPED, "--svg", name) for name in ("one.svg", "two.svg"))
    drawn = (tmp_path / "one.svg").read_text()
    shown = {element.text for element in ElementTree.fromstring(drawn).iter() if element.tag.endswith("text")}  # noqa: S314 - our own file
    assert first.code == again.code == 0
    assert {"m.pnml", "Register", "Check <all>", "Approve", "Reject", "Archive"} <= shown
    assert any(text.startswith("A case can get stuck") for text in shown if text)
    assert drawn == (tmp_path / "two.svg").read_text()
    assert (drawn.count('class="box bad"'), drawn.count('class="arrow bad"')) == (1, 1)
    assert not any(word in drawn.replace("http://www.w3.org/2000/svg", "") for word in ("http", "<script", "@import"))
    assert model("m.pnml", TRAPPED, "--svg", "-").out == drawn


def test_a_directly_follows_graph_is_told_and_drawn(model: Command, tmp_path: Path) -> None:
    """Its edges with their frequencies."""
    ran = model("g.csv", "source,target,frequency\n,Open,7\nOpen,Close,9\nClose,Open,2\nClose,,7\n", "--svg", "g.svg")
    assert ran.out.splitlines()[0].startswith("g.csv: directly-follows graph, 2 activities")
    assert ran.out.splitlines()[-1].startswith("sound: ")
    assert ">9</text>" in (tmp_path / "g.svg").read_text()


def test_constraints_are_told_in_words_and_drawn(model: Command, tmp_path: Path) -> None:
    """With those that contradict each other."""
    ran = model("r.decl", DECLARED + "Init[Ship] | |\n", "--svg", "r.svg")
    lines = ran.out.splitlines()
    assert (ran.code, lines[0]) == (0, "r.decl: Declare, 2 activities, 3 constraints")
    assert "  2. Pay must be followed by Ship within 2 d   [Response[Pay, Ship] | | |0,2,d]" in lines
    assert lines[-1] == "conflict: no case can keep 1. and 3. together"
    assert "Response (2)" in (tmp_path / "r.svg").read_text()
    assert json.loads(model("r.decl", DECLARED, "--format", "json").out)["conflicts"] == []
    assert (
        model("r.decl", DECLARED, "--final", "e").err
        == "r.decl:1: --final: says nothing about a Declare file; leave it out\n"
    )


def test_what_is_too_large_to_search_for_conflicts_is_told_to_be_undecided(
    model: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what was searched through is said to be free of conflicts."""
    declared = "Exactly9[Pay]\nExactly9[Ship]\nChain Response[Pay, Ship]\nChain Precedence[Pay, Ship]\n"
    assert model("r.decl", declared).out.splitlines()[-1].startswith("no conflict found")
    monkeypatch.setattr(conflict, "MOST_SEARCHED", 100)
    ran = model("r.decl", declared)
    assert (ran.code, ran.out.splitlines()[-1]) == (
        0,
        "conflicts between 4 constraints: not decided: too large to search through",
    )
    assert json.loads(model("r.decl", declared, "--format", "json").out)["undecided"] == [[0, 1, 2, 3]]


def test_options_of_one_kind_of_file_are_refused_for_another(model: Command) -> None:
    """And honoured for their own."""
    graph = "source,target\n,a\na,\n"
    assert model("g.csv", graph, "--ignore-guards").err == (
        "g.csv:1: --ignore-guards: says nothing about a directly-follows graph file; leave it out\n"
    )
    two_sinks = SOUND.replace('<place id="q"/>', '<place id="q"/><place id="z"/>')
    assert model("m.pnml", two_sinks).code == 1
    assert "ends at: place e" in model("m.pnml", two_sinks, "--final", "e").out
    assert model("m.pnml", SOUND, "--process", "n").code == 0


BAD = {
    "no XML": ("m.pnml", "not XML at all", "m.pnml:1: file: not well-formed XML"),
    "no file content": ("m.bpmn", "", "m.bpmn:1: file: not well-formed XML"),
    "not UTF-8": ("m.pnml", b"<pnml>\n\xff\xfe</pnml>", "m.pnml:2: file: not well-formed XML"),
    "billion laughs": (
        "m.pnml",
        '<!DOCTYPE pnml [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><pnml>&b;</pnml>',
        "m.pnml:1: file: a document type declaration; a file without DOCTYPE and entities",
    ),
    "an external entity": (
        "m.bpmn",
        '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><d>&a;</d>',
        "m.bpmn:1: file: a document type declaration; a file without DOCTYPE and entities",
    ),
    "nested 200,000 deep": ("m.bpmn", "<a>" * 200_000, "m.bpmn:1: file: elements nested deeper than 200"),
    "an arc to nowhere": (
        "m.pnml",
        HEAD + STEPS + '<arc id="7" source="q" target="?"/>' + END,
        "m.pnml:10: arc 7: leads from 'q' to '?'; an arc between a place and a transition",
    ),
    "a flow to nowhere": (
        "m.bpmn",
        BPMN + '<startEvent id="s"/>\n<sequenceFlow id="f" sourceRef="s" targetRef="gone"/></process></definitions>',
        "m.bpmn:3: sequenceFlow f: leads from 's' to 'gone'",
    ),
    "an id twice": (
        "m.pnml",
        HEAD + STEPS + '<place id="p"/>' + END,
        "m.pnml:10: place p: its id is missing or used twice; an id of its own",
    ),
    "no start": (
        "m.pnml",
        SOUND.replace("<initialMarking><text>1</text></initialMarking>", "").replace(
            'id="8" source="d" target="e"', 'id="8" source="d" target="s"'
        ),
        "m.pnml:1: net n: no initial marking and 0 source places; an initial marking, or one source place",
    ),
    "no end": (
        "m.pnml",
        SOUND.replace('id="6" source="c" target="e"', 'id="6" source="c" target="p"')
        .replace('id="8" source="d" target="e"', 'id="8" source="d" target="p"')
        .replace('<place id="e"/>', ""),
        "m.pnml:1: net n: no final marking and 0 sink places",
    ),
    "unbounded": (
        "m.pnml",
        HEAD
        + STEPS
        + '<arc id="7" source="p" target="d"/><arc id="8" source="d" target="p"/><arc id="9" source="d" target="e"/>\n'
        + END,
        "m.pnml:3: place e: place e (after `Approve`, `Reject`) has no bound after `Register`: the loop `Reject`",
    ),
    "an empty language": (
        "m.pnml",
        TRAPPED.replace('id="6" source="c" target="e"', 'id="6" source="c" target="x"'),
        "m.pnml:3: place e: no case can ever end",
    ),
    "an unknown ending": ("m.txt", SOUND, "m.txt:1: file: not a known kind of model; one of .bpmn, .pnml, .csv, .decl"),
    "no file": ("gone.pnml", None, "gone.pnml:1: file: there is no such file; name a model file"),
    "a net without edges": ("g.csv", "source,target\n", "g.csv:1: file: no start"),
    "an unknown constraint": ("r.decl", "activity a\nNonsense[a] | |\n", "r.decl:2: "),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_by_file_line_and_element(model: Command, case: str) -> None:
    """On standard error, with exit code 1 and nothing on standard output."""
    name, content, found = BAD[case]
    ran = model(name, content)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(found)


def test_a_folder_and_a_file_of_50_megabytes_are_refused_without_being_read(model: Command, tmp_path: Path) -> None:
    """The size is judged before anything is parsed."""
    (tmp_path / "folder.pnml").mkdir()
    with (tmp_path / "large.pnml").open("wb") as file:
        file.truncate(50 * 2**20)
    assert model("folder.pnml", None) == Ran(1, "", "folder.pnml:1: file: it is a directory; name a model file\n")
    assert model("large.pnml", None) == Ran(
        1, "", f"large.pnml:1: file: it is larger than {LARGEST_MODEL >> 20} MiB; name a model file\n"
    )


def test_one_of_a_kind_is_said_in_the_singular(model: Command) -> None:
    """A net of one step, and that one silent."""
    step = '<place id="e"/><transition id="a"/><arc id="1" source="s" target="a"/><arc id="2" source="a" target="e"/>'

    assert model("m.pnml", HEAD + step + END).out.startswith("m.pnml: PNML, 0 activities, 2 places, 1 transition, 1 of")


def test_a_drawing_never_replaces_the_model(model: Command, tmp_path: Path) -> None:
    """Exit code 2, and the model is what it was."""
    ran = model("m.pnml", SOUND, "--svg", "./m.pnml")

    assert ran == Ran(2, "", "--svg: `m.pnml` is read by this command; name another file\n")
    assert (tmp_path / "m.pnml").read_text() == SOUND


def test_a_drawing_that_cannot_be_written_is_said_before_any_work(model: Command) -> None:
    """The command is used wrongly then."""
    ran = model("m.pnml", SOUND, "--svg", "nowhere/m.svg")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("--svg: `nowhere/m.svg` cannot be written")
