-- When the run's process began, as the system counts it: with `pid` it is one process, also after the id is given out again.
ALTER TABLE runs ADD COLUMN process_started TEXT;
