-- Sales calls by who made them; people without any are rows.
--   rows: all
--   period: 2026-Q3
--   sections:
--     - breakdown: {metrics: [sales_calls_count], by: [user.name]}
select u.name as "user.name", count(a.activity_id) as sales_calls_count
from demo.user u
full join (
  select * from demo.activity
  where done_at >= '2026-06-30 22:00' and done_at < '2026-09-30 22:00'
    and type = 'call' and direction = 'outbound' and case_id is null and status is distinct from 'cancelled'
    and (deal_id is not null or lead_id is not null or contact_id is not null)
) a on a.owner_id = u.user_id
where u.is_active is distinct from false or a.activity_id is not null
group by u.name
