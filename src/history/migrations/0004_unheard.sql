-- 1 while the server that has started a run has yet to hear how it ended: where the server is killed before, the next one hears of it.
ALTER TABLE runs ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;

UPDATE runs SET unheard = 1 WHERE ended_at IS NULL AND due_at IS NOT NULL;

CREATE INDEX runs_unheard ON runs (id) WHERE unheard = 1;
