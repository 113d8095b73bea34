-- Deals closed in a year by the channel of the lead that each came from: one relation away.
--   period: 2020
--   sections:
--     - breakdown: {metrics: [won_deals_count, close_rate, won_amount], by: [deal.lead.source]}
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
lead as (
  select "LEADID" as id, coalesce(lower(trim("Email")), "LEADID") as person, "Lead Source" as source,
         "Lead Owner" as owner, "Lead Status" as status, "CONVERTED" = 'Yes' as converted,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Leads.csv', all_varchar = true)
)
select lead.source as "deal.lead.source", count(*) filter (won) as won_deals_count,
       count(*) filter (won) / nullif(count(*) filter (won or lost), 0) as close_rate,
       coalesce(sum(amount) filter (won), 0) as won_amount
from deal
left join lead on lead.id = deal.lead
where closing >= '2020-01-01' and closing < '2021-01-01'
group by lead.source
