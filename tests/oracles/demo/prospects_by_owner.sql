-- Prospects by owner: a row for each active person, idle or not, and one for leads that nobody owns.
--   rows: all
--   period: 2026-Q3
--   sections:
--     - breakdown: {metrics: [prospects_count], by: [user.name]}
with lead as (
  select lead_id, source, owner_id, converted_at, lead_type, created_at,
         coalesce(nullif(lower(trim(email)), ''), lead_id) as person
  from demo.lead
  where is_deleted is distinct from true and merged_into_id is null and status is distinct from 'junk'
)
select u.name as "user.name", count(distinct person) as prospects_count
from demo.user u
full join (select * from lead where created_at >= '2026-06-30 22:00' and created_at < '2026-09-30 22:00') l on l.owner_id = u.user_id
where u.is_active is distinct from false or l.lead_id is not null
group by u.name
