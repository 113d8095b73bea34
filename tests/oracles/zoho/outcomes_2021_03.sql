-- Deals closed in a month and in the one before.
--   period: 2021-03
--   compare: previous_period
--   sections:
--     - kpis: [won_deals_count, lost_deals_count, closed_deals_count, close_rate, loss_rate, won_amount, lost_amount, avg_won_amount]
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
current as (
  select count(*) filter (won) as won_deals_count, count(*) filter (lost) as lost_deals_count,
         count(*) filter (won or lost) as closed_deals_count,
         count(*) filter (won) / nullif(count(*) filter (won or lost), 0) as close_rate,
         count(*) filter (lost) / nullif(count(*) filter (won or lost), 0) as loss_rate,
         coalesce(sum(amount) filter (won), 0) as won_amount,
         coalesce(sum(amount) filter (lost), 0) as lost_amount,
         avg(amount) filter (won) as avg_won_amount
  from deal
  where closing >= '2021-03-01' and closing < '2021-04-01'
),
previous as (
  select count(*) filter (won) as won_deals_count__previous, count(*) filter (lost) as lost_deals_count__previous,
         count(*) filter (won or lost) as closed_deals_count__previous,
         count(*) filter (won) / nullif(count(*) filter (won or lost), 0) as close_rate__previous,
         count(*) filter (lost) / nullif(count(*) filter (won or lost), 0) as loss_rate__previous,
         coalesce(sum(amount) filter (won), 0) as won_amount__previous,
         coalesce(sum(amount) filter (lost), 0) as lost_amount__previous,
         avg(amount) filter (won) as avg_won_amount__previous
  from deal
  where closing >= '2021-02-01' and closing < '2021-03-01'
)
select * from current, previous
