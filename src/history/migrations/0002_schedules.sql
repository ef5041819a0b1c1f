-- The times for which `decided_upto` counts, as a text: another text means other times, and the schedule begins anew.
ALTER TABLE schedules ADD COLUMN times TEXT;

-- What `cumulua schedule trigger|pause|resume` ask of the server.
CREATE TABLE requests (
    id       INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL,
    schedule TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    answered_at INTEGER,
    answer   TEXT
) STRICT;

CREATE INDEX requests_open ON requests (id) WHERE answered_at IS NULL;
