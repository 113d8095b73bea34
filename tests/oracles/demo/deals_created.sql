-- Deals created in the quarter; deleted ones never were.
--   period: 2026-Q3
--   compare: previous_period
--   sections:
--     - kpis: [deals_created_count]
select count(*) filter (created_at >= '2026-06-30 22:00' and created_at < '2026-09-30 22:00') as deals_created_count,
       count(*) filter (created_at >= '2026-03-31 22:00' and created_at < '2026-06-30 22:00') as deals_created_count__previous
from demo.deal
where is_deleted is distinct from true
