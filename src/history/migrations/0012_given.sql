-- What a firing's script is given beside its schedule's own: one row where there are parameters, or arguments of a trigger.
CREATE TABLE given (
    schedule TEXT NOT NULL,
    due_at   INTEGER NOT NULL,
    -- An object of JSON: the parameters by name, secrets left out.
    params   TEXT NOT NULL,
    -- An array of JSON: arguments in place of the schedule's; NULL where there are none.
    args     TEXT,
    -- An array of JSON: what is not kept here, because it is or holds a secret.
    not_kept TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (schedule, due_at)
) STRICT, WITHOUT ROWID;
