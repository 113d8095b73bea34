-- Deals closed in a year by the kind of campaign.
--   period: 2020
--   sections:
--     - breakdown: {metrics: [won_deals_count, lost_amount], by: [campaign.channel]}
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
campaign as (
  select "CAMPAIGNID" as id, "Type" as channel from read_csv('zoho_crm_demo/Campaigns.csv', all_varchar = true)
)
select channel as "campaign.channel", count(*) filter (won) as won_deals_count,
       coalesce(sum(amount) filter (lost), 0) as lost_amount
from deal
left join campaign on campaign.id = deal.campaign
where closing >= '2020-01-01' and closing < '2021-01-01' and (won or lost)
group by channel
