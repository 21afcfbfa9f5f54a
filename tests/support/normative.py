"""What the standards demand of a server's behaviour, by number, and which tests say that they show it.

    python tests/support/normative.py      prints each demand with its tests

What they demand of the form of packets is in ``mtlsx.packets.demands``, and tested with the codec. What a client
must do, what only a transport can keep, and what the engine decides (which client ids, enhanced authentication) is not
in the tables; but what both standards demand of a client that delivers again, of its order, is: a server does so too.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


def shows(*, v5: str = "", v3: str = "") -> Callable[[Test], Test]:
    """Say which demands a test shows: numbers without ``MQTT-``, separated by spaces."""
    unknown = (set(v5.split()) - V5.keys()) | (set(v3.split()) - V3.keys())
    if unknown:
        raise ValueError(f"There is no demand {', '.join(sorted(unknown))} in the tables.")
    return lambda test: test


def shown(tests: Path) -> dict[str, list[str]]:
    """The tests in a directory that show a demand, by ``v5 3.1.2-4``."""
    found: dict[str, list[str]] = {}
    for path in sorted(tests.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef):
                continue
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "shows":
                    for keyword in call.keywords:
                        for number in ast.literal_eval(keyword.value).split():
                            name = f"{path.stem}::{node.name}"
                            found.setdefault(f"{keyword.arg} {number}", []).append(name)
    return found


def _table(text: str) -> dict[str, str]:
    lines = (line.strip() for line in text.strip().splitlines())
    return dict(line.split(" ", 1) for line in lines)


V5: Final = _table("""
2.2.1-4 a new PUBLISH has a packet identifier that is not in use
2.2.1-5 PUBACK, PUBREC, PUBREL and PUBCOMP have the identifier of their PUBLISH
2.2.1-6 SUBACK and UNSUBACK have the identifier of what they answer
3.1.0-2 a second CONNECT closes the connection
3.1.2-2 a protocol version that is not supported closes the connection
3.1.2-4 clean start discards the session
3.1.2-5 without clean start the session goes on
3.1.2-6 without clean start and session there is a new one
3.1.2-7 a will is stored
3.1.2-8 a will is published after the connection is closed, and its delay over or the session ended
3.1.2-10 a will is removed once published, or by DISCONNECT 0
3.1.2-14 a will without retain is not retained
3.1.2-15 a will with retain is retained
3.1.2-22 one and a half keep alives of silence close the connection
3.1.2-23 the session is kept after the connection is closed
3.1.2-24 no packet is larger than the client's maximum packet size
3.1.2-25 a message too large is discarded as if it had been sent
3.1.2-26 no topic alias is above the client's maximum
3.1.2-27 no topic alias without a maximum
3.1.2-28 no response information that was not asked for
3.1.2-29 no reason string or user property that was not asked for
3.1.3-2 the client id identifies the session
3.1.3-5 client ids of 1 to 23 letters and digits are allowed
3.1.3-6 an empty client id gets a unique one
3.1.3-7 the assigned client id is told
3.1.3-9 no will where the session goes on within its delay
3.1.3-10 user properties of a will keep their order
3.1.4-1 a CONNECT of wrong form closes the connection
3.1.4-3 the old connection of a client id gets DISCONNECT 0x8E and is closed
3.1.4-4 clean start is processed
3.1.4-5 CONNACK 0 acknowledges CONNECT
3.1.4-6 nothing behind a refused CONNECT is processed
3.2.0-1 CONNACK comes first
3.2.0-2 there is one CONNACK
3.2.2-2 no session present after clean start
3.2.2-3 session present says whether there was a session
3.2.2-6 no session present in a refusal
3.2.2-7 a refusal closes the connection
3.2.2-8 the codes of CONNACK are those of the standard
3.2.2-9 a maximum QoS is told
3.2.2-10 SUBSCRIBE may ask for any QoS
3.2.2-12 a will above the maximum QoS is refused
3.2.2-13 a retained will is refused where retain is not supported
3.2.2-16 the assigned client id is in CONNACK, and is new
3.2.2-19 a reason string does not make CONNACK too large
3.2.2-20 user properties do not make CONNACK too large
3.2.2-21 a server keep alive counts
3.2.2-22 without a server keep alive the client's counts
3.3.1-1 a message that is sent again has DUP
3.3.1-2 DUP is 0 with QoS 0
3.3.1-3 DUP does not come from the publisher
3.3.1-5 a retained message replaces the one of its topic
3.3.1-6 an empty retained message removes it
3.3.1-7 an empty retained message is not stored
3.3.1-8 a message without retain leaves the retained one
3.3.1-9 retain handling 0 sends retained messages
3.3.1-10 retain handling 1 sends them with a new subscription only
3.3.1-11 retain handling 2 sends none
3.3.1-12 without retain as published RETAIN is 0
3.3.1-13 with retain as published RETAIN is the publisher's
3.3.2-3 the topic name matches a subscription
3.3.2-4 the payload format indicator goes on
3.3.2-5 a message that expired is not sent
3.3.2-6 the message expiry interval is less what the message waited
3.3.2-7 topic aliases end with the connection
3.3.2-11 a topic alias to the client is within its maximum
3.3.2-12 every topic alias within our maximum is accepted
3.3.2-15 the response topic goes on
3.3.2-16 the correlation data goes on
3.3.2-17 the user properties go on
3.3.2-18 user properties keep their order
3.3.2-20 the content type goes on
3.3.4-1 a PUBLISH is answered by its QoS
3.3.4-2 overlapping subscriptions deliver the highest QoS
3.3.4-3 the subscription identifier is sent
3.3.4-4 one copy has all subscription identifiers
3.3.4-9 no more messages than the receive maximum are on their way
3.3.4-10 nothing else waits for the receive maximum
3.4.2-2 a reason string does not make PUBACK too large
3.4.2-3 user properties do not make PUBACK too large
3.5.2-2 a reason string does not make PUBREC too large
3.5.2-3 user properties do not make PUBREC too large
3.6.2-2 a reason string does not make PUBREL too large
3.6.2-3 user properties do not make PUBREL too large
3.7.2-2 a reason string does not make PUBCOMP too large
3.7.2-3 user properties do not make PUBCOMP too large
3.8.3-3 no local keeps a message from its publisher
3.8.4-1 SUBSCRIBE is answered by SUBACK
3.8.4-2 SUBACK has the packet identifier
3.8.4-3 the same filter replaces the subscription
3.8.4-4 a replaced subscription gets retained messages again and loses none
3.8.4-5 several filters are like several SUBSCRIBEs
3.8.4-6 SUBACK has a code for each filter
3.8.4-7 the code is the QoS granted, or a failure
3.8.4-8 a message has the lower of its own QoS and the granted
3.9.2-1 a reason string does not make SUBACK too large
3.9.2-2 user properties do not make SUBACK too large
3.9.3-1 the codes are in the order of the filters
3.9.3-2 the codes are those of the standard
3.10.4-1 filters are compared character by character
3.10.4-2 no new messages after UNSUBSCRIBE
3.10.4-3 deliveries that have begun are completed
3.10.4-4 UNSUBSCRIBE is answered by UNSUBACK
3.10.4-5 UNSUBACK has the packet identifier
3.10.4-6 several filters are like several UNSUBSCRIBEs
3.11.2-1 a reason string does not make UNSUBACK too large
3.11.2-2 user properties do not make UNSUBACK too large
3.11.3-1 the codes are in the order of the filters
3.11.3-2 the codes are those of the standard
3.12.4-1 PINGREQ is answered by PINGRESP
3.14.0-1 no DISCONNECT before CONNACK
3.14.2-2 no session expiry interval in the server's DISCONNECT
3.14.2-3 a reason string does not make DISCONNECT too large
3.14.2-4 user properties do not make DISCONNECT too large
3.14.4-1 nothing is sent behind DISCONNECT
3.14.4-2 the connection is closed behind DISCONNECT
3.14.4-3 DISCONNECT 0 discards the will
4.1.0-1 the session is kept while the connection is open
4.1.0-2 the session is discarded when it has expired
4.3.1-1 QoS 0 has neither identifier nor DUP
4.3.2-1 QoS 1: an unused identifier
4.3.2-2 QoS 1: DUP is 0 the first time
4.3.2-3 QoS 1: unacknowledged until PUBACK
4.3.2-4 QoS 1: PUBACK answers
4.3.2-5 QoS 1: after PUBACK the identifier is new
4.3.3-1 QoS 2: an unused identifier
4.3.3-2 QoS 2: DUP is 0 the first time
4.3.3-3 QoS 2: unacknowledged until PUBREC
4.3.3-4 QoS 2: PUBREL answers PUBREC
4.3.3-5 QoS 2: PUBREL is unacknowledged until PUBCOMP
4.3.3-6 QoS 2: no PUBLISH after PUBREL
4.3.3-7 QoS 2: what has been sent does not expire
4.3.3-8 QoS 2: PUBREC answers
4.3.3-9 QoS 2: after a refusing PUBREC the identifier is new
4.3.3-10 QoS 2: until PUBREL the identifier is the same message
4.3.3-11 QoS 2: PUBCOMP answers PUBREL
4.3.3-12 QoS 2: after PUBCOMP the identifier is new
4.3.3-13 QoS 2: the exchange goes on though the message expired
4.4.0-1 whoever comes back gets what is not acknowledged, with the same identifiers
4.4.0-2 a refusing acknowledgement is one
4.5.0-1 a message is added to the sessions of all subscribers
4.6.0-1 messages are sent again in their order
4.6.0-2 PUBACKs are in the order of their PUBLISHes
4.6.0-3 PUBRECs are in the order of their PUBLISHes
4.6.0-4 PUBRELs are in the order of their PUBRECs
4.6.0-5 messages of a topic and QoS keep the publisher's order
4.6.0-6 every topic is ordered
4.7.2-1 wildcards in front do not match $
4.7.3-4 topics are not normalized
4.8.2-3 a member of a group gets its granted QoS
4.8.2-4 a QoS 2 delivery to a member is completed when it comes back
4.8.2-5 a QoS 2 delivery that has begun is nobody else's
4.8.2-6 what a member refuses is nobody else's
4.9.0-1 the quota begins with no more than the receive maximum
4.9.0-2 no PUBLISH without quota
4.9.0-3 other packets are answered without quota
4.12.0-6 no AUTH, and no method in CONNACK, where CONNECT had none
4.13.1-1 a malformed packet closes the connection
4.13.2-1 a CONNACK or DISCONNECT with an error closes the connection
""")

V3: Final = _table("""
2.3.1-4 a new PUBLISH has a packet identifier that is not in use
2.3.1-6 acknowledgements have the identifier of their PUBLISH
2.3.1-7 SUBACK and UNSUBACK have the identifier of what they answer
3.1.0-2 a second CONNECT closes the connection
3.1.2-2 CONNACK 1 answers a protocol level that is not supported
3.1.2-4 without clean session the session goes on
3.1.2-5 messages of QoS 1 and 2 are kept for a client that is away
3.1.2-6 clean session discards the session, and it ends with the connection
3.1.2-7 retained messages do not end with a session
3.1.2-8 the will is published when the connection is closed without DISCONNECT
3.1.2-10 DISCONNECT removes the will
3.1.2-12 without will flag no will is published
3.1.2-16 a will without retain is not retained
3.1.2-17 a will with retain is retained
3.1.2-24 one and a half keep alives of silence close the connection
3.1.3-2 the client id identifies the session
3.1.3-5 client ids of 1 to 23 letters and digits are allowed
3.1.3-6 an empty client id gets a unique one
3.1.4-1 a CONNECT of wrong form closes the connection
3.1.4-2 the old connection of a client id is closed
3.1.4-3 clean session is processed
3.1.4-4 CONNACK 0 acknowledges CONNECT
3.1.4-5 nothing behind a refused CONNECT is processed
3.2.0-1 CONNACK comes first
3.2.2-1 no session present after clean session
3.2.2-2 session present where there was a session
3.2.2-3 no session present where there was none
3.2.2-4 no session present in a refusal
3.2.2-5 a refusal closes the connection
3.2.2-6 where no return code fits there is no CONNACK
3.3.1-1 a message that is sent again has DUP
3.3.1-2 DUP is 0 with QoS 0
3.3.1-3 DUP does not come from the publisher
3.3.1-5 a retained message is stored
3.3.1-6 a new subscription gets the retained message
3.3.1-7 a retained message of QoS 0 replaces the one before
3.3.1-8 RETAIN is 1 for a new subscription
3.3.1-9 RETAIN is 0 for a subscription that is there
3.3.1-10 an empty retained message removes it
3.3.1-11 an empty retained message is not stored
3.3.1-12 a message without retain leaves the retained one
3.3.2-3 the topic name matches a subscription
3.3.4-1 a PUBLISH is answered by its QoS
3.3.5-1 overlapping subscriptions deliver the highest QoS
3.3.5-2 a message that is not authorized is acknowledged, or the connection closed
3.8.4-1 SUBSCRIBE is answered by SUBACK
3.8.4-2 SUBACK has the packet identifier
3.8.4-3 the same filter replaces the subscription, with retained messages again
3.8.4-4 several filters are like several SUBSCRIBEs
3.8.4-5 SUBACK has a code for each filter
3.8.4-6 a message has the lower of its own QoS and the granted
3.9.3-1 the codes are in the order of the filters
3.9.3-2 the codes are 0, 1, 2 and 0x80
3.10.4-1 filters are compared character by character
3.10.4-2 no new messages after UNSUBSCRIBE
3.10.4-3 deliveries that have begun are completed
3.10.4-4 UNSUBACK has the packet identifier
3.10.4-5 UNSUBACK also where nothing was subscribed
3.10.4-6 several filters are like several UNSUBSCRIBEs
3.12.4-1 PINGREQ is answered by PINGRESP
3.14.4-3 DISCONNECT discards the will
4.1.0-1 the session's state is kept for as long as the session
4.1.0-2 the session lasts at least as long as its connection
4.3.1-1 QoS 0 has DUP 0
4.3.2-1 QoS 1: identifier, DUP and PUBACK of a sender
4.3.2-2 QoS 1: a receiver answers, and the identifier is new afterwards
4.3.3-1 QoS 2: identifiers, DUP, PUBREL and no PUBLISH after it, of a sender
4.3.3-2 QoS 2: a receiver answers, and delivers once
4.4.0-1 whoever comes back gets what is not acknowledged, with the same identifiers
4.5.0-1 a message is added to the sessions of all subscribers
4.6.0-1 messages are sent again in their order
4.6.0-2 PUBACKs are in the order of their PUBLISHes
4.6.0-3 PUBRECs are in the order of their PUBLISHes
4.6.0-4 PUBRELs are in the order of their PUBRECs
4.6.0-5 every topic is ordered
4.6.0-6 messages of a topic and QoS keep the publisher's order
4.7.2-1 wildcards in front do not match $
4.7.3-4 topics are not normalized
4.8.0-1 a breach closes the connection
""")


if __name__ == "__main__":
    SHOWN = shown(Path(__file__).parents[1])
    for version, table in (("v5", V5), ("v3", V3)):
        for number, text in table.items():
            tests = ", ".join(SHOWN.get(f"{version} {number}", ["-"]))
            print(f"{version} MQTT-{number}  {text}: {tests}")  # noqa: T201  # that is what it is for
