-- Denser raw rows, measured by `npm run bench -- store_scale`: what repeats from census to census takes a higher level, positions
-- are differences (1.1 instead of 1.9 bytes). It holds for new parts, and for old ones with their next merge.

ALTER TABLE peer_probed{on_cluster}
    MODIFY COLUMN ts CODEC(Delta, ZSTD(6)),
    MODIFY COLUMN event_version CODEC(T64, ZSTD(6)),
    MODIFY COLUMN instance_id CODEC(ZSTD(6)),
    MODIFY COLUMN network CODEC(ZSTD(6)),
    MODIFY COLUMN swarm_id CODEC(ZSTD(6)),
    MODIFY COLUMN census_id CODEC(ZSTD(6)),
    MODIFY COLUMN peer_key CODEC(ZSTD(3)),
    MODIFY COLUMN address_key CODEC(ZSTD(3)),
    MODIFY COLUMN key_epoch CODEC(T64, ZSTD(6)),
    MODIFY COLUMN ip_prefix CODEC(ZSTD(3)),
    MODIFY COLUMN family CODEC(T64, ZSTD(6)),
    MODIFY COLUMN direction CODEC(ZSTD(6)),
    MODIFY COLUMN transport CODEC(ZSTD(6)),
    MODIFY COLUMN encryption CODEC(ZSTD(6)),
    MODIFY COLUMN holepunch CODEC(T64, ZSTD(6)),
    MODIFY COLUMN outcome CODEC(ZSTD(6)),
    MODIFY COLUMN reason CODEC(ZSTD(6)),
    MODIFY COLUMN client CODEC(ZSTD(6)),
    MODIFY COLUMN peer_id_prefix CODEC(ZSTD(6)),
    MODIFY COLUMN extensions CODEC(ZSTD(6)),
    MODIFY COLUMN fast CODEC(T64, ZSTD(6)),
    MODIFY COLUMN upload_only CODEC(T64, ZSTD(6)),
    MODIFY COLUMN pieces_have CODEC(T64, ZSTD(6)),
    MODIFY COLUMN pieces_total CODEC(T64, ZSTD(6)),
    MODIFY COLUMN unchoked CODEC(T64, ZSTD(6)),
    MODIFY COLUMN challenges_asked CODEC(T64, ZSTD(6)),
    MODIFY COLUMN challenges_passed CODEC(T64, ZSTD(6)),
    MODIFY COLUMN challenges_failed CODEC(T64, ZSTD(6)),
    MODIFY COLUMN challenges_silent CODEC(T64, ZSTD(6)),
    MODIFY COLUMN bytes_down CODEC(T64, ZSTD(6)),
    MODIFY COLUMN bytes_up CODEC(T64, ZSTD(6)),
    MODIFY COLUMN verdict CODEC(ZSTD(6)),
    MODIFY COLUMN connect_ms CODEC(T64, ZSTD(6)),
    MODIFY COLUMN handshake_ms CODEC(T64, ZSTD(6)),
    MODIFY COLUMN first_piece_ms CODEC(T64, ZSTD(6)),
    MODIFY COLUMN duration_ms CODEC(T64, ZSTD(3)),
    MODIFY COLUMN endpoint CODEC(ZSTD(6)),
    MODIFY COLUMN _partition CODEC(T64, ZSTD(6)),
    MODIFY COLUMN _offset CODEC(Delta, ZSTD(6));

ALTER TABLE peer_sighted{on_cluster}
    MODIFY COLUMN _offset CODEC(Delta, ZSTD(3));

ALTER TABLE swarm_sampled{on_cluster}
    MODIFY COLUMN _offset CODEC(Delta, ZSTD(3)),
    MODIFY COLUMN availability CODEC(ZSTD(3)),
    MODIFY COLUMN sources CODEC(ZSTD(3));
