-- Prospects of a quarter by the person who owns the lead.
--   period: 2021-Q1
--   sections:
--     - breakdown: {metrics: [prospects_count], by: [user.name]}
with lead as (
  select "LEADID" as id, coalesce(lower(trim("Email")), "LEADID") as person, "Lead Source" as source,
         "Lead Owner" as owner, "Lead Status" as status, "CONVERTED" = 'Yes' as converted,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Leads.csv', all_varchar = true)
)
select owner as "user.name", count(distinct person) as prospects_count
from lead
where status <> 'Junk Lead' and created >= '2021-01-01' and created < '2021-04-01'
group by owner
