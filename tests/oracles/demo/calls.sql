-- Metric 6: outbound calls that were done, to leads, contacts or about deals.
--   period: 2026-Q3
--   compare: previous_period
--   sections:
--     - kpis: [sales_calls_count]
select count(*) filter (done_at >= '2026-06-30 22:00' and done_at < '2026-09-30 22:00') as sales_calls_count,
       count(*) filter (done_at >= '2026-03-31 22:00' and done_at < '2026-06-30 22:00') as sales_calls_count__previous
from demo.activity
where type = 'call' and direction = 'outbound' and case_id is null and status is distinct from 'cancelled'
  and (deal_id is not null or lead_id is not null or contact_id is not null)
