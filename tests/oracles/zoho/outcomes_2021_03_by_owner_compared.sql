-- Deals closed in a month by owner, and in the month before; an owner with deals in one of them is a row.
--   period: 2021-03
--   compare: previous_period
--   sections:
--     - breakdown: {metrics: [won_deals_count, close_rate, won_amount], by: [user.name]}
with deal as (
  select cast("LEADID" as integer) + 22264 as id, "Potential Owner" as owner, "Stage" as stage,
         "Lead Source" as source, "Type" as type, "LEADID" as lead, "Campaign Id" as campaign,
         cast(regexp_replace("Amount", '[$,]', '', 'g') as decimal(18, 2)) as amount,
         cast("Probability" as double) / 100 as probability,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created,
         cast(strptime("Closing Date", '%d %b, %Y %H:%M:%S') as date) as closing,
         "Stage" = 'Closed Won' as won, "Stage" = 'Closed Lost' as lost
  from read_csv('zoho_crm_demo/Potentials.csv', all_varchar = true)
)
select owner as "user.name",
       count(*) filter (won and closing >= '2021-03-01') as won_deals_count,
       count(*) filter (won and closing < '2021-03-01') as won_deals_count__previous,
       count(*) filter (won and closing >= '2021-03-01')
         / nullif(count(*) filter ((won or lost) and closing >= '2021-03-01'), 0) as close_rate,
       count(*) filter (won and closing < '2021-03-01')
         / nullif(count(*) filter ((won or lost) and closing < '2021-03-01'), 0) as close_rate__previous,
       coalesce(sum(amount) filter (won and closing >= '2021-03-01'), 0) as won_amount,
       coalesce(sum(amount) filter (won and closing < '2021-03-01'), 0) as won_amount__previous
from deal
where closing >= '2021-02-01' and closing < '2021-04-01'
group by owner
