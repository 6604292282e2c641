-- A day that is over becomes one part: the same peer of a day then lies together (20 bytes a row; 27 in the four or five parts that ordinary merges leave).

ALTER TABLE peer_probed{on_cluster}
    MODIFY SETTING min_age_to_force_merge_seconds = 21600, min_age_to_force_merge_on_partition_only = 1;

ALTER TABLE peer_sighted{on_cluster}
    MODIFY SETTING min_age_to_force_merge_seconds = 21600, min_age_to_force_merge_on_partition_only = 1;

ALTER TABLE swarm_sampled{on_cluster}
    MODIFY SETTING min_age_to_force_merge_seconds = 21600, min_age_to_force_merge_on_partition_only = 1;
