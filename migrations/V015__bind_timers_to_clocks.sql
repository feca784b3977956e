-- Timers of processes that follow an SLA clock: which clock (the newest of the subject's target), and
-- which point of it. due_at is derived from the clock in each transaction that moves it; 'infinity'
-- while it floats (no clock yet, paused, over).
ALTER TABLE synergyflow_workflows.timer
    ADD COLUMN clock_subject_type text,
    ADD COLUMN clock_subject_id   text,
    ADD COLUMN clock_target       text,
    ADD COLUMN clock_threshold    text;
CREATE INDEX timer_clock ON synergyflow_workflows.timer (clock_subject_type, clock_subject_id)
    WHERE clock_subject_type IS NOT NULL;
