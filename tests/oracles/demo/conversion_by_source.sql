-- Lead conversion by channel.
--   period: 2026-Q3
--   sections:
--     - breakdown: {metrics: [leads_created_count, leads_converted_count, lead_conversion_rate], by: [lead.source]}
with lead as (
  select lead_id, source, owner_id, converted_at, lead_type, created_at,
         coalesce(nullif(lower(trim(email)), ''), lead_id) as person
  from demo.lead
  where is_deleted is distinct from true and merged_into_id is null and status is distinct from 'junk'
)
select source as "lead.source", count(*) as leads_created_count,
       count(*) filter (converted_at < '2026-09-30 22:00') as leads_converted_count,
       count(*) filter (converted_at < '2026-09-30 22:00') / count(*) as lead_conversion_rate
from lead
where created_at >= '2026-06-30 22:00' and created_at < '2026-09-30 22:00'
group by source
