"""The command line and the report: parse, call one workflow, show."""
