-- Leads by month of creation; a month without any is a row too.
--   period: 2020
--   sections:
--     - trend: {metrics: [leads_created_count, prospects_count], grain: month}
with lead as (
  select "LEADID" as id, coalesce(lower(trim("Email")), "LEADID") as person, "Lead Source" as source,
         "Lead Owner" as owner, "Lead Status" as status, "CONVERTED" = 'Yes' as converted,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Leads.csv', all_varchar = true)
)
select cast(month as date) as period, count(id) as leads_created_count,
       count(distinct person) as prospects_count
from range(timestamp '2020-01-01', timestamp '2021-01-01', interval 1 month) as months(month)
left join lead on created >= month and created < month + interval 1 month and status <> 'Junk Lead'
group by month
