-- Leads of a quarter that were converted by its end.
--   period: 2026-Q3
--   compare: previous_period
--   sections:
--     - kpis: [leads_created_count, leads_converted_count, lead_conversion_rate]
with lead as (
  select lead_id, source, owner_id, converted_at, lead_type, created_at,
         coalesce(nullif(lower(trim(email)), ''), lead_id) as person
  from demo.lead
  where is_deleted is distinct from true and merged_into_id is null and status is distinct from 'junk'
),
sized as (
  select created_at >= '2026-06-30 22:00' as current, count(*) as leads,
         count(*) filter (
           converted_at < case when created_at >= '2026-06-30 22:00' then timestamp '2026-09-30 22:00' else timestamp '2026-06-30 22:00' end
         ) as converted
  from lead
  where created_at >= '2026-03-31 22:00' and created_at < '2026-09-30 22:00'
  group by all
)
select c.leads as leads_created_count, p.leads as leads_created_count__previous,
       c.converted as leads_converted_count, p.converted as leads_converted_count__previous,
       c.converted / c.leads as lead_conversion_rate, p.converted / p.leads as lead_conversion_rate__previous
from sized c, sized p
where c.current and not p.current
