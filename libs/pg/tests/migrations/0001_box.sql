CREATE TABLE box (
    box_id bigint NOT NULL,
    held   bigint NOT NULL DEFAULT 0,
    CONSTRAINT box_pkey PRIMARY KEY (box_id),
    CONSTRAINT box_never_below_zero CHECK (held >= 0)
);

CREATE TABLE label (
    box_id bigint NOT NULL,
    CONSTRAINT label_has_a_box FOREIGN KEY (box_id) REFERENCES box (box_id) DEFERRABLE INITIALLY DEFERRED
);
