"""What keeps a deployment running: alerts, backup and restore, verification of published files, ending work that somebody wants ended."""
