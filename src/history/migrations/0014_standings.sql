-- When each schedule succeeded, also where nothing but failures is recent.
CREATE INDEX runs_done ON runs (name, started_at) WHERE state = 'done' AND due_at IS NOT NULL;
-- What did not run though it should have: as `FiringOutcome::is_missed` has it.
CREATE INDEX firings_missed ON firings (schedule, due_at, outcome) WHERE outcome IN ('overlap', 'too late', 'not started', 'not followed');
