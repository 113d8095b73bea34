-- People who became leads, by distinct address, junk left out.
--   period: {from: 2018-01-01, to: 2021-12-31}
--   sections:
--     - kpis: [prospects_count, leads_created_count]
with lead as (
  select "LEADID" as id, coalesce(lower(trim("Email")), "LEADID") as person, "Lead Source" as source,
         "Lead Owner" as owner, "Lead Status" as status, "CONVERTED" = 'Yes' as converted,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Leads.csv', all_varchar = true)
)
select count(distinct person) filter (status <> 'Junk Lead') as prospects_count,
       count(*) filter (status <> 'Junk Lead') as leads_created_count
from lead
where created >= '2018-01-01' and created < '2022-01-01'
