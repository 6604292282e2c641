# Payloads from a seeded generator and the torrents of them (v1, hybrid, v2), made by libtorrent: the truth that our parser is held against.
"""Commands: make, damage. A payload is reproducible from its seed; a damaged copy keeps exactly the pieces asked for."""

import hashlib
import os
import random

import libtorrent as lt

from lines import serve

FLAGS = {"v1": lt.create_torrent.v1_only, "hybrid": 0, "v2": lt.create_torrent.v2_only}


def content(seed, size_bytes):
    return random.Random(seed).randbytes(size_bytes)


def make(directory, name, seed, size_bytes, piece_length, kind="v1", files=1, trackers=(), private=False):
    """Writes the payload beneath `directory` and NAME.torrent beside it. Answers paths, infohashes and the exact info dictionary in hex."""
    paths = [name] if files == 1 else [os.path.join(name, f"{i:03d}.bin") for i in range(files)]
    share = size_bytes // files
    for i, path in enumerate(paths):
        full = os.path.join(directory, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(content(f"{seed}/{i}", share))
    storage = lt.file_storage()
    lt.add_files(storage, os.path.join(directory, name))
    torrent = lt.create_torrent(storage, piece_length, FLAGS[kind])
    for tier, url in enumerate(trackers):
        torrent.add_tracker(url, tier)
    torrent.set_priv(private)
    lt.set_piece_hashes(torrent, directory)
    entry = torrent.generate()
    torrent_path = os.path.join(directory, f"{name}.torrent")
    with open(torrent_path, "wb") as file:
        file.write(lt.bencode(entry))
    info = lt.torrent_info(torrent_path)
    raw = bytes(info.info_section())
    return {
        "torrent": torrent_path,
        "name": name,
        "pieces": info.num_pieces(),
        "info_hash_v1": hashlib.sha1(raw).hexdigest() if kind != "v2" else None,
        "info_hash_v2": hashlib.sha256(raw).hexdigest() if kind != "v1" else None,
        "info": raw.hex(),
    }


def damage(source, target, piece_length, keep):
    """Copies a single-file payload keeping only the pieces in `keep`; the others are zeroed."""
    wanted = set(keep)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(source, "rb") as old, open(target, "wb") as new:
        index = 0
        while piece := old.read(piece_length):
            new.write(piece if index in wanted else bytes(len(piece)))
            index += 1
    return index


serve({"make": make, "damage": damage})
