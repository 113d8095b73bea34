-- Quotes presented by owner.
--   period: 2026-Q3
--   sections:
--     - breakdown: {metrics: [quotes_presented_count], by: [user.name]}
select u.name as "user.name", count(distinct number) as quotes_presented_count
from demo.quote q
left join demo.user u on u.user_id = q.owner_id
where status is distinct from 'draft' and presented_at >= '2026-06-30 22:00' and presented_at < '2026-09-30 22:00'
group by u.name
