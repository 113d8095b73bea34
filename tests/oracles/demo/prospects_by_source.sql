-- Prospects by channel; leads without one are a row.
--   period: 2026-Q3
--   compare: previous_period
--   sections:
--     - breakdown: {metrics: [prospects_count], by: [lead.source]}
with lead as (
  select lead_id, source, owner_id, converted_at, lead_type, created_at,
         coalesce(nullif(lower(trim(email)), ''), lead_id) as person
  from demo.lead
  where is_deleted is distinct from true and merged_into_id is null and status is distinct from 'junk'
)
select source as "lead.source",
       count(distinct person) filter (created_at >= '2026-06-30 22:00' and created_at < '2026-09-30 22:00') as prospects_count,
       count(distinct person) filter (created_at >= '2026-03-31 22:00' and created_at < '2026-06-30 22:00') as prospects_count__previous
from lead
where created_at >= '2026-03-31 22:00' and created_at < '2026-09-30 22:00'
group by source
