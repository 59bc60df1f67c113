"""What a running server holds to, asked over HTTP as anybody could."""
