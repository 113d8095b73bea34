select id, account_id, status, amount, created_at, closed_at from main.crm_deals
