# libtorrent sessions with ordinary DHT settings that know one node alone: they announce torrents and look for peers as any client does.
"""Commands: start, meet, announce, get_peers, table. Rate limits and intervals are libtorrent's defaults; only what keeps 127/8 out is switched off."""

import threading
import time

import libtorrent as lt

from lines import serve

ORDINARY = dict(
    dht_restrict_routing_ips=False,
    dht_restrict_search_ips=False,
    dht_ignore_dark_internet=False,
    dht_enforce_node_id=False,
    dht_prefer_verified_node_ids=False,
    dht_bootstrap_nodes="",
    enable_dht=True,
    enable_lsd=False,
    enable_upnp=False,
    enable_natpmp=False,
    enable_ip_notifier=False,
    alert_mask=lt.alert.category_t.dht_notification | lt.alert.category_t.dht_operation_notification | lt.alert.category_t.stats_notification,
)

sessions = {}
listening = {}  # session -> (ip, port)
found = {}  # (session name, infohash) -> set of 'ip:port'
tables = {}  # session name -> nodes in its routing tables
lock = threading.Lock()
stopping = False


def drain():
    while not stopping:
        for name, session in list(sessions.items()):
            for alert in session.pop_alerts():
                with lock:
                    if isinstance(alert, lt.dht_get_peers_reply_alert):
                        peers = {f"{ip}:{port}" for ip, port in alert.peers()}
                        found.setdefault((name, str(alert.info_hash)), set()).update(peers)
                    if isinstance(alert, lt.dht_stats_alert):
                        tables[name] = sum(bucket["num_nodes"] for bucket in alert.routing_table)
        time.sleep(0.05)


def start(name, listen, node, settings=None):
    """A session that listens at `listen` (ip:port, v6 in brackets) and knows `node` ([ip, port]) alone."""
    session = lt.session({**ORDINARY, "listen_interfaces": listen, **(settings or {})})
    session.add_dht_node((node[0], node[1]))
    sessions[name] = session
    listening[session] = (listen.rsplit(":", 1)[0].strip("[]"), session.listen_port())
    return session.listen_port()


def meet():
    """Tells every session of all others, so that nobody waits for its next refresh."""
    for session in sessions.values():
        for other in sessions.values():
            if other is not session:
                session.add_dht_node(listening[other])


def announce(name, info_hash):
    """Adds a magnet of that infohash: libtorrent announces it by itself, now and then again."""
    params = lt.parse_magnet_uri(f"magnet:?xt=urn:btih:{info_hash}")
    params.save_path = "/nonexistent"
    handle = sessions[name].add_torrent(params)
    handle.force_dht_announce()


def get_peers(name, info_hash):
    """Looks up; the answers so far (ask again for more)."""
    sessions[name].dht_get_peers(lt.sha1_hash(bytes.fromhex(info_hash)))
    with lock:
        return sorted(found.get((name, info_hash), set()))


def table(name):
    sessions[name].post_dht_stats()
    with lock:
        return tables.get(name, 0)


def stop():
    global stopping
    stopping = True


threading.Thread(target=drain, daemon=True).start()
serve({"start": start, "meet": meet, "announce": announce, "get_peers": get_peers, "table": table}, stop)
