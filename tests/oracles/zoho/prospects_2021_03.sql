-- Prospects of one month against the month before: months differ in length.
--   period: 2021-03
--   compare: previous_period
--   sections:
--     - kpis: [prospects_count]
with lead as (
  select "LEADID" as id, coalesce(lower(trim("Email")), "LEADID") as person, "Lead Source" as source,
         "Lead Owner" as owner, "Lead Status" as status, "CONVERTED" = 'Yes' as converted,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Leads.csv', all_varchar = true)
)
select count(distinct person) filter (created >= '2021-03-01' and created < '2021-04-01') as prospects_count,
       count(distinct person) filter (created >= '2021-02-01' and created < '2021-03-01') as prospects_count__previous
from lead
where status <> 'Junk Lead'
