"""What people read about grades: everything here renders records and computes nothing."""
