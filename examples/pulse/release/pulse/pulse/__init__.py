"""From the recording of a pulse to the rhythm of a heart."""
