-- Outbound calls by the person who made them. The source's calls begin on 14 February: with half a month nothing is compared.
--   period: 2021-03
--   compare: previous_period
--   sections:
--     - breakdown: {metrics: [sales_calls_count], by: [user.name]}
with call as (
  select "TASKID" as id, "Call Owner" as owner, "Call Type" as direction,
         cast("Call Start Time" as timestamp) as started,
         cast(nullif("POTENTIALID", '0') as integer) as deal, "LEADID" as lead, "CONTACTID" as contact
  from read_csv('zoho_crm_demo/Calls.csv', all_varchar = true)
)
select owner as "user.name",
       count(*) as sales_calls_count,
       null as sales_calls_count__previous
from call
where direction = 'Outbound' and started >= '2021-03-01' and started < '2021-04-01'
  and (deal is not null or lead is not null or contact is not null)
group by owner
