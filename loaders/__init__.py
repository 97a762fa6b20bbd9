"""The only writer of the warehouse: tables, COPY into staging, and one merge transaction a batch."""
