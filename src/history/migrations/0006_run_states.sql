-- Where a run stands, in a word: starting, running, done, failed, timed out, interrupted, cancelled, lost.
ALTER TABLE runs ADD COLUMN state TEXT NOT NULL DEFAULT 'running';

UPDATE runs SET state = CASE
    WHEN outcome IS NOT NULL THEN outcome
    WHEN ended_at IS NULL AND claimed_at IS NULL THEN 'starting'
    ELSE 'running'
END;

-- A run of the version before, which goes on under this one, says how it ended in the column `outcome`. Both that and this go with the
-- next version.
CREATE TRIGGER runs_outcome AFTER UPDATE OF outcome ON runs WHEN NEW.outcome IS NOT NULL
BEGIN
    UPDATE runs SET state = NEW.outcome WHERE id = NEW.id;
END;

-- What people ask of a server goes over its socket.
DELETE FROM requests;
