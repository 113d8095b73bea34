-- Outbound calls by ISO week, weeks without any included.
--   period: {from: 2021-02-01, to: 2021-04-25}
--   sections:
--     - trend: {metrics: [sales_calls_count], grain: week}
with call as (
  select "TASKID" as id, "Call Owner" as owner, "Call Type" as direction,
         cast("Call Start Time" as timestamp) as started,
         cast(nullif("POTENTIALID", '0') as integer) as deal, "LEADID" as lead, "CONTACTID" as contact
  from read_csv('zoho_crm_demo/Calls.csv', all_varchar = true)
)
select cast(monday as date) as period, count(id) as sales_calls_count
from range(timestamp '2021-02-01', timestamp '2021-04-26', interval 7 day) as weeks(monday)
left join call on started >= monday and started < monday + interval 7 day and direction = 'Outbound'
  and (deal is not null or lead is not null or contact is not null)
group by monday
