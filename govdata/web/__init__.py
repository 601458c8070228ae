"""`govdata ui`: Dagster's interface on this machine, behind a door that foreign pages do not pass."""
