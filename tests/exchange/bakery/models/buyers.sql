select * from {{ ref('raw_buyers') }}
