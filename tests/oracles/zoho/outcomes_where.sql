-- A condition in SQL over canonical fields.
--   period: 2021-Q1
--   where: deal.source in ('Partner', 'Trade Show') and deal.amount < 20000
--   sections:
--     - kpis: [won_deals_count, lost_deals_count, lost_amount]
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
select count(*) filter (won) as won_deals_count, count(*) filter (lost) as lost_deals_count,
       coalesce(sum(amount) filter (lost), 0) as lost_amount
from deal
where closing >= '2021-01-01' and closing < '2021-04-01'
  and source in ('Partner', 'Trade Show') and amount < 20000
