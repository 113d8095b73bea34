-- Lead conversion of a quarter and of the one before.
--   period: 2020-Q4
--   compare: previous_period
--   sections:
--     - kpis: [leads_created_count, leads_converted_count, lead_conversion_rate]
with lead as (
  select "LEADID" as id, coalesce(lower(trim("Email")), "LEADID") as person, "Lead Source" as source,
         "Lead Owner" as owner, "Lead Status" as status, "CONVERTED" = 'Yes' as converted,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Leads.csv', all_varchar = true)
),
sized as (
  select created >= '2020-10-01' as current, count(*) as leads, count(*) filter (converted) as converted
  from lead
  where status <> 'Junk Lead' and created >= '2020-07-01' and created < '2021-01-01'
  group by all
)
select c.leads as leads_created_count, p.leads as leads_created_count__previous,
       c.converted as leads_converted_count, p.converted as leads_converted_count__previous,
       c.converted / c.leads as lead_conversion_rate, p.converted / p.leads as lead_conversion_rate__previous
from sized c, sized p
where c.current and not p.current
