-- Metric 12: different quotes presented; versions of one count once, drafts do not.
--   period: 2026-Q3
--   compare: previous_period
--   sections:
--     - kpis: [quotes_presented_count]
select count(distinct coalesce(number, quote_id)) filter (presented_at >= '2026-06-30 22:00' and presented_at < '2026-09-30 22:00') as quotes_presented_count,
       count(distinct coalesce(number, quote_id)) filter (presented_at >= '2026-03-31 22:00' and presented_at < '2026-06-30 22:00') as quotes_presented_count__previous
from demo.quote
where status is distinct from 'draft'
