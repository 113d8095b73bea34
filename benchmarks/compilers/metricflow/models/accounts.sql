select id, segment from main.crm_accounts
