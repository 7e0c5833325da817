"""JUnit XML, which CI servers show as test results."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from prefqa.report.ci.outcome import Outcome

_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)|(?m:^::)")


def junit(outcome: Outcome) -> str:
    """Return a suite with a test case per rule that ran and per condition of the gate.

    A finding of severity error fails its case; warnings are its output. A rule that could not run, and an inconclusive
    condition, are skipped cases.
    """
    problems = {problem.code: problem for problem in outcome.problems}
    cases: list[ET.Element] = []
    for code in outcome.check.ran:
        case = ET.Element("testcase", classname="prefqa.check", name=code, time="0")
        problem = problems.get(code)
        if problem is not None:
            case.set("name", f"{code} {problem.name}")
            text = "\n".join([problem.message, *problem.examples])
            if problem.severity == "error":
                ET.SubElement(case, "failure", message=problem.message, type=problem.severity).text = text
            else:
                ET.SubElement(case, "system-out").text = f"{problem.severity}: {text}"
        cases.append(case)
    for code, reason in outcome.check.not_run.select("code", "reason").iter_rows():
        case = ET.Element("testcase", classname="prefqa.check", name=code, time="0")
        ET.SubElement(case, "skipped", message=reason)
        cases.append(case)
    for line in outcome.lines:
        case = ET.Element("testcase", classname="prefqa.gate", name=line["name"], time="0")
        if line["verdict"] == "fail":
            ET.SubElement(case, "failure", message=line["message"], type="fail").text = line["message"]
        elif line["verdict"] == "inconclusive":
            ET.SubElement(case, "skipped", message=line["message"])
        else:
            ET.SubElement(case, "system-out").text = f"{line['verdict']}: {line['message']}"
        cases.append(case)
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    attributes = {name: str(count) for name, count in counts.items()}
    root = ET.Element("testsuites", {"name": "prefqa", "errors": "0", **attributes})
    suite = ET.SubElement(root, "testsuite", {"name": outcome.path, "time": "0", "errors": "0", **attributes})
    suite.extend(cases)
    ET.indent(root)
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
    # Printed in a CI job, commands in the data would act on its runner; XML reads these references as they were.
    return _COMMAND.sub(lambda found: "".join(f"&#{ord(c)};" for c in found[0]), text)
