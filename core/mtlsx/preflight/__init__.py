"""What will go wrong with a connection, or with a file, told before anything is sent: files in, findings out."""
