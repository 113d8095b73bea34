-- Filters on a related person and on a channel, both of which must hold.
--   period: 2020
--   filters:
--     - {field: user.name, in: [Tina Thomas, David Love]}
--     - {field: deal.source, ne: Cold Call}
--   sections:
--     - breakdown: {metrics: [won_deals_count, lost_deals_count], by: [user.name]}
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
select owner as "user.name", count(*) filter (won) as won_deals_count, count(*) filter (lost) as lost_deals_count
from deal
where closing >= '2020-01-01' and closing < '2021-01-01'
  and owner in ('Tina Thomas', 'David Love') and source <> 'Cold Call'
group by owner
