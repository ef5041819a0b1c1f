-- Notifications, a row for each receiver. `state` is a word: waiting, delivered, undelivered (not within a day), or unaddressed where the
-- schedule names no receiver.
CREATE TABLE notifications (
    -- The same at each attempt; the receiver gets it too.
    id         TEXT PRIMARY KEY NOT NULL,
    schedule   TEXT NOT NULL,
    event      TEXT NOT NULL,
    -- The kind of receiver, as slack; how it is reached stands in the schedule file alone.
    receiver   TEXT,
    run_id     TEXT,
    -- What it says, as JSON, without secrets.
    content    TEXT NOT NULL,
    made_at    INTEGER NOT NULL,
    state      TEXT NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    -- When it is tried next, while it waits; when it was settled, afterwards.
    next_at    INTEGER,
    settled_at INTEGER,
    -- What the last attempt met with.
    error      TEXT
) STRICT;

CREATE INDEX notifications_waiting ON notifications (made_at) WHERE state = 'waiting';
CREATE INDEX notifications_undelivered ON notifications (made_at) WHERE state = 'undelivered';
CREATE INDEX notifications_by_run ON notifications (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX notifications_by_schedule ON notifications (schedule, receiver, made_at);
