-- Outbound calls that are linked to a deal, a lead or a contact.
--   period: 2021-Q1
--   sections:
--     - kpis: [sales_calls_count]
with call as (
  select "TASKID" as id, "Call Owner" as owner, "Call Type" as direction,
         cast("Call Start Time" as timestamp) as started,
         cast(nullif("POTENTIALID", '0') as integer) as deal, "LEADID" as lead, "CONTACTID" as contact
  from read_csv('zoho_crm_demo/Calls.csv', all_varchar = true)
)
select count(*) as sales_calls_count
from call
where direction = 'Outbound' and started >= '2021-01-01' and started < '2021-04-01'
  and (deal is not null or lead is not null or contact is not null)
