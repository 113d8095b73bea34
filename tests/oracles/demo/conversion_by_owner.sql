-- Lead conversion by owner.
--   period: 2026-Q3
--   sections:
--     - breakdown: {metrics: [leads_created_count, lead_conversion_rate], by: [user.name]}
with lead as (
  select lead_id, source, owner_id, converted_at, lead_type, created_at,
         coalesce(nullif(lower(trim(email)), ''), lead_id) as person
  from demo.lead
  where is_deleted is distinct from true and merged_into_id is null and status is distinct from 'junk'
)
select u.name as "user.name", count(*) as leads_created_count,
       count(*) filter (converted_at < '2026-09-30 22:00') / count(*) as lead_conversion_rate
from lead
left join demo.user u on u.user_id = lead.owner_id
where created_at >= '2026-06-30 22:00' and created_at < '2026-09-30 22:00'
group by u.name
