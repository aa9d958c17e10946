"""What is owed to persons at sites, by rule packs: checklists and the clocks of deadlines."""
