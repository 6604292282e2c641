# A mesh of libtorrent DHT nodes, one session and one 127.x address each, that counts every query a given asker sends to every node.
"""Commands: start, announce, received, samples, forget. Each session logs its DHT packets as alerts with libtorrent's own clock:
the record of who asked what and when is the foreign node's, not ours."""

import os
import re
import socket
import threading
import time

import libtorrent as lt

from lines import serve

MESH = dict(
    dht_restrict_routing_ips=False,
    dht_restrict_search_ips=False,
    dht_ignore_dark_internet=False,
    dht_enforce_node_id=False,
    dht_prefer_verified_node_ids=False,
    dht_block_ratelimit=1000000,
    dht_upload_rate_limit=100000000,
    dht_bootstrap_nodes="",
    enable_lsd=False,
    enable_upnp=False,
    enable_natpmp=False,
    enable_ip_notifier=False,
    alert_mask=lt.alert.category_t.dht_log_notification,
    alert_queue_size=100000,
)
INCOMING = re.compile(r"^<== \[(.+?)\] ")

nodes = []  # (address, port, session)
packets = []  # (node index, epoch seconds, asker 'ip:port', method or 'r' or 'e')
lock = threading.Lock()
stopping = False


def drain():
    """Moves the alerts of all sessions into `packets`."""
    with lock:
        for index, (_, _, session) in enumerate(nodes):
            for alert in session.pop_alerts():
                if not isinstance(alert, lt.dht_pkt_alert):
                    continue
                message = INCOMING.match(alert.message())
                if message:
                    packets.append((index, alert.timestamp().timestamp(), message.group(1), kind_of(alert.pkt_buf)))


def kind_of(packet):
    """The method of a query, 'r' of a reply, 'e' of an error."""
    decoded = lt.bdecode(packet)
    kind = decoded.get(b"y", b"?")
    return decoded.get(b"q", b"?").decode("latin1") if kind == b"q" else kind.decode("latin1")


def drain_often():
    while not stopping:
        drain()
        time.sleep(0.05)


def start(addresses, port, interval_s=0, settings=None):
    """One node per address; each is told of all others. Answers when every node is listening and answers a ping."""
    for address in addresses:
        session = lt.session(
            {**MESH, "listen_interfaces": f"{address}:{port}", "dht_sample_infohashes_interval": interval_s, "enable_dht": True, **(settings or {})}
        )
        nodes.append((address, port, session))
    for address, _, session in nodes:
        for other, _, _ in nodes:
            if other != address:
                session.add_dht_node((other, port))
    threading.Thread(target=drain_often, daemon=True).start()
    return {"nodes": [f"{address}:{port}" for address, port, _ in nodes], "ids": ids()}


class Asker:
    """A raw KRPC asker on one source address: queries in flight by transaction id, no table, no patience."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((address, 0))
        self.socket.settimeout(0.5)
        self.id = os.urandom(20)

    def ask_all(self, questions, rounds=5, window=64):
        """questions: (endpoint, method, arguments) -> list of replies in the same order; None where nothing came after all rounds."""
        replies = [None] * len(questions)
        for _ in range(rounds):
            waiting = [i for i, reply in enumerate(replies) if reply is None]
            for first in range(0, len(waiting), window):
                self.ask_window(waiting[first : first + window], questions, replies)
        return replies

    def ask_window(self, indices, questions, replies):
        for i in indices:
            endpoint, method, arguments = questions[i]
            arguments = {b"id": self.id, **arguments}
            query = {b"t": i.to_bytes(4, "big"), b"y": b"q", b"q": method.encode(), b"a": arguments, b"ro": 1}
            self.socket.sendto(lt.bencode(query), endpoint)
        left = len(indices)
        while left:
            try:
                data, _ = self.socket.recvfrom(65536)
            except (TimeoutError, socket.timeout):
                return
            reply = lt.bdecode(data)
            index = int.from_bytes(reply.get(b"t", b""), "big")
            if index < len(replies) and replies[index] is None and b"r" in reply:
                replies[index] = reply[b"r"]
                left -= 1


def ids():
    """Each node's id as the node itself states it in a ping reply, hex, in the order of the nodes."""
    asker = Asker(nodes[0][0])
    replies = asker.ask_all([((address, port), "ping", {}) for address, port, _ in nodes])
    return [reply[b"id"].hex() if reply else None for reply in replies]


def announce(entries, copies=8):
    """entries: {info_hash, address, port, seed}. Each is announced from its own source address to the `copies` nodes closest to the infohash. Answers how many announces were accepted."""
    known = [(int(node_id, 16), (address, port)) for node_id, (address, port, _) in zip(ids(), nodes) if node_id]
    by_source = {}
    for entry in entries:
        by_source.setdefault(entry["address"], []).append(entry)
    accepted = 0
    for address, group in by_source.items():
        asker = Asker(address)
        targets = []
        for entry in group:
            target = int(entry["info_hash"], 16)
            for _, endpoint in sorted(known, key=lambda node: node[0] ^ target)[:copies]:
                targets.append((entry, endpoint))
        tokens = asker.ask_all([(endpoint, "get_peers", {b"info_hash": bytes.fromhex(entry["info_hash"])}) for entry, endpoint in targets])
        questions = [
            (endpoint, "announce_peer", {b"info_hash": bytes.fromhex(entry["info_hash"]), b"port": entry["port"], b"seed": 1 if entry.get("seed") else 0, b"token": reply[b"token"]})
            for (entry, endpoint), reply in zip(targets, tokens)
            if reply
        ]
        accepted += sum(1 for reply in asker.ask_all(questions) if reply)
    return accepted


def received(asker_address=None):
    """Every DHT packet a node got, {node, at_s, from, kind}; only those from one address if it is given."""
    drain()
    with lock:
        return [
            {"node": index, "at_s": at, "from": asker, "kind": kind}
            for index, at, asker, kind in packets
            if asker_address is None or asker.rsplit(":", 1)[0] == asker_address
        ]


def samples():
    """All infohashes the nodes hold by their own BEP 51 answers, asked from a source of our own until nothing new comes: the truth of the mesh."""
    asker, found, quiet = Asker(nodes[0][0]), set(), 0
    while quiet < 5:
        before = len(found)
        for reply in asker.ask_all([((address, port), "sample_infohashes", {b"target": os.urandom(20)}) for address, port, _ in nodes]):
            data = reply.get(b"samples", b"") if reply else b""
            found.update(data[i : i + 20].hex() for i in range(0, len(data), 20))
        quiet = quiet + 1 if len(found) == before else 0
    return sorted(found)


def forget():
    """Drops what was recorded so far: a measurement starts from here."""
    drain()
    with lock:
        packets.clear()


def stop():
    global stopping
    stopping = True


serve({"start": start, "announce": announce, "received": received, "samples": samples, "forget": forget}, stop)
