"""The planner: who rides in which vehicle, when, within every limit; a plan is a proposal and writes nothing."""
