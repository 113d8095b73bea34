-- Leads by month of creation in Rome, winter time and summer time in one year.
--   period: {from: 2025-11-01, to: 2026-10-31}
--   sections:
--     - trend: {metrics: [leads_created_count], grain: month}
with lead as (
  select lead_id, source, owner_id, converted_at, lead_type, created_at,
         coalesce(nullif(lower(trim(email)), ''), lead_id) as person
  from demo.lead
  where is_deleted is distinct from true and merged_into_id is null and status is distinct from 'junk'
)
select cast(date_trunc('month', created_at at time zone 'UTC' at time zone 'Europe/Rome') as date) as period,
       count(*) as leads_created_count
from lead
where created_at >= '2025-10-31 23:00' and created_at < '2026-10-31 23:00'
group by all
