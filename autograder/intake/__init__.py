"""Intake: from a student's folder or archive to plain files and a digest."""
