-- Metrics of four entities as one headline.
--   period: 2021-Q1
--   compare: previous_period
--   sections:
--     - kpis: [prospects_count, won_deals_count, sales_calls_count, quotes_presented_count]
with lead as (
  select "LEADID" as id, coalesce(lower(trim("Email")), "LEADID") as person, "Lead Source" as source,
         "Lead Owner" as owner, "Lead Status" as status, "CONVERTED" = 'Yes' as converted,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Leads.csv', all_varchar = true)
),
deal as (
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
),
quote as (
  select "QUOTEID" as id, "Quote Owner" as owner, "Quote Stage" as stage,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Quotes.csv', all_varchar = true)
)
select (select count(distinct person) from lead where status <> 'Junk Lead'
          and created >= '2021-01-01' and created < '2021-04-01') as prospects_count,
       (select count(distinct person) from lead where status <> 'Junk Lead'
          and created >= '2020-10-01' and created < '2021-01-01') as prospects_count__previous,
       (select count(*) from deal where won
          and closing >= '2021-01-01' and closing < '2021-04-01') as won_deals_count,
       (select count(*) from deal where won
          and closing >= '2020-10-01' and closing < '2021-01-01') as won_deals_count__previous,
       (select count(*) from call where direction = 'Outbound'
          and started >= '2021-01-01' and started < '2021-04-01'
          and (deal is not null or lead is not null or contact is not null)) as sales_calls_count,
       null as sales_calls_count__previous,  -- the first call is of April 2021: of before nothing is known
       (select count(*) from quote where stage <> 'Draft'
          and created >= '2021-01-01' and created < '2021-04-01') as quotes_presented_count,
       (select count(*) from quote where stage <> 'Draft'
          and created >= '2020-10-01' and created < '2021-01-01') as quotes_presented_count__previous
