"""The table of topics and its tree against a model: a plain dict in the order of the last message."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.message import Message
from mtlsx.client.topic_search import TopicSearch
from mtlsx.client.topic_tree import Node, TopicTree, natural_order, rows_below
from mtlsx.client.topics import LEVEL_BYTES, MOST_LEVELS, RECORD_BYTES, TopicTable

LEVELS = st.text("a1/", min_size=1, max_size=5)


def message(topic: str, payload: bytes = b"x", *, retain: bool = False) -> Message:
    return Message(topic, payload, 0, retain, dup=False, outgoing=False, received_at=0.0)


def filled(*topics: str) -> TopicTree:
    tree = TopicTree(TopicTable())
    for topic in topics:
        tree.table.add(message(topic))
    tree.take()
    return tree


def names(rows: list[Node]) -> list[str]:
    """Each row as it would be shown: indented, with its counts."""
    return [f"{'  ' * (row.depth - 1)}{row.level} {row.topics} {row.messages}" for row in rows]


@given(
    st.lists(st.one_of(st.tuples(LEVELS, st.integers(0, 900)), st.sampled_from(["take", "clear"]))),
    st.integers(1, 4),
    st.integers(500, 5000),
    st.integers(1, 3),
)
def test_the_tree_counts_what_the_table_keeps(
    steps: list[tuple[str, int] | str], most: int, most_bytes: int, at_once: int
) -> None:
    table = TopicTable(most, most_bytes)
    tree = TopicTree(table)
    kept: dict[str, tuple[int, int]] = {}
    forgotten = 0

    def cost(name: str) -> int:
        levels = name.count("/") + 1
        return RECORD_BYTES + LEVEL_BYTES * levels + len(name) + kept[name][1]

    for step in steps:
        if step == "take":
            tree.take(at_once)
        elif step == "clear":
            table.clear()
            kept.clear()
            forgotten = 0
        else:
            name, size = step
            count, _ = kept.pop(name, (0, 0))
            kept[name] = (count + 1, size)
            table.add(message(name, bytes(size)))
            while len(kept) > 1 and (len(kept) > most or sum(map(cost, kept)) > most_bytes):
                kept.pop(next(iter(kept)))
                forgotten += 1
        assert (len(table), table.forgotten) == (len(kept), forgotten)
        assert table.bytes == sum(map(cost, kept))
    while tree.take(at_once) or table.changes(0).gone:
        pass
    for _ in kept:
        tree.take()
    everything = rows_below(tree.root, closed_too=True)
    found = {row.topic.name: row.topic.messages for row in everything if row.topic is not None}
    assert found == {name: count for name, (count, _) in kept.items()}
    for row in (tree.root, *everything):
        below = [row, *rows_below(row, closed_too=True)]
        ends = [each.topic for each in below if each.topic is not None]
        assert (row.topics, row.messages) == (len(ends), sum(each.messages for each in ends))
        assert row is tree.root or row.topics


@given(st.lists(LEVELS, max_size=20), st.integers(1, 30), st.integers(0, 30))
def test_a_search_gives_the_topics_with_that_text_and_what_is_above_them(
    topics: list[str], nodes: int, before: int
) -> None:
    tree = filled(*topics)
    search = TopicSearch(tree.root, "A")
    search.advance(before)
    assert search.narrow("A1")
    assert not search.narrow("b")
    seen = list(search.rows)
    while not search.advance(nodes):
        # What was shown stays where it is.
        assert search.rows[: len(seen)] == seen
        seen = list(search.rows)
    rows, found, first = search.rows, search.topics, search.first
    matches = [row for row in rows if row.topic is not None and "a1" in row.topic.name]
    assert all(search.finds(row) for row in matches)
    assert {row.topic.name for row in matches if row.topic} == {
        topic for topic in topics if "a1" in topic
    }
    assert (found, first) == (len(matches), rows.index(matches[0]) if matches else 0)
    assert [row for row in rows_below(tree.root, closed_too=True) if row in set(rows)] == rows
    for row in rows:
        assert any("a1" in topic.name for topic in tree.topics_below(row))


def test_levels_are_in_natural_order() -> None:
    tree = filled("dev-10/t", "dev-9/t", "dev-9", "$SYS/load", "/", "b", "10", "9")
    assert names(rows_below(tree.root)) == [
        " 1 1", "$SYS 1 1", "9 1 1", "10 1 1", "b 1 1", "dev-9 2 2", "dev-10 1 1",
    ]  # fmt: skip


@given(st.lists(st.text("019a.", max_size=4), unique=True))
def test_no_two_levels_have_the_same_order(levels: list[str]) -> None:
    assert len({natural_order(level) for level in levels}) == len(levels)


def test_only_what_is_below_open_nodes_is_shown() -> None:
    tree = filled("factory/1/temperature", "factory/2/temperature", "lab")
    factory = tree.find("factory")
    assert factory is not None
    factory.open = True
    assert names(rows_below(tree.root)) == ["factory 2 2", "  1 1 1", "  2 1 1", "lab 1 1"]


def test_the_last_message_is_the_value_and_a_retained_one_is_remembered() -> None:
    tree = TopicTree(TopicTable())
    for payload, retain in ((b"1", True), (b"2", False)):
        tree.table.add(message("t", payload, retain=retain))
    tree.take()
    node = tree.find("t")
    assert node is not None
    assert node.topic is not None
    assert (node.topic.last.payload, node.topic.retained) == (b"2", True)
    tree.table.add(message("t", b"", retain=True))
    assert not node.topic.retained
    tree.table.add(message("t", b"3", retain=True))
    tree.table.cleared("t")
    assert not node.topic.retained


def test_a_topic_of_very_many_levels_costs_no_more_than_a_few() -> None:
    tree = filled("/" * 65_535)
    assert len(rows_below(tree.root, closed_too=True)) == MOST_LEVELS
    node = tree.find("/" * 65_535)
    assert node is not None
    assert node.topic is not None


def test_what_nobody_asks_for_does_not_pile_up() -> None:
    table = TopicTable(max_topics=10)
    for number in range(1000):
        table.add(message(f"t/{number}"))
    changes = table.changes(1000)
    assert (len(changes.news), len(changes.gone), table.forgotten) == (10, 0, 990)


def test_messages_may_come_while_the_tree_is_looked_at() -> None:
    tree = TopicTree(TopicTable(max_topics=50))

    def fill() -> None:
        for number in range(20_000):
            tree.table.add(message(f"t/{number % 70}"))

    thread = threading.Thread(target=fill)
    thread.start()
    while thread.is_alive():
        tree.take(7)
        assert tree.root.topics == len(tree.topics_below(tree.root))
    thread.join()
    tree.take()
    assert tree.root.topics == 50
