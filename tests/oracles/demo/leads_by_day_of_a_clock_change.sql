-- Leads by day around the end of summer time: 25 October has 25 hours.
--   period: {from: 2026-10-23, to: 2026-10-27}
--   sections:
--     - trend: {metrics: [leads_created_count], grain: day}
with lead as (
  select lead_id, source, owner_id, converted_at, lead_type, created_at,
         coalesce(nullif(lower(trim(email)), ''), lead_id) as person
  from demo.lead
  where is_deleted is distinct from true and merged_into_id is null and status is distinct from 'junk'
)
select day as period, count(lead_id) as leads_created_count
from (
  values (date '2026-10-23', timestamp '2026-10-22 22:00', timestamp '2026-10-23 22:00'),
         (date '2026-10-24', timestamp '2026-10-23 22:00', timestamp '2026-10-24 22:00'),
         (date '2026-10-25', timestamp '2026-10-24 22:00', timestamp '2026-10-25 23:00'),
         (date '2026-10-26', timestamp '2026-10-25 23:00', timestamp '2026-10-26 23:00'),
         (date '2026-10-27', timestamp '2026-10-26 23:00', timestamp '2026-10-27 23:00')
) as days(day, start, stop)
left join lead on created_at >= start and created_at < stop
group by day
