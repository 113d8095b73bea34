-- Leads that became deals, by channel.
--   period: {from: 2018-01-01, to: 2021-12-31}
--   sections:
--     - breakdown: {metrics: [leads_created_count, leads_converted_count, lead_conversion_rate], by: [lead.source]}
with lead as (
  select "LEADID" as id, coalesce(lower(trim("Email")), "LEADID") as person, "Lead Source" as source,
         "Lead Owner" as owner, "Lead Status" as status, "CONVERTED" = 'Yes' as converted,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Leads.csv', all_varchar = true)
)
select source as "lead.source", count(*) as leads_created_count,
       count(*) filter (converted) as leads_converted_count,
       count(*) filter (converted) / count(*) as lead_conversion_rate
from lead
where status <> 'Junk Lead' and created >= '2018-01-01' and created < '2022-01-01'
group by source
