-- The texts of scripts, redacted, each once; by the SHA-256 of what ran.
CREATE TABLE scripts (
    hash TEXT PRIMARY KEY NOT NULL,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The machine that a run was on.
ALTER TABLE runs ADD COLUMN host TEXT;
