"""Labels of fields stand before their controls, and end before them."""

from __future__ import annotations

from mtlsx_tui.screens.form_settings import SETTINGS as FORM
from mtlsx_tui.settings import SETTINGS

ROOM = 12  # cells; the controls begin at the next but one


def test_no_label_reaches_its_control() -> None:
    labels = [each.label for each in FORM] + [each.title for each in SETTINGS]
    assert len(labels) > 40
    assert [label for label in labels if len(label) > ROOM] == []
