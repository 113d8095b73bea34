-- Lead conversion by owner.
--   period: 2021-Q1
--   sections:
--     - breakdown: {metrics: [leads_created_count, leads_converted_count, lead_conversion_rate], by: [user.name]}
with lead as (
  select "LEADID" as id, coalesce(lower(trim("Email")), "LEADID") as person, "Lead Source" as source,
         "Lead Owner" as owner, "Lead Status" as status, "CONVERTED" = 'Yes' as converted,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Leads.csv', all_varchar = true)
)
select owner as "user.name", count(*) as leads_created_count,
       count(*) filter (converted) as leads_converted_count,
       count(*) filter (converted) / count(*) as lead_conversion_rate
from lead
where status <> 'Junk Lead' and created >= '2021-01-01' and created < '2021-04-01'
group by owner
