-- Schedules in the making, and what a schedule says beyond its fee.

ALTER TABLE fee_schedule
    ADD COLUMN minimum_fils bigint,
    ADD COLUMN maximum_fils bigint,
    -- [{"code": "retired", "name_en": "…", "name_ar": "…", "legal_reference": "…", "takes": {"percent": 50}}, …]
    ADD COLUMN reductions   jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN draft_id     uuid,
    ADD CONSTRAINT fee_schedule_bounds CHECK (
        minimum_fils > 0 AND maximum_fils > 0 AND minimum_fils <= maximum_fils
    ),
    ADD CONSTRAINT fee_schedule_of_one_draft UNIQUE (draft_id);

CREATE TABLE fee_draft (
    draft_id         uuid        PRIMARY KEY,
    agency_id        text        NOT NULL,
    service_code     text        NOT NULL,
    valid_from       date        NOT NULL,
    fee              text        NOT NULL,
    tax_category     text        NOT NULL,
    minimum_fils     bigint,
    maximum_fils     bigint,
    reductions       jsonb       NOT NULL,
    authors          text[]      NOT NULL,
    state            text        NOT NULL,
    remark           text,
    submitted_by     text,
    decided_by       text,
    schedule_version integer,
    created_at       timestamptz NOT NULL,
    version          bigint      NOT NULL,
    CONSTRAINT fee_draft_service_fk FOREIGN KEY (agency_id, service_code) REFERENCES fee_service,
    CONSTRAINT fee_draft_tax_category CHECK (tax_category IN ('O', 'S')),
    CONSTRAINT fee_draft_bounds CHECK (minimum_fils > 0 AND maximum_fils > 0 AND minimum_fils <= maximum_fils),
    CONSTRAINT fee_draft_state CHECK (
        (state = 'draft' AND submitted_by IS NULL AND decided_by IS NULL AND schedule_version IS NULL)
        OR (state = 'submitted' AND submitted_by IS NOT NULL AND decided_by IS NULL AND schedule_version IS NULL)
        OR (state = 'published' AND submitted_by IS NOT NULL AND decided_by IS NOT NULL AND schedule_version IS NOT NULL)
        OR (state = 'withdrawn' AND decided_by IS NOT NULL AND schedule_version IS NULL)
    ),
    CONSTRAINT fee_draft_has_authors CHECK (cardinality(authors) > 0),
    CONSTRAINT fee_draft_by_two_persons CHECK (
        state <> 'published' OR (decided_by <> submitted_by AND decided_by <> ALL (authors))
    )
);
CREATE INDEX fee_draft_service ON fee_draft (agency_id, service_code, created_at);
