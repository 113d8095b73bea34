-- Deals open at the end of a year by stage. The stage of those that were closed later is not known:
-- Zoho exports no stage history.
--   period: 2020
--   sections:
--     - breakdown: {metrics: [open_opportunities_count, open_amount], by: [stage.name]}
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
select case when not won and not lost then stage end as "stage.name",
       count(*) as open_opportunities_count, sum(amount) as open_amount
from deal
where created < '2021-01-01' and not ((won or lost) and closing < '2021-01-01')
group by all
