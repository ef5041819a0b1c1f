-- When a failed run is to be repeated, as long as that is still to come.
ALTER TABLE runs ADD COLUMN retry_at INTEGER;
-- Why a repetition that was still to come never began.
ALTER TABLE runs ADD COLUMN retry_given_up TEXT;

CREATE INDEX runs_to_repeat ON runs (name) WHERE retry_at IS NOT NULL;
