# libtorrent peers in every role of the swarm suite (seeder, leecher, partial seed, super-seeder, encrypted, uTP only, hidden), one session and address each.
"""Commands: add, status, connect, remove. The truth of a peer is its own status: pieces it has, whether it seeds, what it uploaded."""

import libtorrent as lt

from lines import serve

BASE = dict(
    enable_dht=False,
    enable_lsd=False,
    enable_upnp=False,
    enable_natpmp=False,
    enable_ip_notifier=False,
    dht_bootstrap_nodes="",
    allow_multiple_connections_per_ip=True,
    ssrf_mitigation=False,
    announce_to_all_trackers=True,
    announce_to_all_tiers=True,
    close_redundant_connections=False,
    unchoke_slots_limit=64,
    connections_limit=400,
    alert_mask=0,
)
ROLES = {
    "seeder": {},
    "leecher": {},
    "partial_seed": {},
    "super_seeder": {},
    "encrypted": dict(in_enc_policy=0, out_enc_policy=0, allowed_enc_level=2),
    "utp_only": dict(enable_incoming_tcp=False, enable_outgoing_tcp=False),
    # As behind a NAT: it dials, and nobody can dial it.
    "hidden": dict(enable_incoming_tcp=False, enable_incoming_utp=False, enable_outgoing_tcp=False),
}

peers = {}  # name -> (session, [handles])


def add(name, role, address, port, torrents, upload_limit=0, download_limit=0, settings=None):
    """torrents: {torrent, save_path, have (piece indices, or null for all)}. Every payload is re-checked by libtorrent itself."""
    session = lt.session(
        {
            **BASE,
            **ROLES[role],
            "listen_interfaces": f"{address}:{port}",
            "outgoing_interfaces": address,
            "upload_rate_limit": upload_limit,
            "download_rate_limit": download_limit,
            **(settings or {}),
        },
        # Without the plugin for PEX the hidden one dials nobody but whom it is told to dial by a relay.
        flags=0 if role == "hidden" else lt.session_flags_t.add_default_plugins,
    )
    # Local peers would escape the rate limits: put every address into the global class.
    everyone = lt.ip_filter()
    everyone.add_rule("0.0.0.0", "255.255.255.255", 1 << session.global_peer_class_id)
    session.set_peer_class_filter(everyone)
    handles = [add_torrent(session, role, torrent) for torrent in torrents]
    peers[name] = (session, handles)
    return {"address": address, "port": session.listen_port()}


def add_torrent(session, role, torrent):
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent["torrent"])
    params.save_path = torrent["save_path"]
    params.trackers = torrent.get("trackers", [tracker.url for tracker in params.ti.trackers()])
    params.flags = lt.torrent_flags.update_subscribe | lt.torrent_flags.override_trackers
    if role == "super_seeder":
        params.flags |= lt.torrent_flags.super_seeding
    if role == "partial_seed":
        have = set(torrent["have"])
        params.piece_priorities = [4 if i in have else 0 for i in range(params.ti.num_pieces())]
    return session.add_torrent(params)


def status():
    """The truth per peer and torrent, as libtorrent states it."""
    return {
        name: [
            {
                "info_hash": str(state.info_hashes.get_best()),
                "state": str(state.state),
                "checking": state.state in (lt.torrent_status.checking_files, lt.torrent_status.checking_resume_data),
                "seeding": state.is_seeding,
                "pieces": "".join("1" if have else "0" for have in state.pieces),
                "pieces_have": state.num_pieces,
                "peers": state.num_peers,
                "uploaded_bytes": state.total_payload_upload,
                "error": state.errc.message() if state.errc.value() else None,
            }
            for state in (handle.status() for handle in handles)
        ]
        for name, (_, handles) in peers.items()
    }


def connect(name, address, port):
    """Lets a peer dial an address (as if a tracker had named it), for every torrent it has."""
    for handle in peers[name][1]:
        handle.connect_peer((address, port))


def remove(name):
    session, handles = peers.pop(name)
    for handle in handles:
        session.remove_torrent(handle)


serve({"add": add, "status": status, "connect": connect, "remove": remove})
