"""Permits with a deadline: which of the log's two dates is the question, as the page on service levels says."""

import gzip
import re
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

PAGE = (Path(__file__).parents[2] / "docs" / "service-levels.md").read_text()


def test_the_page_says_how_many_permits_either_date_would_call_late(test_data: Path) -> None:
    """By their events, and by an attribute that some do not have."""
    with gzip.open(test_data / "receipt_wabo" / "receipt.xes.gz") as file:
        root = ElementTree.parse(file).getroot()  # noqa: S314 -- a file of the test data
    cases = late = absent = noted = 0
    for trace in root.findall("{*}trace"):
        fields = {field.get("key"): field.get("value", "") for field in trace}
        events = [f.get("value", "") for e in trace.findall("{*}event") for f in e if f.get("key") == "time:timestamp"]
        deadline = datetime.fromisoformat(fields["deadline"])
        cases += 1
        late += max(map(datetime.fromisoformat, events)) > deadline
        absent += "enddate" not in fields
        noted += "enddate" in fields and datetime.fromisoformat(fields["enddate"]) > deadline

    text = " ".join(PAGE.split())
    told = re.search(r"; (\d+) of ([\d,]+) cases have an event after it", text)
    believed = re.search(r"absent in (\d+) cases, and whoever believes it comes to (\d+) cases", text)
    assert told is not None
    assert believed is not None
    assert [int(figure.replace(",", "")) for figure in told.groups()] == [late, cases] == [92, 1_434]
    assert [int(figure) for figure in believed.groups()] == [absent, noted] == [105, 377]
