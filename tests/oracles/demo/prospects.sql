-- Metric 1: different people, by address, who became leads; the quarter is that of Rome.
--   period: 2026-Q3
--   compare: previous_period
--   sections:
--     - kpis: [prospects_count, leads_created_count]
with lead as (
  select lead_id, source, owner_id, converted_at, lead_type, created_at,
         coalesce(nullif(lower(trim(email)), ''), lead_id) as person
  from demo.lead
  where is_deleted is distinct from true and merged_into_id is null and status is distinct from 'junk'
)
select count(distinct person) filter (created_at >= '2026-06-30 22:00' and created_at < '2026-09-30 22:00') as prospects_count,
       count(distinct person) filter (created_at >= '2026-03-31 22:00' and created_at < '2026-06-30 22:00') as prospects_count__previous,
       count(*) filter (created_at >= '2026-06-30 22:00' and created_at < '2026-09-30 22:00') as leads_created_count,
       count(*) filter (created_at >= '2026-03-31 22:00' and created_at < '2026-06-30 22:00') as leads_created_count__previous
from lead
