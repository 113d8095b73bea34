-- Deals open at the end of a quarter and of the one before: created by then, and not closed by then,
-- whatever they are today.
--   period: 2020-Q4
--   compare: previous_period
--   sections:
--     - kpis: [open_opportunities_count, open_amount, deals_count, deals_amount]
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
select count(*) filter (created < '2021-01-01' and not ((won or lost) and closing < '2021-01-01')) as open_opportunities_count,
       count(*) filter (created < '2020-10-01' and not ((won or lost) and closing < '2020-10-01')) as open_opportunities_count__previous,
       sum(amount) filter (created < '2021-01-01' and not ((won or lost) and closing < '2021-01-01')) as open_amount,
       sum(amount) filter (created < '2020-10-01' and not ((won or lost) and closing < '2020-10-01')) as open_amount__previous,
       count(*) filter (created < '2021-01-01') as deals_count,
       count(*) filter (created < '2020-10-01') as deals_count__previous,
       sum(amount) filter (created < '2021-01-01') as deals_amount,
       sum(amount) filter (created < '2020-10-01') as deals_amount__previous
from deal
