-- Deals open at the end of a day within the period.
--   period: 2020-Q4
--   as_of: 2020-11-15
--   sections:
--     - kpis: [open_opportunities_count, open_amount]
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
select count(*) as open_opportunities_count, sum(amount) as open_amount
from deal
where created < '2020-11-16' and not ((won or lost) and closing < '2020-11-16')
