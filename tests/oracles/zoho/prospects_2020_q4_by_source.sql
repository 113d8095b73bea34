-- Prospects of a quarter by channel.
--   period: 2020-Q4
--   sections:
--     - breakdown: {metrics: [prospects_count], by: [lead.source]}
with lead as (
  select "LEADID" as id, coalesce(lower(trim("Email")), "LEADID") as person, "Lead Source" as source,
         "Lead Owner" as owner, "Lead Status" as status, "CONVERTED" = 'Yes' as converted,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Leads.csv', all_varchar = true)
)
select source as "lead.source", count(distinct person) as prospects_count
from lead
where status <> 'Junk Lead' and created >= '2020-10-01' and created < '2021-01-01'
group by source
