-- What people have asked for: trigger, backfill, pause, resume, cancel; and who they are.
CREATE TABLE user_requests (
    id       INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    verb     TEXT NOT NULL,
    schedule TEXT,
    -- The firing that it made.
    due_at   INTEGER,
    -- The run that it ended.
    run_id   TEXT,
    -- The user, as the kernel tells it, and its name.
    uid      INTEGER,
    user     TEXT,
    -- An object of JSON: what the client tells of itself (login, sudo_user, host, terminal).
    told     TEXT NOT NULL,
    reason   TEXT,
    until    INTEGER
) STRICT;

CREATE UNIQUE INDEX user_requests_of_firing ON user_requests (schedule, due_at, verb) WHERE due_at IS NOT NULL;
CREATE INDEX user_requests_of_run ON user_requests (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX user_requests_of_schedule ON user_requests (schedule, id);

-- When a pause ends by itself.
ALTER TABLE schedules ADD COLUMN paused_until INTEGER;
