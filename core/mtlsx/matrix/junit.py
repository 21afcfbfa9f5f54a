"""The matrix as JUnit XML, which CI systems show: a test case for each try.

Form: the elements that Jenkins' and GitLab's readers share: testsuites, testsuite, testcase, failure, error, skipped.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from mtlsx.matrix.judge import Outcome
from mtlsx.matrix.words import candidate_name

if TYPE_CHECKING:
    from mtlsx.matrix.judge import Try
    from mtlsx.matrix.run import Matrix


def as_junit(matrices: Sequence[Matrix]) -> bytes:
    """The XML document for ``matrices``, one test suite each."""
    root = ET.Element("testsuites")
    root.extend(map(_suite, matrices))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(matrix: Matrix) -> Element:
    cases = [_case(each, str(matrix.target)) for each in matrix.tries]
    if matrix.stopped is not None:
        case = ET.Element("testcase", classname=f"mtlsx.matrix.{matrix.target}", name="reachable")
        _add(case, "error", matrix.stopped.id, str(matrix.stopped))
        cases.append(case)
    suite = ET.Element("testsuite", name=f"mtlsx matrix {matrix.target}", tests=str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    suite.extend(cases)
    return suite


def _case(each: Try, target: str) -> Element:
    case = ET.Element(
        "testcase",
        classname=f"mtlsx.matrix.{target}",
        name=f"{candidate_name(each.candidate)}, TLS {each.version}",
    )
    if each.right is False:
        _add(case, "failure", each.outcome, " ".join(filter(None, (each.why, each.fix))))
    elif each.outcome is Outcome.UNCLEAR:
        _add(case, "error", each.verdict.id, str(each.verdict))
    elif each.outcome is Outcome.NOT_SPOKEN:
        _add(case, "skipped", None, f"It does not speak TLS {each.version}.")
    return case


def _add(case: Element, tag: str, kind: str | None, message: str) -> None:
    message = "".join(char if char.isprintable() else "�" for char in message)
    ET.SubElement(case, tag, {"message": message, **({"type": kind} if kind else {})})
