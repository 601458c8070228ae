"""What keeps a deployment running: what became of each stage, alerts, backup and restore, verification of published
files, ending work that somebody wants ended."""
