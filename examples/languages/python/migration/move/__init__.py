"""The cutover that moves the system to another region."""
