-- Calls, as many in a row as were written together: to write each as a row took more time than to make it. What may change
-- something has a row of its own, which is written before it leaves and again at its end.
CREATE TABLE call_batches (
    run_id  TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    -- The numbers of the first call and of the last. Calls end in any order, so that other rows may lie between.
    number  INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    calls   INTEGER NOT NULL,
    -- An array of JSON: of each call the object that is its line in the audit.
    records TEXT NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT;

INSERT INTO call_batches (run_id, number, last, calls, records)
SELECT run_id, min(number), max(number), count(*), json_group_array(json_object(
    'number', number,
    'time', strftime('%Y-%m-%dT%H:%M:%fZ', (at + iif(phase = 'ended', duration_ms, 0)) / 1000.0, 'unixepoch'),
    'run', run_id, 'phase', phase, 'place', place, 'action', action, 'read_only', json(iif(read_only, 'true', 'false')),
    'params', json(params), 'profile', profile, 'region', region, 'endpoint', endpoint, 'http_status', http_status, 'code', code,
    'request_id', request_id, 'attempts', attempts, 'duration_ms', duration_ms, 'sent', sent, 'error', error, 'message', message
))
FROM calls
GROUP BY run_id, iif(read_only, number / 250, -number);

DROP TABLE calls;

-- For any SQLite client: a row for each call. `time` is when the record was made: of a call that has ended, its end.
CREATE VIEW calls AS
SELECT run_id, value ->> 'number' AS number, value ->> 'time' AS time, value ->> 'phase' AS phase, value ->> 'place' AS place,
    value ->> 'action' AS action, value ->> 'read_only' AS read_only, value -> 'params' AS params, value ->> 'profile' AS profile,
    value ->> 'region' AS region, value ->> 'endpoint' AS endpoint, value ->> 'http_status' AS http_status, value ->> 'code' AS code,
    value ->> 'request_id' AS request_id, value ->> 'attempts' AS attempts, value ->> 'duration_ms' AS duration_ms,
    value ->> 'sent' AS sent, value ->> 'error' AS error, value ->> 'message' AS message
FROM call_batches, json_each(records);
