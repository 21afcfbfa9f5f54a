"""The table: from evidence to verdict, for every way in which a connection fails. Data only.

Read it from top to bottom: the first group whose condition holds, in it the first rule that holds. A rule says what
the evidence shows and no more; what it leaves possible is listed as ``others``. What stands in braces is put in by
``judge`` and ``handshake_evidence``. The rules of TLS stand in ``rules_tls``; here are those before and after it.
"""

from __future__ import annotations

from mtlsx.probe.rule import ALWAYS, Fact, Group, Occasion, Rule, When, where
from mtlsx.probe.rules_tls import HANDSHAKE
from mtlsx.probe.verdicts import OK

# ------------------------------------------------------------------ our files

MATERIAL = Group(
    "A file of ours could not be used",
    When(occasion=Occasion.MATERIAL),
    tuple(
        Rule(name, where(reasons=(name,)), "{summary}", "{fix}", source)
        for name, source in (
            ("file-missing", "open(2): ENOENT, ENOTDIR"),
            ("file-unreadable", "open(2), read(2): any other error"),
            ("not-a-certificate", "RFC 7468, RFC 5280 section 4.1; OpenSSL does not take it"),
            ("not-a-key", "RFC 7468, RFC 5958"),
            ("key-encrypted", "RFC 5958 section 3, RFC 1421; no passphrase given"),
            ("passphrase-wrong", "RFC 8018, RFC 7292: what it decrypts to is no key"),
            ("key-mismatch", "the public keys of key and certificate are compared"),
            ("ca-file-has-no-ca", "RFC 5280 section 4.2.1.9"),
        )
    ),
)

# ------------------------------------------------------------------ the network

NETWORK = Group(
    "There is no TCP connection",
    When(occasion=Occasion.NETWORK),
    (
        Rule("dns-not-found", where(Fact.NO_ADDRESS),
             "The name {host} has no address: {error}.",
             "Check the host's spelling and this machine's name server.",
             "getaddrinfo(3)"),
        Rule("tcp-timeout", where(Fact.SILENT),
             "{target} did not answer the connection request in time.",
             "Check the address, and whether a firewall drops the packets.",
             "connect(2): ETIMEDOUT, or our own time limit"),
        Rule("tcp-unreachable", where(Fact.UNREACHABLE),
             "{target} cannot be reached: {error}.",
             "Check this machine's network and the route to the broker.",
             "connect(2): ENETUNREACH, EHOSTUNREACH; ENETDOWN, EHOSTDOWN"),
        Rule("tcp-refused", where(Fact.REFUSED),
             "{target} refused the connection: nothing listens there.",
             "Check the port, and whether the broker is running.",
             "connect(2): ECONNREFUSED"),
        Rule("tcp-refused", ALWAYS,
             "{target} broke the connection off: {error}.",
             "Check the port, and whether the broker is running.",
             "connect(2): any other error",
             ("tcp-unreachable",)),
    ),
)  # fmt: skip

# ------------------------------------------------------------------ MQTT

LOGIN = Group(
    "The broker answered CONNECT with a refusal",
    When(occasion=Occasion.CONNACK),
    (
        Rule("use-another-server", where(Fact.OTHER_SERVER, codes={0x9C, 0x9D}),
             "{target} refused the login: {code}{said}.",
             "Connect to {other_server}.",
             "MQTT 5.0 sections 3.2.2.3.16 and 4.13: Server Reference"),
        Rule("use-another-server", where(codes={0x9C, 0x9D}),
             "{target} refused the login: {code}{said}, and does not say which.",
             "Ask the broker's operator for the new address.",
             "MQTT 5.0 section 4.13"),
        Rule("mqtt-version-unsupported", where(codes={1, 0x84}),
             "{target} refused the login: {code}{said}.",
             "Choose another MQTT version.",
             "MQTT 3.1.1 table 3.1; MQTT 5.0 section 3.2.2.2"),
        Rule("client-id-rejected", where(codes={2, 0x85}),
             "{target} refused the login: {code}{said}.",
             "Choose another client id; some brokers refuse an empty or a long one.",
             "MQTT 3.1.1 section 3.1.3.1; MQTT 5.0 section 3.1.3.1"),
        Rule("bad-credentials", where(Fact.HAS_CERTIFICATE, Fact.NO_CN, codes={4, 0x86}),
             "{target} refused the login: {code}{said}.",
             "Issue our certificate with a common name (CN): it has none, and a broker that takes the user name from there finds nothing.",
             "Mosquitto: set_username_from_cert_identity (src/handle_connect.c)",
             ("not-authorized",)),
        Rule("bad-credentials", where(Fact.HAS_CERTIFICATE, codes={4, 0x86}),
             "{target} refused the login: {code}{said}.",
             "Check the password: a broker that says so as a rule knows the user, and compared it.",
             "EMQX 5.0 and 6: 134/4 where a password differs"),
        Rule("bad-credentials", where(codes={4, 0x86}),
             "{target} refused the login: {code}{said}.",
             "Check username and password; the broker's user store may also be down.",
             "MQTT 3.1.1 table 3.1; MQTT 5.0 section 3.2.2.2"),
        Rule("not-authorized", where(Fact.HAS_CERTIFICATE, Fact.NO_CN, codes={5, 0x87}),
             "{target} refused the login: {code}{said}.",
             "Issue our certificate with a common name (CN): it has none, and a broker that takes the user name from there finds nothing.",
             "EMQX: CN absent, CONNECT's user name is used (vectors emqx-observed)",
             ("bad-credentials",)),
        Rule("not-authorized", where(Fact.HAS_CERTIFICATE, codes={5, 0x87}),
             "{target} refused the login: {code}{said}.",
             "Check that the broker knows the username that follows from the certificate and accepts its password; its store may also be down.",
             "EMQX 6: 135/5 for an unknown key and for Redis down; 4.x: 5 for a wrong password too",
             ("bad-credentials",)),
        Rule("not-authorized", where(codes={5, 0x87}),
             "{target} refused the login: {code}{said}.",
             "Check username and password; the broker's user store may also be down.",
             "Mosquitto: 5/135 for a wrong password (observed); MQTT 3.1.1 table 3.1",
             ("bad-credentials",)),
        Rule("server-unavailable", where(codes={3, 0x88}),
             "{target} refused the login: {code}{said}.",
             "Try again later, or look into the broker's log.",
             "MQTT 3.1.1 table 3.1; MQTT 5.0 section 3.2.2.2"),
        Rule("server-busy", where(codes={0x89, 0x9F}),
             "{target} refused the login: {code}{said}.",
             "Try again later.",
             "MQTT 5.0 section 3.2.2.2: Server busy, Connection rate exceeded"),
        Rule("banned", where(codes={0x8A}),
             "{target} refused the login: {code}{said}.",
             "Lift the ban on the broker.",
             "MQTT 5.0 section 3.2.2.2"),
        Rule("connack-refused", ALWAYS,
             "{target} refused the login: {code}{said}.",
             "",
             "MQTT 5.0 section 3.2.2.2: any other code"),
    ),
)  # fmt: skip

HUNG_UP = Group(
    "The connection ended before CONNACK, or none came",
    ALWAYS,
    (
        Rule("not-mqtt", When(occasion=Occasion.UPGRADE),
             'The server did not upgrade {path} to a websocket: it answered "{status}".',
             "Check the path (EMQX: /mqtt) and the port.",
             "RFC 6455 section 4.1: any status but 101"),
        Rule("connack-timeout", When(occasion=Occasion.SILENCE),
             "{target} sent no CONNACK within {seconds} s.",
             "Check that this port speaks MQTT, and whether the broker waits for its user database.",
             "our own time limit; MQTT 3.1.1 section 3.1.4 leaves the server's to itself",
             ("not-mqtt",)),
        Rule("connack-refused", When(occasion=Occasion.NO_CONNACK, facts=frozenset({Fact.DISCONNECT})),
             "{target} answered CONNECT with DISCONNECT: {code}{said}.",
             "",
             "MQTT 5.0 section 3.14; a server should have sent CONNACK"),
        Rule("not-mqtt", When(occasion=Occasion.NO_CONNACK, facts=frozenset({Fact.BYTES})),
             "{target} answered CONNECT with something that is not MQTT: {first_bytes}{looks_like}.",
             "Check the port and the transport (mqtts, or wss for websockets).",
             "MQTT 3.1.1 section 3.2: a server's first packet is CONNACK"),
        # On TLS 1.3 CONNECT may overtake the judgement of a server that is busy; one that has judged has said something, or stayed.
        Rule("client-cert-rejected", When(occasion=Occasion.NO_CONNACK, facts=frozenset({Fact.ASKED, Fact.SENT, Fact.FAULTY}), without=frozenset({Fact.JUDGED})),
             "{target} asked for our certificate, said nothing more and closed the connection{suspicion}.",
             "Look into the broker's log; CONNECT had gone out, but nothing shows that the broker had taken the certificate by then.",
             "RFC 8446 section 4.4: the server judges the certificate when the handshake is over for the client",
             ("closed-without-connack", "client-cert-unknown-ca", "client-cert-revoked")),
        Rule("client-cert-required", When(occasion=Occasion.NO_CONNACK, facts=frozenset({Fact.ASKED}), without=frozenset({Fact.SENT, Fact.JUDGED})),
             "{target} asked for a client certificate, got none, said nothing more and closed the connection.",
             "Give the device's certificate and key.",
             "RFC 8446 section 4.4: as above",
             ("closed-without-connack",)),
        # What the server has against a certificate may come this late: an application judges it after TLS has.
        Rule("closed-without-connack", When(occasion=Occasion.NO_CONNACK, facts=frozenset({Fact.OVER_TLS, Fact.ASKED, Fact.SENT})),
             "{target} closed the connection after CONNECT without an answer; it had asked for our certificate, and may have refused that{suspicion}.",
             "Look into the broker's log: brokers do this for a client id, a username, a policy or a certificate that they do not accept.",
             "MQTT 3.1.1 section 3.1.4: a server may close without CONNACK; AWS IoT: for a certificate that is not active, too",
             ("client-cert-rejected",)),
        Rule("closed-without-connack", When(occasion=Occasion.NO_CONNACK, facts=frozenset({Fact.OVER_TLS, Fact.ASKED, Fact.JUDGED})),
             "{target} closed the connection after CONNECT without an answer; it had asked for a client certificate, and none was given.",
             "Give the device's certificate and key, or look into the broker's log.",
             "MQTT 3.1.1 section 3.1.4; EMQX: fail_if_no_peer_cert = false leaves it to what comes after TLS",
             ("client-cert-required",)),
        Rule("closed-without-connack", When(occasion=Occasion.NO_CONNACK, facts=frozenset({Fact.OVER_TLS})),
             "{target} closed the connection after CONNECT without an answer.",
             "Look into the broker's log: brokers do this for a client id, a username or a policy that they do not accept.",
             "MQTT 3.1.1 section 3.1.4: a server may close without CONNACK"),
        Rule("closed-without-connack", When(occasion=Occasion.NO_CONNACK),
             "{target} closed the connection after CONNECT without an answer.",
             "If this is a TLS port, use mqtts; if not, look into the broker's log.",
             "MQTT 3.1.1 section 3.1.4; Mosquitto's TLS port hangs up on a plain CONNECT"),
    ),
)  # fmt: skip

_ALLOW = "Allow it in the broker's access rules, for the username and the client id that the broker sees."

TOPICS = Group(
    "The broker does not do what is asked of it for a topic",
    ALWAYS,
    (
        Rule("subscribe-denied", When(occasion=Occasion.SUBACK),
             "{target} refused the subscription to {topics}{said}.",
             _ALLOW,
             "MQTT 3.1.1 section 3.9.3; MQTT 5.0 section 3.9.3"),
        Rule("publish-denied", When(occasion=Occasion.PUBACK),
             "{target} refused the message to {topics}{said}.",
             _ALLOW,
             "MQTT 5.0 sections 3.4.2.1 and 3.5.2.1"),
        Rule("subscribe-denied", When(occasion=Occasion.NO_ECHO, facts=frozenset({Fact.IN_5})),
             "{target} acknowledged the message to {topics}, but did not send it back within {seconds} s: it may be published, and not be read.",
             _ALLOW,
             "MQTT 5.0 section 3.4.2.1: a refusal would have had its code",
             ("publish-denied",)),
        Rule("publish-denied", When(occasion=Occasion.NO_ECHO),
             "{target} acknowledged the message to {topics}, but did not send it back within {seconds} s; before MQTT 5 a denied message is acknowledged as any other.",
             _ALLOW,
             "MQTT 3.1.1 section 3.3.5; EMQX and Mosquitto: a normal PUBACK",
             ("subscribe-denied",)),
        Rule("connection-lost", When(occasion=Occasion.UNANSWERED, facts=frozenset({Fact.OF_SUBSCRIBE})),
             "{target} did not answer SUBSCRIBE for {topics} within {seconds} s.",
             "Look into the broker's log; some brokers drop what their access rules deny.",
             "our own time limit",
             ("subscribe-denied",)),
        Rule("connection-lost", When(occasion=Occasion.UNANSWERED),
             "{target} did not answer PUBLISH for {topics} within {seconds} s.",
             "Look into the broker's log; some brokers drop what their access rules deny.",
             "our own time limit",
             ("publish-denied",)),
        Rule("connection-lost", When(occasion=Occasion.HUNG_UP, facts=frozenset({Fact.OF_SUBSCRIBE})),
             "{target} closed the connection on SUBSCRIBE for {topics}.",
             "Look into the broker's log: some brokers hang up on what their access rules deny.",
             "EMQX: deny_action = disconnect is an end of file in MQTT 3.1.1",
             ("subscribe-denied", "session-taken-over")),
        Rule("connection-lost", When(occasion=Occasion.HUNG_UP),
             "{target} closed the connection on PUBLISH for {topics}.",
             "Look into the broker's log: some brokers hang up on what their access rules deny.",
             "EMQX: deny_action = disconnect is an end of file in MQTT 3.1.1",
             ("publish-denied", "session-taken-over")),
    ),
)  # fmt: skip

_OWN_ID = (
    "Give each device its own client id; two with one certificate share what is mapped from it."
)

SESSION = Group(
    "An accepted connection ended without our asking",
    When(occasion=Occasion.LOSS),
    (
        Rule("session-taken-over", where(Fact.DISCONNECT, codes={0x8E}),
             "{target} ended the connection: another client connected with the same client id ({code}{said}).",
             _OWN_ID,
             "MQTT 5.0 section 3.14.2.1: Session taken over"),
        Rule("disconnected-by-server", where(Fact.DISCONNECT),
             "{target} ended the connection: {code}{said}.",
             "",
             "MQTT 5.0 section 3.14.2.1"),
        Rule("connection-lost", where(Fact.NO_PINGRESP),
             "{target} did not answer the keepalive ping.",
             "Check the network between here and the broker.",
             "MQTT 3.1.1 section 3.1.2.10"),
        Rule("session-taken-over", where(Fact.PATTERN),
             "{target} closed the connection {times} times in a row, each time soon after it had accepted us: another client uses the same client id, and the two push each other out.",
             _OWN_ID,
             "MQTT 3.1.1 section 3.1.4 (MQTT-3.1.4-2); EMQX 4.2 to 5.0 and Mosquitto: an end of file",
             ("connection-lost",)),
        Rule("connection-lost", ALWAYS,
             "{target} closed the connection.",
             "If it happens again and again, another client may use the same client id.",
             "an end of file or a reset; MQTT 3.1.1 has no packet to say why",
             ("session-taken-over",)),
    ),
)  # fmt: skip

SUCCESS = Group(
    "Nothing failed",
    When(occasion=Occasion.SUCCESS),
    (
        Rule(OK, where(Fact.ECHOED),
             "{target} accepts us, and takes and delivers our message.",
             "",
             "PUBACK and the message itself"),
        Rule(OK, where(Fact.ACCEPTED),
             "{target} accepts us.",
             "",
             "CONNACK 0"),
        Rule(OK, where(without={Fact.OVER_TLS}),
             "{target} takes the connection.",
             "",
             "connect(2)"),
        Rule(OK, where(Fact.OVER_TLS, without={Fact.ASKED}),
             "{target} agrees on {version}, and asks for no client certificate.",
             "",
             "no CertificateRequest; EMQX: verify_none"),
        Rule(OK, where(Fact.OVER_TLS, Fact.ASKED, without={Fact.SENT}),
             "{target} agrees on {version}, and goes on without a client certificate.",
             "",
             "EMQX: fail_if_no_peer_cert = false"),
        Rule(OK, where(Fact.OVER_TLS, Fact.ASKED, Fact.SENT, Fact.JUDGED),
             "{target} agrees on {version}, and accepts our certificate.",
             "",
             "TLS 1.2: Finished; TLS 1.3: what the server sends after ours"),
        Rule(OK, where(Fact.OVER_TLS, Fact.ASKED, Fact.SENT),
             "{target} agrees on {version}, and had nothing against our certificate within {seconds} s.",
             "",
             "RFC 8446 section 4.4.4: the server may judge it after our Finished"),
    ),
)  # fmt: skip

RULES: tuple[Group, ...] = (
    MATERIAL, NETWORK, SUCCESS, *HANDSHAKE, LOGIN, HUNG_UP, TOPICS, SESSION,
)  # fmt: skip
"""The table, in the order in which it is read."""
