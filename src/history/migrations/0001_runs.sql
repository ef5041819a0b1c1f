-- Times are milliseconds since 1970, in UTC. Enumerations are words, so that any SQLite client can read the history.

CREATE TABLE runs (
    id          TEXT PRIMARY KEY NOT NULL,
    -- The schedule, else the script's file name without its ending, else the Action of `cumulua call`.
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    script      TEXT,
    script_hash TEXT,
    args        TEXT NOT NULL,
    profile     TEXT,
    version     TEXT NOT NULL,
    simulated   INTEGER NOT NULL DEFAULT 0,
    pid         INTEGER,
    due_at      INTEGER,
    attempt     INTEGER NOT NULL DEFAULT 1,
    started_at  INTEGER NOT NULL,
    -- When the run's own process took it up.
    claimed_at  INTEGER,
    ended_at    INTEGER,
    outcome     TEXT,
    status      INTEGER,
    error       TEXT
) STRICT;

CREATE INDEX runs_by_start ON runs (started_at);
CREATE INDEX runs_by_name ON runs (name, started_at);
CREATE INDEX runs_open ON runs (id) WHERE ended_at IS NULL;

CREATE TABLE output (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    stream TEXT NOT NULL,
    line   TEXT NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE calls (
    run_id      TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    phase       TEXT NOT NULL,
    place       TEXT NOT NULL,
    action      TEXT NOT NULL,
    read_only   INTEGER NOT NULL,
    params      TEXT NOT NULL,
    profile     TEXT,
    region      TEXT,
    endpoint    TEXT,
    http_status INTEGER,
    code        TEXT,
    request_id  TEXT,
    attempts    INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    sent        TEXT NOT NULL,
    error       TEXT,
    message     TEXT,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE waits (
    run_id     TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    -- The task or the state that was waited for.
    what       TEXT NOT NULL,
    outcome    TEXT,
    done       INTEGER,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

-- One row for every firing of a schedule, whether it ran or not.
CREATE TABLE firings (
    schedule   TEXT NOT NULL,
    due_at     INTEGER NOT NULL,
    decided_at INTEGER NOT NULL,
    outcome    TEXT NOT NULL,
    detail     TEXT,
    run_id     TEXT,
    PRIMARY KEY (schedule, due_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX firings_by_due ON firings (due_at);
CREATE INDEX firings_queued ON firings (schedule) WHERE outcome = 'queued';

CREATE TABLE schedules (
    name         TEXT PRIMARY KEY NOT NULL,
    paused       INTEGER NOT NULL DEFAULT 0,
    paused_at    INTEGER,
    -- Up to and with this moment, every firing has its row.
    decided_upto INTEGER
) STRICT, WITHOUT ROWID;
