-- The events of one transaction lie in one row: the relay claims and marks an envelope, whatever it holds. Told one by one,
-- an event cost Postgres as much again as the payment it is about (docs/performance.md). Each service that uses the bus
-- copies this file, unchanged, to a migration NNNN_bus_envelopes.sql.

CREATE TABLE outbox_envelope (
    envelope_id   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- The same place in each array is the same event.
    event_ids     uuid[]      NOT NULL,
    subjects      text[]      NOT NULL,
    aggregates    text[]      NOT NULL,
    versions      bigint[]    NOT NULL,
    bodies        bytea[]     NOT NULL,
    traceparents  text[]      NOT NULL, -- '' where there is none
    created_at    timestamptz NOT NULL,
    -- Until then one relay has the envelope in hand; a relay that died gives it back by not extending this.
    claimed_until timestamptz,
    published_at  timestamptz,
    CONSTRAINT outbox_envelope_pkey PRIMARY KEY (envelope_id),
    CONSTRAINT outbox_envelope_is_whole CHECK (
        cardinality(event_ids) >= 1
        AND cardinality(subjects) = cardinality(event_ids)
        AND cardinality(aggregates) = cardinality(event_ids)
        AND cardinality(versions) = cardinality(event_ids)
        AND cardinality(bodies) = cardinality(event_ids)
        AND cardinality(traceparents) = cardinality(event_ids)
        AND array_position(event_ids, NULL) IS NULL AND array_position(subjects, NULL) IS NULL
        AND array_position(aggregates, NULL) IS NULL AND array_position(versions, NULL) IS NULL
        AND array_position(bodies, NULL) IS NULL AND array_position(traceparents, NULL) IS NULL),
    CONSTRAINT outbox_envelope_subjects_are_ours CHECK (
        array_to_string(subjects, ' ') ~ '^mizan(\.[a-z0-9_-]+)+( mizan(\.[a-z0-9_-]+)+)*$'),
    CONSTRAINT outbox_envelope_versions_from_one CHECK (1 <= ALL (versions))
) WITH (fillfactor = 80);
-- Read once, and soon: compressing costs more than it saves.
ALTER TABLE outbox_envelope
    ALTER COLUMN event_ids    SET STORAGE EXTERNAL,
    ALTER COLUMN subjects     SET STORAGE EXTERNAL,
    ALTER COLUMN aggregates   SET STORAGE EXTERNAL,
    ALTER COLUMN versions     SET STORAGE EXTERNAL,
    ALTER COLUMN bodies       SET STORAGE EXTERNAL,
    ALTER COLUMN traceparents SET STORAGE EXTERNAL;

INSERT INTO outbox_envelope (event_ids, subjects, aggregates, versions, bodies, traceparents, created_at, claimed_until,
                             published_at)
SELECT ARRAY[event_id], ARRAY[subject], ARRAY[aggregate], ARRAY[version], ARRAY[body], ARRAY[coalesce(traceparent, '')],
       created_at, claimed_until, published_at
  FROM outbox
 ORDER BY created_at;
DROP TABLE outbox;

-- Found by state, never by "id greater than the last": a slow transaction may commit an older row late.
CREATE INDEX outbox_envelope_unpublished ON outbox_envelope (created_at) WHERE published_at IS NULL;
CREATE INDEX outbox_envelope_published ON outbox_envelope (published_at) WHERE published_at IS NOT NULL;

-- Event by event, for people and for tests.
CREATE VIEW outbox AS
SELECT envelope_id, event_id, subject, aggregate, version, body, NULLIF(traceparent, '') AS traceparent, created_at,
       claimed_until, published_at
  FROM outbox_envelope,
       UNNEST(event_ids, subjects, aggregates, versions, bodies, traceparents)
           AS events (event_id, subject, aggregate, version, body, traceparent);
