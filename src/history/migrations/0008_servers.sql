-- Why a firing would run: NULL for the schedule's own time, otherwise trigger or backfill.
ALTER TABLE firings ADD COLUMN cause TEXT;

-- When servers of schedules ran with this store: without one nothing is decided.
CREATE TABLE servers (
    id         INTEGER PRIMARY KEY,
    pid        INTEGER NOT NULL,
    version    TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    -- Up to then it was alive, as far as is known.
    seen_at    INTEGER NOT NULL,
    -- Where it has ended by itself.
    ended_at   INTEGER
) STRICT;

CREATE INDEX servers_by_start ON servers (started_at);
