-- Calls on the deals closed in the quarter, made up to their closing. All outbound calls here came
-- after it, and a deal without calls counts: 0, not null.
--   period: 2021-Q1
--   sections:
--     - kpis: [sales_calls_per_opportunity]
with deal as (
  select cast("LEADID" as integer) + 22264 as id, "Potential Owner" as owner, "Stage" as stage,
         "Lead Source" as source, "Type" as type, "LEADID" as lead, "Campaign Id" as campaign,
         cast(regexp_replace("Amount", '[$,]', '', 'g') as decimal(18, 2)) as amount,
         cast("Probability" as double) / 100 as probability,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created,
         cast(strptime("Closing Date", '%d %b, %Y %H:%M:%S') as date) as closing,
         "Stage" = 'Closed Won' as won, "Stage" = 'Closed Lost' as lost
  from read_csv('zoho_crm_demo/Potentials.csv', all_varchar = true)
),
call as (
  select "TASKID" as id, "Call Owner" as owner, "Call Type" as direction,
         cast("Call Start Time" as timestamp) as started,
         cast(nullif("POTENTIALID", '0') as integer) as deal, "LEADID" as lead, "CONTACTID" as contact
  from read_csv('zoho_crm_demo/Calls.csv', all_varchar = true)
)
select (
  select count(*)
  from call
  join deal on deal.id = call.deal
  where direction = 'Outbound' and (won or lost) and closing >= '2021-01-01' and closing < '2021-04-01'
    and started < closing + interval 1 day
) / (
  select count(*) from deal where (won or lost) and closing >= '2021-01-01' and closing < '2021-04-01'
) as sales_calls_per_opportunity
