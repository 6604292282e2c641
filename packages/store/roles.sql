-- Who may do what on a ClickHouse server: `swarmscope migrate --roles` runs this after the migrations, as often as you like. Not for the embedded store.
-- Names and passwords come from the environment; a password is sent as a salted hash. A statement that names an account without a password is left out.

-- readonly = 2: nothing is changed but settings of the question (Grafana sends max_execution_time with each), and these within bounds.
CREATE SETTINGS PROFILE OR REPLACE swarmscope_reader{on_cluster}
SETTINGS readonly = 2, max_execution_time = 60 MIN 1 MAX 300, max_memory_usage = 2000000000 MAX 2000000000;

CREATE SETTINGS PROFILE OR REPLACE swarmscope_analyst{on_cluster}
SETTINGS readonly = 2, max_execution_time = 600 MIN 1 MAX 3600, max_memory_usage = 8000000000 MAX 8000000000;

-- Ingest, and the migrations that it runs at its start: everything in its own database, no accounts, no other database; of the server what the migrations look at.
CREATE ROLE IF NOT EXISTS swarmscope_writer{on_cluster};

GRANT{on_cluster} ALL ON {database}.*, ALL ON {database}_all.*, CLUSTER ON *.*,
    SELECT ON system.tables, SELECT ON system.columns, SELECT ON system.view_refreshes, SELECT ON system.mutations
TO swarmscope_writer WITH REPLACE OPTION;

-- Boards: everything that they draw, but no raw address (`addresses: full`) nor filters in which any can be looked for, and none of the bytes that strangers sent.
CREATE ROLE IF NOT EXISTS swarmscope_reader{on_cluster};

GRANT{on_cluster} SELECT ON {database}.*, SELECT ON {database}_all.* TO swarmscope_reader WITH REPLACE OPTION;

REVOKE{on_cluster} SELECT(endpoint, node_id) ON {database}.dht_node_seen, SELECT(reporter_endpoint) ON {database}.infohash_sighted,
    SELECT(endpoint) ON {database}.peer_sighted, SELECT(endpoint) ON {database}.peer_probed, SELECT(dht_seeds_filter, dht_downloaders_filter) ON {database}.swarm_sampled,
    SELECT(bytes) ON {database}.rejected,
    SELECT(endpoint, node_id) ON {database}_all.dht_node_seen, SELECT(reporter_endpoint) ON {database}_all.infohash_sighted,
    SELECT(endpoint) ON {database}_all.peer_sighted, SELECT(endpoint) ON {database}_all.peer_probed, SELECT(dht_seeds_filter, dht_downloaders_filter) ON {database}_all.swarm_sampled,
    SELECT(bytes) ON {database}_all.rejected
FROM swarmscope_reader;

-- People with questions of their own: every column, more time and memory.
CREATE ROLE IF NOT EXISTS swarmscope_analyst{on_cluster};

GRANT{on_cluster} SELECT ON {database}.*, SELECT ON {database}_all.* TO swarmscope_analyst WITH REPLACE OPTION;

CREATE USER IF NOT EXISTS {name:writer}{on_cluster} IDENTIFIED WITH {password:writer};

ALTER USER {name:writer}{on_cluster} IDENTIFIED WITH {password:writer};

GRANT{on_cluster} swarmscope_writer TO {name:writer};

CREATE USER IF NOT EXISTS {name:reader}{on_cluster} IDENTIFIED WITH {password:reader};

ALTER USER {name:reader}{on_cluster} IDENTIFIED WITH {password:reader} SETTINGS PROFILE 'swarmscope_reader';

GRANT{on_cluster} swarmscope_reader TO {name:reader};

CREATE USER IF NOT EXISTS {name:analyst}{on_cluster} IDENTIFIED WITH {password:analyst};

ALTER USER {name:analyst}{on_cluster} IDENTIFIED WITH {password:analyst} SETTINGS PROFILE 'swarmscope_analyst';

GRANT{on_cluster} swarmscope_analyst TO {name:analyst};
